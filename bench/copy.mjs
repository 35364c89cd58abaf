#!/usr/bin/env node
// `famfs cp` beside coreutils' cp, from tmpfs to tmpfs, in turns: one large file, and a directory of many small ones.
// Every copy goes to a new device or a new directory. Wall clock and processor time, medians, spreads and ratios.
// Usage: bench/copy.mjs [--json] [ROUNDS] [LARGE_MIB] [SMALL_FILES]
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const MIB = 2 ** 20;
const SMALLEST = 4096;
const LARGEST = 65_536;

const cli = (...args) =>
  execFileSync(process.execPath, [famfs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

/** Writes the sources: random bytes, which nothing can leave out. Returns how many bytes each kind has. */
function makeSources(sources, largeMib, smallFiles) {
  const random = openSync('/dev/urandom', 'r');
  const block = Buffer.alloc(16 * MIB);
  readSync(random, block);
  closeSync(random);
  mkdirSync(join(sources, 'small'), { recursive: true });
  const large = openSync(join(sources, 'large'), 'w');
  for (let mib = 0; mib < largeMib; mib++) writeSync(large, block, (mib % 16) * MIB, MIB);
  closeSync(large);
  let small = 0;
  for (let i = 0; i < smallFiles; i++) {
    const size = SMALLEST + Math.floor((i * (LARGEST - SMALLEST)) / Math.max(1, smallFiles - 1));
    writeFileSync(join(sources, 'small', `file-${i}`), block.subarray(i, i + size));
    small += size;
  }
  return { large: largeMib * MIB, small };
}

/**
 * Takes as much memory as the next copy will, and gives it back. Memory of a virtual machine that was free for seconds is
 * its host's again, and to get it back takes longer than to copy: this puts that outside of what is measured.
 */
function warm(scratch, bytes) {
  const block = Buffer.alloc(MIB);
  const path = join(scratch, 'warm');
  const file = openSync(path, 'w');
  for (let done = 0; done < 1.1 * bytes; done += MIB) writeSync(file, block);
  closeSync(file);
  rmSync(path);
}

/** Milliseconds that a program takes, and those of processors in it and the kernel for it: others at work change these less. */
function timed(...words) {
  const shell = 'TIMEFORMAT="%U %S"; time "$@" 2>&1 >/dev/null';
  const started = performance.now();
  const { status, stderr } = spawnSync('bash', ['-c', shell, 'bash', ...words], { encoding: 'utf8' });
  const ms = performance.now() - started;
  if (status !== 0) throw new Error(`${words.join(' ')}: status ${status}`);
  const [user, system] = stderr.trim().split(' ').map(Number);
  return { ms, cpuMs: (user + system) * 1000 };
}

const WAYS = {
  coreutils: byCoreutils,
  'famfs, 1 thread': (place, source) => byFamfs(place, source, '--no-sync', '--threads', '1'),
  'famfs, 2 threads': (place, source) => byFamfs(place, source, '--no-sync', '--threads', '2'),
  'famfs, default': (place, source) => byFamfs(place, source),
};

function byCoreutils({ bytes, scratch }, source) {
  const plain = join(scratch, 'plain');
  mkdirSync(plain);
  warm(scratch, bytes);
  const taken = timed('cp', '-r', source, plain);
  rmSync(plain, { recursive: true });
  return taken;
}

function byFamfs({ bytes, deviceMib, scratch }, source, ...flags) {
  const [device, mount] = [join(scratch, 'device'), join(scratch, 'mnt')];
  cli('mkfs', '--no-sync', '--create', `${deviceMib}m`, device);
  cli('mount', '--no-sync', '--log-file', join(scratch, 'log'), device, mount);
  try {
    warm(scratch, bytes);
    return timed(process.execPath, famfs, 'cp', '-r', ...flags, source, mount);
  } finally {
    cli('umount', mount);
    rmSync(device);
  }
}

const rounded = (value) => Number(value.toFixed(2));

/** What `q` of the values are not above, between two of them where it falls between. */
function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (at % 1) * (above - below);
}

/** Figures of one way beside those of another one: a ratio above 1 is faster, or takes less of processors. */
function figures(taken, peer, bytes) {
  const median = (samples, name) =>
    quantile(
      samples.map((sample) => sample[name]),
      0.5,
    );
  const ms = taken.map((sample) => sample.ms);
  return {
    ms: Math.round(median(taken, 'ms')),
    msSpread: [0, 0.25, 0.75, 1].map((q) => Math.round(quantile(ms, q))),
    cpuMs: Math.round(median(taken, 'cpuMs')),
    mbPerSecond: Math.round(bytes / median(taken, 'ms') / 1000),
    ratio: rounded(median(peer, 'ms') / median(taken, 'ms')),
    ratioOfFastest: rounded(Math.min(...peer.map((sample) => sample.ms)) / Math.min(...ms)),
    cpuRatio: rounded(median(peer, 'cpuMs') / median(taken, 'cpuMs')),
  };
}

/** Copies `source` by all ways in turns, beginning with another one in each round. */
function measure(place, source, rounds) {
  const ways = Object.entries(WAYS);
  const samples = Object.fromEntries(ways.map(([way]) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < ways.length; turn++) {
      const [way, copy] = ways[(round + turn) % ways.length];
      samples[way].push(copy(place, source));
    }
  }
  return Object.fromEntries(
    ways.map(([way]) => [way, figures(samples[way], samples.coreutils, place.bytes)]),
  );
}

/** Runs all. Returns the figures by kind of source and way of copying. */
export function benchCopy({ rounds = 5, largeMib = 4096, smallFiles = 10_000 } = {}) {
  const scratch = mkdtempSync('/dev/shm/famfs-copy-');
  try {
    const sources = join(scratch, 'sources');
    mkdirSync(join(scratch, 'mnt'));
    const bytes = makeSources(sources, largeMib, smallFiles);
    // Room for the log, and an allocation unit of 2 MiB for each small file.
    const deviceMib = Math.max(4096, largeMib + 64, 2 * smallFiles + 64);
    const results = Object.entries(bytes).map(([name, size]) => [
      name,
      measure({ scratch, deviceMib, bytes: size }, join(sources, name), rounds),
    ]);
    return { rounds, bytes, smallFiles, ...Object.fromEntries(results) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A line for each figure. */
function table(results) {
  return ['large', 'small'].flatMap((kind) =>
    Object.entries(results[kind]).map(([way, { cpuMs, cpuRatio, mbPerSecond, ms, msSpread, ratio }]) => {
      const spread = `${msSpread[0]}-${msSpread.at(-1)}`;
      const cpu = `cpu ${cpuMs} ms (${cpuRatio})`;
      return `${kind.padEnd(6)}${way.padEnd(18)}${ms} ms (${spread}), ${mbPerSecond} MB/s, ratio ${ratio}, ${cpu}`;
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  const [rounds, largeMib, smallFiles] = positionals.map(Number);
  const results = benchCopy({ rounds, largeMib, smallFiles });
  console.log(values.json ? JSON.stringify(results, null, 2) : table(results).join('\n'));
}
