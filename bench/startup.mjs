#!/usr/bin/env node
// Start-up of the command line against bare Node, interleaved in one run. Prints medians and their ratio as JSON.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const famfs = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'famfs');
const runs = Number(process.argv[2] ?? 40);
const commands = {
  node: ['-e', '0'],
  version: [famfs, '--version'],
  help: [famfs, 'cp', '--help'],
};

const samples = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let run = 0; run < runs; run++) {
  for (const [name, args] of Object.entries(commands)) {
    const started = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} failed with status ${status}`);
    samples[name].push(performance.now() - started);
  }
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
const rounded = (value) => Number(value.toFixed(2));
console.log(
  JSON.stringify({
    runs,
    medianMs: Object.fromEntries(Object.entries(medians).map(([name, value]) => [name, rounded(value)])),
    ratioToNode: {
      version: rounded(medians.version / medians.node),
      help: rounded(medians.help / medians.node),
    },
  }),
);
