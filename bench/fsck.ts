/**
 * Measures `famfs fsck` of full logs, as a process, beside as many calls of zlib.crc32 on the 536 bytes of an entry that
 * its checksum covers. Prints medians of the rounds, the peak resident set, and the ratio.
 *
 *   npx esbuild bench/fsck.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/fsck.cjs
 *   NODE_PATH=node_modules node /tmp/fsck.cjs [ENTRIES...]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { makeDevice } from './full-log';

const FULL_LOGS = [15_420, 493_447];
const ROUNDS = 5;
const ENTRY_BYTES = 544;
const SUMMED_BYTES = 536;

function milliseconds(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function sums(entries: Buffer): number {
  let all = 0;
  for (let at = 0; at < entries.length; at += ENTRY_BYTES)
    all ^= crc32(entries.subarray(at, at + SUMMED_BYTES));
  return all;
}

/** Peak resident set of one run, in MiB. */
function peakMemory(path: string): number {
  const time = ['/usr/bin/time', '-f', '%M', process.execPath, resolve('bin/famfs'), 'fsck', '-q', path];
  const said = execFileSync('sh', ['-c', `${time.map((word) => `'${word}'`).join(' ')} 2>&1 >&-`], {
    encoding: 'utf8',
  });
  return Math.round(Number(said.trim().split('\n').at(-1)) / 1024);
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

function measure(path: string, count: number): object {
  const entries = Buffer.alloc(count * ENTRY_BYTES, 7);
  const fsck: number[] = [];
  const crc: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    crc.push(milliseconds(() => sums(entries)));
    fsck.push(
      milliseconds(() =>
        execFileSync(process.execPath, [resolve('bin/famfs'), 'fsck', path], { stdio: 'ignore' }),
      ),
    );
  }
  const [fsckMs, crcMs] = [median(fsck), median(crc)];
  return {
    entries: count,
    fsckMs: Math.round(fsckMs),
    crcMs: Math.round(crcMs),
    ratio: Number((fsckMs / crcMs).toFixed(2)),
    peakMib: peakMemory(path),
  };
}

const directory = mkdtempSync('/dev/shm/famfs-bench-');
try {
  const counts = process.argv.slice(2).map(Number);
  for (const count of counts.length > 0 ? counts : FULL_LOGS) {
    const path = join(directory, 'device');
    makeDevice(path, count, 'directories');
    console.log(JSON.stringify(measure(path, count)));
  }
} finally {
  rmSync(directory, { recursive: true });
}
