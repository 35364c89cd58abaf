#!/usr/bin/env node
// Files striped over three devices beside files striped over one, all in one tmpfs, in turns: copying one in, and
// reading it through the mount. Then small reads of files of 1 to 16 strips, beside one strip. Medians and ratios as
// JSON; above 1 is faster. Usage: bench/devices.mjs [ROUNDS] [MIB]
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.argv[2] ?? 5);
const mib = Number(process.argv[3] ?? 1024);
const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const scratch = mkdtempSync('/dev/shm/famfs-devices-');
const source = join(scratch, 'source');
const MIB = 2 ** 20;
const STRIPS = [1, 2, 4, 8, 16];

const cli = (...args) =>
  execFileSync(process.execPath, [famfs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

function makeSource() {
  const random = openSync('/dev/urandom', 'r');
  const block = Buffer.alloc(16 * MIB);
  readSync(random, block);
  closeSync(random);
  const fd = openSync(source, 'w');
  for (let i = 0; i < mib; i++) writeSync(fd, block, (i % 16) * MIB, MIB);
  closeSync(fd);
}

/** Mounts a file system over new sparse devices of `bytes` bytes each. */
function mounted(name, count, size) {
  const directory = join(scratch, name);
  mkdirSync(directory);
  const devices = Array.from({ length: count }, (_, i) => join(directory, `device-${i}`));
  cli('mkfs', '--no-sync', '--create', size, ...devices);
  const mount = join(directory, 'mnt');
  mkdirSync(mount);
  cli('mount', '--no-sync', '--log-file', join(directory, 'log'), devices[0], mount);
  return {
    mount,
    close: () => {
      cli('umount', mount);
      rmSync(directory, { recursive: true });
    },
  };
}

/** Reads a second, direct, of `bs` bytes each. */
function fio(path, rw, bs, ...more) {
  const words = [
    '--name=bench',
    `--filename=${path}`,
    '--readonly',
    '--time_based',
    '--runtime=2',
    '--direct=1',
  ];
  const out = execFileSync('fio', [
    ...words,
    `--rw=${rw}`,
    `--bs=${bs}`,
    '--ioengine=psync',
    '--output-format=json',
    ...more,
  ]);
  return JSON.parse(out).jobs[0].read.iops;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Copies the source in, and reads it: both as rates. */
function measure(devices) {
  const { close, mount } = mounted(`over-${devices}`, devices, '8g');
  try {
    const target = join(mount, 'file');
    const started = performance.now();
    cli('cp', '--no-sync', '-N', '3', '-B', '3', source, target);
    const copy = mib / (performance.now() - started);
    return { copy, read1m: fio(target, 'read', '1m'), read4k: fio(target, 'randread', '4k') };
  } finally {
    close();
  }
}

function compareDevices() {
  const samples = { one: [], three: [] };
  for (let round = 0; round < rounds; round++) {
    samples.one.push(measure(1));
    samples.three.push(measure(3));
  }
  const ratio = (what) =>
    Number((median(samples.three.map((s) => s[what])) / median(samples.one.map((s) => s[what]))).toFixed(3));
  return { copy: ratio('copy'), read1m: ratio('read1m'), read4k: ratio('read4k') };
}

/** What a read costs as the strips of a file grow: 4 KiB within a chunk, and 1 MiB that crosses from one to the next. */
function compareStrips() {
  const { close, mount } = mounted('strips', 16, '4g');
  try {
    const samples = Object.fromEntries(STRIPS.map((count) => [count, { read4k: [], crossing: [] }]));
    for (const count of STRIPS) {
      cli('creat', '--no-sync', '-s', '512m', '-r', '-S', '1', '-N', String(count), join(mount, `${count}`));
    }
    for (let round = 0; round < rounds; round++) {
      for (const count of STRIPS) {
        const path = join(mount, String(count));
        samples[count].read4k.push(fio(path, 'randread', '4k'));
        samples[count].crossing.push(
          fio(path, 'randread', '1m', '--blockalign=2m', '--offset=1536k', '--size=508m'),
        );
      }
    }
    const relative = (count, what) =>
      Number((median(samples[count][what]) / median(samples[1][what])).toFixed(3));
    return Object.fromEntries(
      STRIPS.map((count) => [
        count,
        { read4k: relative(count, 'read4k'), crossing: relative(count, 'crossing') },
      ]),
    );
  } finally {
    close();
  }
}

try {
  makeSource();
  const overThreeDevices = compareDevices();
  rmSync(source);
  console.log(JSON.stringify({ rounds, mib, overThreeDevices, byStrips: compareStrips() }, null, 2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
