import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CopyJobs, jobBuffer } from '../../../src/operations/copy-jobs';
import { CopyThreads } from '../../../src/operations/copy-threads';
import { SMALL_BYTES } from '../../../src/operations/copy-transfer';

let directory: string;
let to: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-copy-threads-'));
  to = openSync(join(directory, 'to'), 'w+');
});

afterEach(() => {
  closeSync(to);
  rmSync(directory, { recursive: true });
});

function source(name: string, bytes: string | Buffer): Buffer {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return Buffer.from(path);
}

/** Has a whole file copied to a page of its own. */
function addWhole(jobs: CopyJobs, path: Buffer, length: number, page = 0): boolean {
  return jobs.add({ source: -1, position: 0, to, offset: 4096 * page, length }, path);
}

/** What was written, without the zeros that fill pages up. */
const written = () => readFileSync(join(directory, 'to'), 'latin1').replaceAll('\0', '');

describe('jobs', () => {
  test('each is claimed once, in order, and none before the round begins', () => {
    const jobs = new CopyJobs();
    const other = new CopyJobs(jobs.memory);
    const path = source('a', 'x');
    for (let i = 0; i < 3; i++) addWhole(jobs, path, 1, i);
    expect(other.claim()).toBeUndefined();
    jobs.begin();
    expect([jobs.claim(), other.claim(), jobs.claim(), other.claim(), jobs.claim()]).toEqual([
      0,
      1,
      2,
      undefined,
      undefined,
    ]);
  });

  test('a round has room for 512, and the next begins anew', () => {
    const jobs = new CopyJobs();
    const path = source('a', 'x');
    let count = 0;
    while (addWhole(jobs, path, 1)) count++;
    expect(count).toBe(512);
    jobs.begin();
    jobs.stop();
    expect(jobs.allSettled).toBe(true);
    jobs.clear();
    expect(addWhole(jobs, path, 1)).toBe(true);
    expect(jobs.isSettled(0)).toBe(false);
  });

  test('paths that do not fit are for the next round', () => {
    const jobs = new CopyJobs();
    const path = Buffer.alloc(4000, 'a');
    let count = 0;
    while (addWhole(jobs, path, 1)) count++;
    expect(count).toBe(Math.floor((512 * 256) / 4000));
  });

  test('files and ranges go where they are told', () => {
    const jobs = new CopyJobs();
    const large = source('large', Buffer.concat([Buffer.alloc(10), Buffer.alloc(700_000, 'b')]));
    const from = openSync(large, 'r');
    addWhole(jobs, source('a', 'one'), 3, 1);
    jobs.add({ source: from, position: 10, to, offset: 2 * 4096 + 1, length: 700_000 });
    jobs.begin();
    const other = new CopyJobs(jobs.memory);
    for (let i = other.claim(); i !== undefined; i = other.claim()) other.run(i, jobBuffer());
    closeSync(from);
    expect([jobs.isDone(0), jobs.isDone(1), jobs.allSettled]).toEqual([true, true, true]);
    const all = readFileSync(join(directory, 'to'));
    const zeros = '\0'.repeat(4093);
    expect(all.toString('latin1', 4096, 8192)).toBe(`one${zeros}`);
    expect(all.toString('latin1', 2 * 4096 + 1)).toBe('b'.repeat(700_000));
  });

  test.each([
    ['grew', 'four', 3],
    ['shrank', 'two', 4],
    ['fills the buffer and grew', Buffer.alloc(SMALL_BYTES + 1), SMALL_BYTES],
  ])('a file that %s is left, and nothing written', (_how, bytes, length) => {
    const jobs = new CopyJobs();
    addWhole(jobs, source('a', bytes), length);
    jobs.begin();
    jobs.run(jobs.claim() as number, jobBuffer());
    expect([jobs.isSettled(0), jobs.isDone(0), written()]).toEqual([true, false, '']);
  });

  test('a file that is gone and a range that ends early are left', () => {
    const jobs = new CopyJobs();
    const from = openSync(source('a', 'abc'), 'r');
    addWhole(jobs, Buffer.from(join(directory, 'gone')), 3);
    jobs.add({ source: from, position: 1, to, offset: 0, length: 3 });
    jobs.begin();
    for (let i = jobs.claim(); i !== undefined; i = jobs.claim()) jobs.run(i, jobBuffer());
    closeSync(from);
    expect([jobs.allSettled, jobs.isDone(0), jobs.isDone(1)]).toEqual([true, false, false]);
  });
});

/** A thread that takes one job with it. */
const DIES = `
const { workerData, parentPort } = require('node:worker_threads');
const control = new Int32Array(workerData, 0, 16);
parentPort.on('message', () => { Atomics.add(control, 0, 1); process.exit(); });
`;

describe('threads', () => {
  async function copyFiles(threads: CopyThreads, between: () => Promise<void> | undefined) {
    const path = source('a', 'x');
    for (let i = 0; i < 40; i++) addWhole(threads.jobs, path, 1, i);
    await threads.run(() => false, between);
    return Array.from({ length: 40 }, (_, i) => threads.jobs.isDone(i));
  }

  test('one does all', async () => {
    expect(await copyFiles(new CopyThreads(), () => undefined)).not.toContain(false);
    expect(written()).toBe('x'.repeat(40));
  });

  test('without the script of the others this one does all', async () => {
    const threads = new CopyThreads(join(directory, 'no-such.cjs'));
    threads.start(2);
    expect(await copyFiles(threads, () => undefined)).not.toContain(false);
  });

  test('what one took that died is left, and the others are done', async () => {
    const script = join(directory, 'dies.cjs');
    writeFileSync(script, DIES);
    const threads = new CopyThreads(script);
    threads.start(2);
    expect(threads.others).toBe(1);
    const slowly = () => new Promise<void>((resolve) => void setTimeout(resolve, 20));
    const done = await copyFiles(threads, slowly);
    expect(done.filter((each) => !each)).toHaveLength(1);
    expect(threads.jobs.allSettled).toBe(true);
    expect(threads.others).toBe(0);
  });

  test('what is thrown between jobs ends the round, with all settled', async () => {
    const threads = new CopyThreads();
    await expect(
      copyFiles(threads, () => {
        throw new Error('no owner');
      }),
    ).rejects.toThrow('no owner');
    expect(threads.jobs.allSettled).toBe(true);
    expect(threads.jobs.isDone(0)).toBe(true);
    expect(threads.jobs.isDone(1)).toBe(false);
  });
});
