import { closeSync, openSync, writeSync } from 'node:fs';
import type { VerifyResult } from '../../src/operations/verify';
import { famfs, famfsOk } from '../support/run';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const SIZE = 3 * 2 ** 20 + 5;
const scratch = scratchAll();
let mount: string;
let filled: string;

beforeAll(async () => {
  ({ mount } = await scratch.mountedDevice());
  filled = `${mount}/filled`;
  await famfsOk(['creat', '--no-sync', '-r', '-S', '42', '-s', String(SIZE), filled]);
});

/** A new file with the contents of seed 42 but for the byte at `position`. */
async function spoilt(position: number): Promise<string> {
  const path = `${mount}/${scratch.unique('spoilt')}`;
  await famfsOk(['creat', '--no-sync', '-r', '-S', '42', '-s', String(SIZE), path]);
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.from([0x55]), 0, 1, position);
  writeSync(fd, Buffer.from([0xaa]), 0, 1, SIZE - 1);
  closeSync(fd);
  return path;
}

test('a file with the contents of its seed', async () => {
  const run = await famfs(['verify', '-S', '42', '-f', filled]);
  expectQuiet(run);
  expect(run.stdout).toBe(`${filled}: 3.0 MiB, as seed 42 makes them\n`);
  expectQuiet(await famfs(['verify', '-S', '0x2a', '-f', filled, '-t', '4']));
  expect((await famfs(['verify', '-q', '-S', '42', '-f', filled])).stdout).toBe('');
});

test('a file outside of any mount', async () => {
  const path = put(scratch.path('plain'), Buffer.from('985f52e27afb0c3df88c', 'hex'));
  expectQuiet(await famfs(['verify', '-S', '42', '-f', path]));
});

test.each([1, 2 ** 20 - 1, 2 ** 20, SIZE - 2])('a difference at byte %d', async (position) => {
  const path = await spoilt(position);
  const run = await famfs(['verify', '--json', '-S', '42', '-f', path]);
  expect(run.status).toBe(1);
  expect(run.stderr).toBe(`famfs: ${path}: differs from what seed 42 makes at offset ${position}\n`);
  expect(run.json<VerifyResult>().files).toEqual([{ path, seed: 42, bytes: position, differsAt: position }]);
});

test('several files: all are looked at, and one that is wrong or cannot be read fails the verb', async () => {
  expectQuiet(await famfs(['verify', '--multi', `${filled},42`, '-m', `${filled},42`]));
  const missing = `${mount}/missing`;
  const run = await famfs([
    'verify',
    '--json',
    '-m',
    `${missing},1`,
    '-m',
    `${filled},43`,
    '-m',
    `${filled},42`,
  ]);
  expect(run.status).toBe(1);
  const { failures, files } = run.json<VerifyResult>();
  expect(failures).toMatchObject([{ path: missing, code: 'source' }]);
  expect(files.map(({ differsAt }) => differsAt)).toEqual([0, undefined]);
});

test('a file that does not exist, and a directory', async () => {
  const missing = `${mount}/missing`;
  await expectFailure(['verify', '-S', '1', '-f', missing], {
    status: 1,
    code: 'source',
    says: [missing, 'ENOENT'],
  });
  await expectFailure(['verify', '-S', '1', '-f', mount], {
    status: 1,
    code: 'source',
    says: [mount, 'EISDIR'],
  });
});

test.each([
  [[], '--seed'],
  [['-S', '1'], '--file'],
  [['-f', 'x'], '--seed'],
  [['-S', '0', '-f', 'x'], 'seed 0'],
  [['-S', '4294967296', '-f', 'x'], '32 bits'],
  [['-m', 'x'], 'too few fields'],
  [['-m', 'x,0'], 'seed 0'],
  [['-m', 'x,1', '-S', '1', '-f', 'x'], '--multi'],
  [['-S', '1', '-f', 'x', '-t', '-1'], '-1'],
  [['-S', '1', '-f', 'x', '-t', '257'], '257'],
])('%j is refused', async (args, says) => {
  await expectFailure(['verify', ...args], { status: 2, code: 'usage', says: [says] });
});
