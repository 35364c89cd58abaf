#!/usr/bin/env node
// The FUSE server beside libfuse's passthrough_ll and the tmpfs below both, interleaved in one run. Device and files
// are in /dev/shm. Prints medians and ratios as JSON. Usage: bench/fuse.mjs [ROUNDS] [FILES]
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildPeer } from './peer.mjs';

const rounds = Number(process.argv[2] ?? 3);
const fileCount = Number(process.argv[3] ?? 100_000);
const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const shm = '/dev/shm/famfs-bench';
const plain = join(shm, 'plain');
const device = join(shm, 'device.img');
const mounts = { famfs: join(shm, 'famfs'), peer: join(shm, 'peer') };
const DATA_MIB = 512;
const FILES_A_DIRECTORY = 1000;
/**
 * Directories that are walked before the kernel is made to forget inodes: passthrough_ll keeps a descriptor for each that
 * the kernel knows, and may have fewer than `ulimit -n`.
 */
const DIRECTORIES_A_WALK = 15;
/** Longer than passthrough_ll lets the kernel keep names and attributes. */
const PEER_TIMEOUT_MS = 1100;
const FUSE_SUPER_MAGIC = 0x65735546;

const cli = (...args) =>
  execFileSync(process.execPath, [famfs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

function makeTree() {
  for (let i = 0; i < fileCount; i++) {
    const directory = join(plain, 'tree', `d${Math.floor(i / FILES_A_DIRECTORY)}`);
    if (i % FILES_A_DIRECTORY === 0) mkdirSync(directory, { recursive: true });
    closeSync(openSync(join(directory, `file-${i}`), 'w'));
  }
  execFileSync('dd', ['if=/dev/urandom', `of=${plain}/data`, 'bs=1M', `count=${DATA_MIB}`], {
    stdio: 'ignore',
  });
}

async function mountPeer(program, options) {
  const child = spawn(program, ['-f', '-o', `source=${plain},${options}`, mounts.peer], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (statfsSync(mounts.peer).type !== FUSE_SUPER_MAGIC) {
    if (child.exitCode !== null) throw new Error(`passthrough_ll ended with status ${child.exitCode}`);
    await sleep(10);
  }
  return async () => {
    spawnSync('umount', [mounts.peer]);
    await ended;
  };
}

function fio(path, ...args) {
  const common = [
    '--name=bench',
    `--filename=${path}/data`,
    `--size=${DATA_MIB}m`,
    '--readonly',
    '--time_based',
  ];
  const out = execFileSync('fio', [
    ...common,
    '--runtime=2',
    '--invalidate=0',
    '--output-format=json',
    ...args,
  ]);
  return JSON.parse(out).jobs.reduce((sum, { read }) => sum + read.iops, 0);
}

const dropCaches = () => writeFileSync('/proc/sys/vm/drop_caches', '2');

const tree = (path, directory) => join(path, 'tree', directory);

/** Stats each file in some directories of the tree. */
function statAll(path, directories) {
  for (const directory of directories)
    for (const name of readdirSync(tree(plain, directory))) lstatSync(join(tree(path, directory), name));
}

function find(path, directories) {
  const places = directories.map((directory) => tree(path, directory));
  execFileSync('find', [...places, '-type', 'f', '-size', '+1k'], { stdio: 'ignore' });
}

/** The directories of the tree in the order they were made, in groups that are walked at once. */
function walks() {
  const all = readdirSync(join(plain, 'tree')).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  const groups = [];
  while (all.length > 0) groups.push(all.splice(0, DIRECTORIES_A_WALK));
  return groups;
}

/** Milliseconds that `work` takes. */
function timed(work) {
  const started = performance.now();
  work();
  return performance.now() - started;
}

/** Files a second of a walk over the whole tree, with nothing cached when each group of directories begins. */
function coldWalk(path, walk) {
  let total = 0;
  for (const directories of walks()) {
    dropCaches();
    total += timed(() => walk(path, directories));
  }
  return (fileCount * 1000) / total;
}

/** Files a second of a walk over one group of directories. */
function warmWalk(path) {
  const [directories] = walks();
  const count = Math.min(fileCount, directories.length * FILES_A_DIRECTORY);
  return (count * 1000) / timed(() => statAll(path, directories));
}

const workloads = {
  read1m: (path) => fio(path, '--direct=1', '--rw=read', '--bs=1m', '--ioengine=psync'),
  read4k: (path) => fio(path, '--direct=1', '--rw=randread', '--bs=4k', '--ioengine=psync'),
  read4kTwoJobs: (path) =>
    fio(path, '--direct=1', '--rw=randread', '--bs=4k', '--ioengine=psync', '--numjobs=2'),
  read1mUnaligned: (path) => fio(path, '--direct=0', '--rw=read', '--bs=1m', '--ioengine=psync'),
  mmapSequential: (path) => fio(path, '--rw=read', '--bs=4k', '--ioengine=mmap'),
  mmapRandom: (path) => fio(path, '--rw=randread', '--bs=4k', '--ioengine=mmap'),
  coldStat: (path) => coldWalk(path, statAll),
  coldFind: (path) => coldWalk(path, find),
};

const samples = {};
const note = (name, who, value) => {
  samples[name] ??= {};
  samples[name][who] ??= [];
  samples[name][who].push(value);
};

/** Runs `work` while the peer is mounted with `options`. */
async function withPeer(program, options, work) {
  const unmount = await mountPeer(program, options);
  try {
    await work();
  } finally {
    await unmount();
  }
}

async function measure(program) {
  for (let round = 0; round < rounds; round++) {
    await withPeer(program, 'cache=never', () => {
      for (const [name, workload] of Object.entries(workloads)) {
        // Files of a peer without a page cache cannot be mapped.
        if (!name.startsWith('mmap')) note(name, 'peer', workload(mounts.peer));
        note(name, 'famfs', workload(mounts.famfs));
        note(name, 'tmpfs', workload(plain));
      }
    });
    await withPeer(program, 'cache=auto', async () => {
      for (const who of ['peer', 'famfs']) {
        warmWalk(mounts[who]);
        await sleep(PEER_TIMEOUT_MS);
        note('statWithDefaultTimeouts', who, warmWalk(mounts[who]));
      }
    });
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

rmSync(shm, { recursive: true, force: true });
for (const directory of [plain, ...Object.values(mounts)]) mkdirSync(directory, { recursive: true });
makeTree();
const size = Math.ceil((fileCount * 2) / 1024) + 8;
cli('mkfs', '--no-sync', '--loglen', fileCount > 100_000 ? '256m' : '64m', '--create', `${size}g`, device);
cli('mount', '--no-sync', '--log-file', join(shm, 'log'), device, mounts.famfs);
try {
  cli('cp', '--no-sync', '-r', join(plain, 'tree'), join(plain, 'data'), mounts.famfs);
  await measure(buildPeer('/var/tmp/famfs-bench-peer'));
} finally {
  cli('umount', mounts.famfs);
  rmSync(shm, { recursive: true, force: true });
}
const result = Object.entries(samples).map(([name, by]) => {
  const medians = Object.fromEntries(
    Object.entries(by).map(([who, values]) => [who, Math.round(median(values) * 100) / 100]),
  );
  const ratio = (who) => (by[who] ? Number((median(by.famfs) / median(by[who])).toFixed(2)) : undefined);
  return { workload: name, perSecond: medians, toPeer: ratio('peer'), toTmpfs: ratio('tmpfs') };
});
for (const line of result) console.log(JSON.stringify(line));
