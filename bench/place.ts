import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Where the benchmarks work, and how they call what they measure. */

export const ROOT = process.env.FAMFS_BENCH_ROOT ?? process.cwd();
export const SCRATCH = '/dev/shm';
const famfs = join(ROOT, 'bin', 'famfs');

/** Runs a program to its end without output. Throws if it fails. */
export function run(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.toString()}`);
}

/** What a program prints. */
export function output(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Runs famfs by this Node.js, as `node -e 0` is run. */
export function cli(...args: readonly string[]): void {
  run(process.execPath, famfs, ...args);
}

/** Runs a work of this bundle in a process of its own, and returns what it prints: see `children` in main.ts. */
export function child(name: string, ...args: readonly string[]): unknown {
  return JSON.parse(
    output(process.execPath, '--expose-gc', process.env.FAMFS_BENCH_BUNDLE ?? '', '--child', name, ...args),
  );
}

/** Has `work` use a directory in memory, which goes with all that is in it. */
export async function inScratch<T>(work: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(SCRATCH, 'famfs-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Has `work` use the mount of a device. */
export async function mounted<T>(
  device: string,
  directory: string,
  work: (mount: string) => T | Promise<T>,
): Promise<T> {
  mkdirSync(directory, { recursive: true });
  cli('mount', '--no-sync', '--log-file', `${directory}.server`, device, directory);
  try {
    return await work(directory);
  } finally {
    cli('umount', directory);
  }
}

/** The processes that serve a mount of famfs. */
export function servers(mount: string): readonly string[] {
  const titles = [`famfs ${mount}`, `famfs worker ${mount}`];
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').join(' ').trim();
      return titles.some((start) => title === start || title.startsWith(`${start} `));
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** Memory of processes in MiB: shared pages by the share of each (`Pss`), or as often as they are mapped (`Rss`). */
export function memory(pids: readonly string[], kind: 'Pss' | 'Rss'): number {
  const of = (pid: string) =>
    Number(
      new RegExp(`^${kind}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1],
    );
  return pids.reduce((sum, pid) => sum + of(pid), 0) / 1024;
}
