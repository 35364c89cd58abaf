import { renameSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { Usage } from '../../src/operations/usage';
import { GIB } from '../support/images';
import { famfs, famfsOk } from '../support/run';
import { FILLED, filledDevices } from '../support/run-devices';
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
    devices: [
      {
        index: 0,
        uuid: expect.any(String),
        path: device,
        size: 4 * GIB,
        used: space.usedUnits * space.unitBytes,
        free: space.freeUnits * space.unitBytes,
        largestFree: space.largestFreeUnits * space.unitBytes,
      },
    ],
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

describe('of several devices', () => {
  let paths: [string, string, string];
  const dfOf = async (args: string[], options = {}) => {
    const [usage] = (await famfsOk(['df', '--json', ...args, paths[0]], options)).json<DfResult>()
      .filesystems;
    if (!usage) throw new Error('df told nothing');
    return usage;
  };
  const sum = (usage: Usage, key: 'size' | 'used' | 'free') =>
    usage.devices.reduce((total, device) => total + (device[key] ?? Number.NaN), 0);

  beforeEach(async () => {
    paths = await filledDevices(scratch);
  });

  test('what each has adds up, and is what fsck tells', async () => {
    const usage = await dfOf([]);
    expect(usage.devices.map(({ index, path }) => [index, path])).toEqual([...paths.entries()]);
    expect([sum(usage, 'size'), sum(usage, 'used'), sum(usage, 'free')]).toEqual([
      12 * GIB,
      usage.used,
      usage.free,
    ]);
    const meta = [10, 2, 2];
    const files = [FILLED.f0, FILLED.f1, FILLED.f2].map((mib) => mib + FILLED.striped / 3);
    expect(usage.devices.map(({ used }) => used)).toEqual(
      files.map((mib, i) => (mib + (meta[i] ?? 0)) * MIB),
    );
    const space = (await fsck(paths[0], 0)).contents?.space;
    const fsckFree = space?.devices.map((one) => (one?.freeUnits ?? 0) * space.unitBytes);
    expect(usage.devices.map(({ free }) => free)).toEqual(fsckFree);
    expect(usage.largestFree).toBe(Math.max(...usage.devices.map(({ largestFree = 0 }) => largestFree)));
  });

  test('the table has a line for each below the sum', async () => {
    const run = await famfsOk(['df', '-h', ...paths.slice(0, 1)]);
    expectQuiet(run);
    const [, total, ...devices] = run.stdout.trimEnd().split('\n');
    expect(total).toMatch(/ 12\.0 GiB +98\.0 MiB +11\.9 GiB +1% +6 +15414 +-$/);
    expect(devices.map((line) => line.split(/ {2,}/).slice(1, 4))).toEqual([
      [`0 ${paths[0]}`, '4.0 GiB', '48.0 MiB'],
      [`1 ${paths[1]}`, '4.0 GiB', '30.0 MiB'],
      [`2 ${paths[2]}`, '4.0 GiB', '20.0 MiB'],
    ]);
  });

  test('one that is missing is named, and not counted', async () => {
    const whole = await dfOf([]);
    renameSync(paths[1], `${paths[1]}.moved`);
    const usage = await dfOf([]);
    const [first, missing, third] = usage.devices;
    expect(missing).toEqual({
      index: 1,
      uuid: whole.devices[1]?.uuid,
      size: 4 * GIB,
      trouble: 'missing',
      detail: expect.stringContaining('is not found on this host'),
    });
    expect(usage.size).toBe(8 * GIB);
    expect(usage.used).toBe((first?.used ?? 0) + (third?.used ?? 0));
    const run = await famfsOk(['df', paths[0]]);
    expect(run.stdout).toMatch(/^ {2}1 missing +4294967296 +- +- +-$/m);
    expect(run.stderr).toMatch(/^famfs: .*: device 1 .* is not found on this host; it is not counted\n$/);
    expect((await dfOf(['--device', `${paths[1]}.moved`])).used).toBe(whole.used);
  });

  test('FAMFS_DEVICES is where one is looked for, too', async () => {
    renameSync(paths[2], `${paths[2]}.moved`);
    const usage = await dfOf([], { env: { FAMFS_DEVICES: `${paths[1]}:${paths[2]}.moved` } });
    expect(usage.devices[2]).toMatchObject({ index: 2, path: `${paths[2]}.moved` });
    expect(usage.size).toBe(12 * GIB);
  });
});
