/**
 * Measures what a mount costs as the number of files grows: the time until it answers, the memory of all its processes
 * (PSS), and a stat of a file that the kernel does not know yet.
 *
 *   npx esbuild bench/scale.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/scale.cjs
 *   NODE_PATH=node_modules node /tmp/scale.cjs [ENTRIES...]
 */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FILES_A_DIRECTORY, makeDevice } from './full-log';

const COUNTS = [1_000, 100_000, 493_447];
const MOST_STATS = 100_000;
const famfs = resolve('bin/famfs');

function cli(...args: string[]): string {
  return execFileSync(process.execPath, [famfs, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Proportional set size of all processes whose title names the mount, in MiB. */
function memory(mount: string): number {
  const pids = execFileSync('pgrep', ['-f', `^famfs (worker )?${mount}`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  const kib = pids.map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return Math.round(kib.reduce((sum, next) => sum + next, 0) / 1024);
}

/** Microseconds for each first stat of `count` files. */
function statFiles(mount: string, count: number): number {
  const started = performance.now();
  let files = 0;
  for (let i = 0; i < count; i++) {
    if (i % FILES_A_DIRECTORY === 0) continue;
    lstatSync(`${mount}/directory-${Math.floor(i / FILES_A_DIRECTORY)}/file-number-${i}.parquet`);
    files++;
  }
  return ((performance.now() - started) * 1000) / files;
}

function measure(directory: string, count: number): object {
  const device = join(directory, `${count}.img`);
  const mount = join(directory, `mnt-${count}`);
  mkdirSync(mount);
  makeDevice(device, count, 'directories');
  const started = performance.now();
  cli('mount', '--no-sync', '--log-file', join(directory, 'log'), device, mount);
  const mountMs = Math.round(performance.now() - started);
  try {
    const statMicroseconds = Number(statFiles(mount, Math.min(count, MOST_STATS)).toFixed(1));
    return { entries: count, mountMs, statMicroseconds, pssMib: memory(mount) };
  } finally {
    cli('umount', mount);
    rmSync(device);
  }
}

const counts = process.argv.slice(2).map(Number);
const directory = mkdtempSync('/dev/shm/famfs-scale-');
try {
  for (const count of counts.length > 0 ? counts : COUNTS)
    console.log(JSON.stringify(measure(directory, count)));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
