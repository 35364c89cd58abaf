import { renameSync } from 'node:fs';
import type { FlushResult } from '../../src/operations/flush';
import { CLIENT, commandOk, famfs, famfsOk } from '../support/run';
import { fileOnDevice, readRange } from '../support/run-device';
import { filledDevices } from '../support/run-devices';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;
let file: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice());
  file = `${mount}/file`;
  await famfsOk(['creat', '--no-sync', '-s', '3m', file]);
  await famfsOk(['creat', '--no-sync', '-s', '8m', '-N', '2', '-B', '2', `${mount}/striped`]);
  await famfsOk(['mkdir', '--no-sync', `${mount}/directory`]);
});

test('files, plain and striped', async () => {
  const run = await famfs(['flush', file, `${mount}/striped`]);
  expectQuiet(run);
  expect(run.stdout).toBe(`${file}: 3.0 MiB, flushed\n${mount}/striped: 8.0 MiB, flushed\n`);
});

test('what a program stored through a mapping is on the device afterwards', async () => {
  const script = `import mmap, os, subprocess, sys
path, famfs = sys.argv[1], sys.argv[2:]
with open(path, 'r+b') as f, mmap.mmap(f.fileno(), 0) as m:
    m[4096:4101] = b'hello'
    subprocess.run(famfs + ['flush', path], check=True, stdout=subprocess.DEVNULL)
    os._exit(0)
`;
  await commandOk('python3', ['-c', script, file, process.execPath, `${__dirname}/../../bin/famfs`]);
  const { map } = fileOnDevice(device, 'file');
  if (map.kind !== 'simple') throw new Error('not in one piece');
  expect(readRange(device, (map.extents[0]?.offset ?? 0) + 4096, 5).toString()).toBe('hello');
});

test('files on further devices, and without one that is gone the others', async () => {
  const paths = await filledDevices(scratch);
  const names = ['f0', 'f1', 'f2', 'striped'];
  const at = await scratch.mounted(paths[0]);
  expectQuiet(await famfsOk(['flush', ...names.map((name) => `${at}/${name}`)]));
  await famfsOk(['umount', at]);
  renameSync(paths[1], `${paths[1]}.gone`);
  await scratch.mounted(paths[0], ['--degraded'], { at });
  const run = await famfs(['flush', '--json', ...names.map((name) => `${at}/${name}`)]);
  expect(run.status).toBe(3);
  const { failures, files } = run.json<FlushResult>();
  expect(files.map(({ path }) => path)).toEqual([`${at}/f0`, `${at}/f2`]);
  expect(failures.map(({ code, path }) => [code, path])).toEqual([
    ['device-missing', `${at}/f1`],
    ['device-missing', `${at}/striped`],
  ]);
});

test('bad paths are told, and the rest is flushed', async () => {
  const [missing, elsewhere] = [`${mount}/missing`, scratch.path('elsewhere')];
  const paths = [missing, file, `${mount}/directory`, elsewhere, `${mount}/.meta/.log`];
  const run = await famfs(['flush', '--json', ...paths]);
  expect(run.status).toBe(3);
  const { failures, files } = run.json<FlushResult>();
  expect(files).toEqual([{ path: file, size: 3 * 2 ** 20 }]);
  expect(failures.map(({ path }) => path).sort()).toEqual(paths.filter((path) => path !== file).sort());
  expect(run.stderr.match(/^famfs: /gm)).toHaveLength(4);
});

test('status 1 when nothing was flushed', async () => {
  const missing = `${mount}/missing`;
  await expectFailure(['flush', missing], { status: 1, code: 'source', says: [missing, 'ENOENT'] });
  await expectFailure(['flush', mount], { status: 1, code: 'source', says: [mount, 'regular'] });
  await expectFailure(['flush', '/etc/passwd'], { status: 1, code: 'not-mounted', says: ['/etc/passwd'] });
  expect((await famfs(['flush', missing, `${mount}/directory`])).status).toBe(1);
});

test('no file', async () => {
  await expectFailure(['flush'], { status: 2, code: 'usage', says: ['FILE'] });
});

test('a client may', async () => {
  expectQuiet(await famfs(['flush', file], { host: CLIENT }));
});
