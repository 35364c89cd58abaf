import { openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from '../../src/log/layout';
import type { CopyResult } from '../../src/operations/copy-options';
import { command, famfs, OWNER } from '../support/run';
import { expectClean } from '../support/run-expect';
import { expectSameTree, noise, put } from '../support/run-files';
import { copyOfProgram } from '../support/run-program';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
/** Enough for threads. */
const FILES = 600;
const SMALL_BYTES = 131_072;
let mount: string;
let source: string;

beforeAll(async () => {
  ({ mount } = await scratch.mountedDevice('8g'));
  source = scratch.directory('source');
  for (let i = 0; i < FILES; i++) {
    const size = i % 7 === 0 ? SMALL_BYTES - 3 + (i % 6) : (i * 997) % 20_000;
    put(`${source}/d${i % 5}/f${i}`, noise(size, i));
  }
  put(`${source}/large`, noise(41 * MIB + 13, 1));
  makeSparse(`${source}/sparse-small`, 100_000);
  makeSparse(`${source}/sparse`, 40 * MIB);
});

/** A file with a hole in front and behind. */
function makeSparse(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.from('data'), 0, 4, Math.floor(bytes / 2));
  truncateSync(path, bytes);
}

test.each(['1', '2', '3'])('%s threads copy files of all kinds', async (threads) => {
  const to = `${mount}/by-${threads}`;
  const run = await famfs(['cp', '-rT', '--json', '--no-sync', '--threads', threads, source, to]);
  expect(run.status).toBe(0);
  expect(run.json<CopyResult>()).toMatchObject({ files: FILES + 3, failures: [] });
  expectSameTree(source, to);
  await expectClean(mount);
});

test('a thread that cannot start leaves all to the other one', async () => {
  const program = copyOfProgram();
  rmSync(join(program, 'dist/copy-thread.cjs'));
  const to = `${mount}/alone`;
  const args = [join(program, 'bin/famfs'), 'cp', '-rT', '--no-sync', '--threads', '2', source, to];
  const run = await command(process.execPath, args, { host: OWNER });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expectSameTree(source, to);
});
