import { symlinkSync } from 'node:fs';
import type { MappedPath } from '../../src/operations/getmap';
import { famfs, famfsOk } from '../support/run';
import { fileOnDevice } from '../support/run-device';
import { expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('16g'));
  await famfsOk(['creat', '--no-sync', '-s', '5m', `${mount}/plain`]);
  await famfsOk(['creat', '--no-sync', '-s', '9m', '-N', '3', '-B', '4', '-C', '2m', `${mount}/striped`]);
  await famfsOk(['mkdir', '--no-sync', `${mount}/directory`]);
  put(scratch.path('ordinary'), 'x');
});

test('tells the maps that are in the log', async () => {
  const run = await famfsOk(['getmap', '--json', `${mount}/plain`, `${mount}/striped`]);
  const { files } = run.json<{ files: MappedPath[] }>();
  expect(files).toEqual(
    ['plain', 'striped'].map((name) => {
      const { map, size } = fileOnDevice(device, name);
      return { path: `${mount}/${name}`, state: 'mapped', size, map };
    }),
  );
});

test('a symbolic link to a file in the mount is followed, by other verbs too', async () => {
  const link = scratch.path('link');
  symlinkSync(`${mount}/plain`, link);
  const [mapped] = (await famfsOk(['getmap', '--json', link])).json<{ files: MappedPath[] }>().files;
  expect(mapped).toMatchObject({ path: link, state: 'mapped', size: 5 * 2 ** 20 });
  const sums = await Promise.all([link, `${mount}/plain`].map((path) => famfsOk(['digest', path])));
  expect(new Set(sums.map(({ stdout }) => stdout.slice(0, 64))).size).toBe(1);
  await famfsOk(['flush', link]);
});

test('as text', async () => {
  const run = await famfsOk(['getmap', `${mount}/plain`]);
  expectQuiet(run);
  expect(run.stdout).toMatch(/plain: 5242880 bytes\n {2}extent 0: device 0, offset \d+, length 6291456\n$/);
});

test('.meta/.log has a map too', async () => {
  expect((await famfsOk(['getmap', `${mount}/.meta/.log`])).stdout).toMatch(
    / offset 2097152, length 8388608\n$/,
  );
});

test.each([
  [1, ['ordinary']],
  [1, ['missing']],
  [2, ['mnt/directory']],
  [2, ['mnt/missing']],
  [2, ['ordinary', 'mnt/directory', 'mnt/plain']],
  [1, ['mnt/plain', 'ordinary']],
  [0, ['mnt/plain']],
])('ends with %d for %j, and silently with -q', async (status, names) => {
  const paths = names.map((name) =>
    name.startsWith('mnt/') ? `${mount}/${name.slice(4)}` : scratch.path(name),
  );
  const run = await famfs(['getmap', ...paths]);
  expect(run.status).toBe(status);
  expect(run.stderr === '').toBe(status === 0);
  expect(await famfs(['getmap', '-q', ...paths])).toMatchObject({ status, stdout: '', stderr: '' });
});
