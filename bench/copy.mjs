#!/usr/bin/env node
// `famfs cp` beside coreutils' cp, from tmpfs to tmpfs, in turns: one large file, and a directory of many small ones.
// Every copy goes to a new device or a new directory. Prints medians and ratios as JSON.
// Usage: bench/copy.mjs [ROUNDS] [LARGE_MIB] [SMALL_FILES]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 5);
const largeMib = Number(process.argv[3] ?? 4096);
const smallFiles = Number(process.argv[4] ?? 10_000);
const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const scratch = mkdtempSync('/dev/shm/famfs-copy-');
const [plain, device, mount, sources] = ['plain', 'device', 'mnt', 'sources'].map((name) =>
  join(scratch, name),
);
const MIB = 2 ** 20;
const SMALLEST = 4096;
const LARGEST = 65_536;
/** Room for the log, and an allocation unit of 2 MiB for each small file. */
const DEVICE_MIB = Math.max(4096, largeMib + 64, 2 * smallFiles + 64);

const cli = (...args) =>
  execFileSync(process.execPath, [famfs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

/** Writes the sources: random bytes, which nothing can leave out. Returns how many bytes each kind has. */
function makeSources() {
  const random = openSync('/dev/urandom', 'r');
  const block = Buffer.alloc(16 * MIB);
  readSync(random, block);
  mkdirSync(join(sources, 'small'), { recursive: true });
  const large = openSync(join(sources, 'large'), 'w');
  for (let mib = 0; mib < largeMib; mib++) writeSync(large, block, (mib % 16) * MIB, MIB);
  let small = 0;
  for (let i = 0; i < smallFiles; i++) {
    const size = SMALLEST + Math.floor((i * (LARGEST - SMALLEST)) / Math.max(1, smallFiles - 1));
    writeFileSync(join(sources, 'small', `file-${i}`), block.subarray(i, i + size));
    small += size;
  }
  return { large: largeMib * MIB, small };
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

function byCoreutils(source) {
  mkdirSync(plain);
  const taken = timed('cp', '-r', source, plain);
  rmSync(plain, { recursive: true });
  return taken;
}

function byFamfs(source, ...flags) {
  cli('mkfs', '--no-sync', '--create', `${DEVICE_MIB}m`, device);
  cli('mount', '--no-sync', '--log-file', join(scratch, 'log'), device, mount);
  try {
    return timed(process.execPath, famfs, 'cp', '-r', ...flags, source, mount);
  } finally {
    cli('umount', mount);
    rmSync(device);
  }
}

const WAYS = {
  coreutils: byCoreutils,
  'famfs, 1 thread': (source) => byFamfs(source, '--no-sync', '--threads', '1'),
  'famfs, 2 threads': (source) => byFamfs(source, '--no-sync', '--threads', '2'),
  'famfs, default': (source) => byFamfs(source),
};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (value) => Number(value.toFixed(2));

/** Medians of copies of `name`, and how they are beside coreutils: more than 1 is faster, or takes less of processors. */
function measure(name, bytes) {
  const samples = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
  for (let round = 0; round < rounds; round++)
    for (const [way, copy] of Object.entries(WAYS)) samples[way].push(copy(join(sources, name)));
  const medians = Object.entries(samples).map(([way, taken]) => [
    way,
    { ms: median(taken.map(({ ms }) => ms)), cpuMs: median(taken.map(({ cpuMs }) => cpuMs)) },
  ]);
  const [[, peer]] = medians;
  return Object.fromEntries(
    medians.map(([way, { cpuMs, ms }]) => [
      way,
      {
        ms: Math.round(ms),
        cpuMs: Math.round(cpuMs),
        mbPerSecond: Math.round(bytes / ms / 1000),
        ratio: rounded(peer.ms / ms),
        cpuRatio: rounded(peer.cpuMs / cpuMs),
      },
    ]),
  );
}

mkdirSync(mount);
try {
  const bytes = makeSources();
  const results = Object.fromEntries(
    Object.entries(bytes).map(([name, size]) => [name, measure(name, size)]),
  );
  console.log(JSON.stringify({ rounds, bytes, smallFiles, ...results }, null, 2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
