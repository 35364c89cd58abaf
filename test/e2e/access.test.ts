import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { CLIENT, famfsOk } from '../support/run';
import { fileOnDevice } from '../support/run-device';
import { expectClean } from '../support/run-expect';
import { modeOf } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let owner: string;
let client: string;

beforeAll(async () => {
  ({ device, mount: owner } = await scratch.mountedDevice());
  client = await scratch.mounted(device, [], { host: CLIENT });
  for (const flags of [[], ['--read-only-everywhere'], ['--writable-everywhere']]) {
    const name = flags[0]?.slice(2) ?? 'default';
    await famfsOk(['creat', '--no-sync', '-s', '4k', '-m', '666', ...flags, `${owner}/${name}`]);
  }
});

/** The errno of opening and writing, or nothing when it works. */
function write(path: string): string | undefined {
  try {
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.from('written'));
    closeSync(fd);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

test.each([
  ['default', 2, { owner: undefined, client: 'EROFS' }],
  ['read-only-everywhere', 1, { owner: 'EROFS', client: 'EROFS' }],
  ['writable-everywhere', 3, { owner: undefined, client: undefined }],
])('%s', (name, flags, outcome) => {
  expect(fileOnDevice(device, name).flags).toBe(flags);
  const mode = (refused: string | undefined) => (refused ? 0o444 : 0o666);
  expect(modeOf(`${owner}/${name}`)).toBe(mode(outcome.owner));
  expect(modeOf(`${client}/${name}`)).toBe(mode(outcome.client));
  expect({ owner: write(`${owner}/${name}`), client: write(`${client}/${name}`) }).toEqual(outcome);
});

test('what a client writes is what the owner reads', () => {
  expect(write(`${client}/writable-everywhere`)).toBeUndefined();
  expect(readFileSync(`${owner}/writable-everywhere`).toString('utf8', 0, 7)).toBe('written');
});

test('a client that is mounted read-only writes nothing', async () => {
  const readOnly = await scratch.mounted(device, ['-o', 'ro'], { host: CLIENT });
  expect(write(`${readOnly}/writable-everywhere`)).toBe('EROFS');
});

test('fsck finds nothing odd about it', async () => {
  await expectClean(owner);
});
