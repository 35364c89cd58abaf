/**
 * Measures what verbs cost on a sparse device of 1 TiB, or of as many TiB as given, beside one of 4 GiB: the time of each
 * as a process, and its peak resident set. Three rounds, of which the fastest counts.
 *
 *   npx esbuild bench/scale-device.ts --bundle --platform=node --outfile=/tmp/scale-device.cjs
 *   node /tmp/scale-device.cjs [TIB]
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';

const ROUNDS = 3;
const FILES = 200;
const FILE_BYTES = 50_000;
const READS = 2000;
const PAGE = 4096;
const GIB = 2 ** 30;
const famfs = resolve('bin/famfs');

interface Cost {
  readonly ms: number;
  readonly peakMib: number;
}

/** Runs a verb under time(1). */
function verb(...args: string[]): Cost {
  const words = ['/usr/bin/time', '-f', '%M', process.execPath, famfs, ...args].map((word) => `'${word}'`);
  const started = performance.now();
  const said = execFileSync('sh', ['-c', `${words.join(' ')} 2>&1 >&-`], { encoding: 'utf8' });
  const ms = performance.now() - started;
  return { ms, peakMib: Number(said.trim().split('\n').at(-1)) / 1024 };
}

/** Milliseconds for random reads of a page in the last GiB of a file through a mount. */
function randomReads(path: string): Cost {
  const end = statSync(path).size;
  const page = Buffer.alloc(PAGE);
  const fd = openSync(path, 'r');
  const started = performance.now();
  for (let i = 0; i < READS; i++) {
    const at = end - GIB + Math.floor(Math.random() * (GIB / PAGE)) * PAGE;
    if (readSync(fd, page, 0, PAGE, at) !== PAGE) throw new Error(`a short read at ${at}`);
  }
  const ms = performance.now() - started;
  closeSync(fd);
  return { ms, peakMib: process.memoryUsage.rss() / 2 ** 20 };
}

function round(directory: string, bytes: number): Map<string, Cost> {
  const device = join(directory, 'device.img');
  const mount = join(directory, 'mnt');
  const half = join(mount, 'half');
  const costs = new Map<string, Cost>();
  const note = (name: string, cost: Cost) => costs.set(name, cost);
  note('mkfs', verb('mkfs', '--create', `${bytes}`, device));
  note('mount', verb('mount', '--log-file', join(directory, 'log'), device, mount));
  try {
    note('creat of half the device', verb('creat', '--size', `${bytes / 2}`, half));
    note(`cp of ${FILES} files`, verb('cp', '--recursive', join(directory, 'source'), mount));
    for (const name of ['fsck', 'map', 'df', 'info']) note(name, verb(name, mount));
    note(`${READS} random reads`, randomReads(half));
  } finally {
    note('umount', verb('umount', mount));
    rmSync(device);
  }
  return costs;
}

function measure(directory: string, bytes: number): void {
  const rounds = Array.from({ length: ROUNDS }, () => round(directory, bytes));
  for (const name of rounds[0]?.keys() ?? []) {
    const costs = rounds.map((costsOf) => costsOf.get(name) as Cost);
    const ms = Math.round(Math.min(...costs.map((cost) => cost.ms)));
    const peakMib = Math.round(Math.min(...costs.map((cost) => cost.peakMib)));
    console.log(JSON.stringify({ deviceGib: bytes / GIB, what: name, ms, peakMib }));
  }
}

const tib = Number(process.argv[2] ?? 1);
const directory = mkdtempSync('/dev/shm/famfs-scale-');
try {
  for (const name of ['source', 'mnt']) mkdirSync(join(directory, name));
  for (let i = 0; i < FILES; i++)
    writeFileSync(join(directory, 'source', `${i}`), Buffer.alloc(FILE_BYTES, i));
  for (const bytes of [4 * GIB, tib * 1024 * GIB]) measure(directory, bytes);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
