import type { Usage } from '../../src/operations/usage';
import { GIB } from '../support/images';
import { famfs, famfsOk } from '../support/run';
import { expectFailure, expectQuiet, fsck } from '../support/run-expect';
import { scratchAll } from '../support/run-scratch';

interface DfResult {
  readonly filesystems: Usage[];
  readonly failures: { target: string; message: string }[];
}

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  await famfsOk(['creat', '--no-sync', '-s', '10m', `${mount}/file`]);
});

test('tells the same as fsck, of a mount and of its device', async () => {
  const { contents } = await fsck(mount, 0);
  if (!contents) throw new Error('fsck told no contents');
  const { filesystems } = (await famfsOk(['df', '--json', mount, device])).json<DfResult>();
  const { space } = contents;
  const expected = {
    device,
    size: 4 * GIB,
    used: space.usedUnits * space.unitBytes,
    free: space.freeUnits * space.unitBytes,
    largestFree: space.largestFreeUnits * space.unitBytes,
    entries: 1,
    freeEntries: contents.capacity - 1,
    mountedOn: mount,
    notShown: 0,
  };
  expect(filesystems).toEqual([expected, expected]);
});

test('the table has exact bytes, with -h sizes for people', async () => {
  const plain = await famfsOk(['df', mount]);
  expectQuiet(plain);
  expect(plain.stdout).toMatch(/^device +size +used +free +use% +entries +left +mounted on\n/);
  expect(plain.stdout).toMatch(/ 4294967296 +20971520 +4273995776 +1% +1 +15419 +/);
  expect((await famfsOk(['df', '-h', mount])).stdout).toMatch(/ 4\.0 GiB +20\.0 MiB +4\.0 GiB +1% /);
});

test('without arguments tells of all mounts', async () => {
  const { filesystems } = (await famfs(['df', '--json'])).json<DfResult>();
  expect(filesystems.map(({ mountedOn }) => mountedOn)).toContain(mount);
});

test('one of several that cannot be read is named, and the others told', async () => {
  const missing = scratch.path('missing');
  const run = await famfs(['df', '--json', missing, mount]);
  expect(run.status).toBe(3);
  expect(run.stderr).toContain(missing);
  const { failures, filesystems } = run.json<DfResult>();
  expect(failures).toMatchObject([{ target: missing }]);
  expect(filesystems).toMatchObject([{ mountedOn: mount }]);
  await expectFailure(['df', missing], { status: 1, code: 'no-device', says: [missing] });
});
