#!/usr/bin/env node
// How soon a new file is seen. Makes files with one `famfs creat` each, while processes look up names that do not exist
// yet, and looks each up once when its creat has returned; then waits until a second mount of the device, a client's,
// shows it, with nothing run there. Prints JSON; exits with status 1 when a file was not seen at the first look.
// Usage: bench/visibility.mjs [FILES]
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const files = Number(process.argv[2] ?? 2000);
const LOOPS = 4;
const famfs = fileURLToPath(new URL('../bin/famfs', import.meta.url));
const OWNER = '0b5ad1e5-3c1f-4d7e-8a44-5f0c2f9b6e01';
const CLIENT = 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02';
/** Looks up every name from the next one on, over and over, and counts. */
const LOOP = `
const { statSync, writeSync } = require('node:fs');
let next = 0, lookups = 0;
process.once('SIGTERM', () => { writeSync(1, String(lookups)); process.exit(); });
(function round() {
  for (let i = 0; i < 500; i++, lookups++) {
    const name = process.argv[1] + '/f' + (next + i % 50);
    if (statSync(name, { throwIfNoEntry: false }) && i % 50 === 0) next++;
  }
  setImmediate(round);
})();`;

function cli(host, ...args) {
  const env = { ...process.env, FAMFS_SYSTEM_UUID: host };
  execFileSync(process.execPath, [famfs, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Starts a loop over names below `path`; the function returned ends it and gives its number of lookups. */
function startLoop(path) {
  const child = spawn(process.execPath, ['-e', LOOP, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  return () =>
    new Promise((resolve) => {
      child.once('close', () => resolve(Number(out)));
      child.kill('SIGTERM');
    });
}

const isThere = (path) => statSync(path, { throwIfNoEntry: false }) !== undefined;

async function measure(mount, clientMount) {
  let late = 0;
  let worstOnClientMs = 0;
  for (let i = 0; i < files; i++) {
    cli(OWNER, 'creat', '--no-sync', '-s', '4k', join(mount, `f${i}`));
    const started = performance.now();
    if (!isThere(join(mount, `f${i}`))) late++;
    while (!isThere(join(clientMount, `f${i}`))) await sleep(1);
    worstOnClientMs = Math.max(worstOnClientMs, performance.now() - started);
  }
  return { late, worstOnClientMs: Number(worstOnClientMs.toFixed(1)) };
}

const scratch = mkdtempSync('/dev/shm/famfs-visibility-');
const [device, mount, clientMount] = ['device.img', 'owner', 'client'].map((name) => join(scratch, name));
for (const directory of [mount, clientMount]) mkdirSync(directory);
cli(OWNER, 'mkfs', '--no-sync', '--create', `${Math.ceil((files * 2) / 1024) + 4}g`, device);
try {
  cli(OWNER, 'mount', '--no-sync', '--log-file', `${scratch}/owner.log`, device, mount);
  cli(CLIENT, 'mount', '--no-sync', '--log-file', `${scratch}/client.log`, device, clientMount);
  const ends = Array.from({ length: LOOPS }, () => startLoop(mount));
  const seen = await measure(mount, clientMount);
  const counts = await Promise.all(ends.map((end) => end()));
  const lookups = counts.reduce((sum, count) => sum + count, 0);
  console.log(JSON.stringify({ files, loops: LOOPS, lookups, ...seen }));
  process.exitCode = seen.late > 0 ? 1 : 0;
} finally {
  for (const directory of [mount, clientMount]) cli(OWNER, 'umount', directory);
  rmSync(scratch, { recursive: true });
}
