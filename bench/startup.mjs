#!/usr/bin/env node
// Start-up of the command line against bare Node, interleaved in one run. Prints medians and their ratio as JSON.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const runs = Number(process.argv[2] ?? 40);
const scratch = mkdtempSync('/dev/shm/famfs-startup-');
const [image, device, mount] = ['image', 'device', 'mnt'].map((name) => join(scratch, name));
/** What is run, by name; `run` is its number among the runs. */
const commands = {
  node: () => ['-e', '0'],
  version: () => [famfs, '--version'],
  help: () => [famfs, '--help'],
  fsck: () => [famfs, 'fsck', image],
  mkdir: (run) => [famfs, 'mkdir', '--no-sync', join(mount, `d${run}`)],
};

const cli = (...args) =>
  execFileSync(process.execPath, [famfs, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

mkdirSync(mount);
for (const path of [image, device]) cli('mkfs', '--no-sync', '--create', '4g', path);
cli('mount', '--no-sync', '--log-file', join(scratch, 'log'), device, mount);
const samples = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
try {
  for (let run = 0; run < runs; run++) {
    for (const [name, args] of Object.entries(commands)) {
      const started = performance.now();
      const { status } = spawnSync(process.execPath, args(run), { stdio: 'ignore' });
      if (status !== 0) throw new Error(`${name} failed with status ${status}`);
      samples[name].push(performance.now() - started);
    }
  }
} finally {
  cli('umount', mount);
  rmSync(scratch, { recursive: true });
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
const rounded = (value) => Number(value.toFixed(2));
console.log(
  JSON.stringify({
    runs,
    medianMs: Object.fromEntries(Object.entries(medians).map(([name, value]) => [name, rounded(value)])),
    ratioToNode: Object.fromEntries(
      Object.entries(medians).map(([name, value]) => [name, rounded(value / medians.node)]),
    ),
  }),
);
