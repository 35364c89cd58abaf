/**
 * Measures reading a mapped file of famfs beside a plain file that is mapped as a whole, both in the page cache: the sum
 * of all 32-bit words, from JavaScript, and opening a mapping. The device is a sparse file.
 *
 *   npx esbuild bench/map.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/map.cjs
 *   NODE_PATH=node_modules node /tmp/map.cjs
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContiguousMap } from '../src/device/contiguous';
import type { Device } from '../src/device/device';
import { openDevice } from '../src/device/open';

const CHUNK_BYTES = 2 * 2 ** 20;
const FILE_BYTES = 256 * 2 ** 20;
const STRIPS = 4;
const ROUNDS = 9;

/** Chunks in turn from strips that lie apart, as an interleaved file has them. */
const striped = Array.from({ length: FILE_BYTES / CHUNK_BYTES }, (_, chunk) => {
  const strip = (chunk % STRIPS) * (FILE_BYTES / STRIPS);
  return { offset: strip + Math.floor(chunk / STRIPS) * CHUNK_BYTES, length: CHUNK_BYTES };
});
const shapes = { whole: [{ offset: 0, length: FILE_BYTES }], striped };
const runsOn = (device: Device, runs: typeof striped) => runs.map((run) => ({ device, ...run }));

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

function timed(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

function sum(buffer: Buffer): number {
  const words = new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length / 4);
  let total = 0;
  for (let i = 0; i < words.length; i++) total = (total + (words[i] as number)) | 0;
  return total;
}

const directory = mkdtempSync(join(tmpdir(), 'famfs-map-'));
try {
  const path = join(directory, 'device');
  const fd = openSync(path, 'w');
  ftruncateSync(fd, FILE_BYTES);
  const noise = randomFillSync(Buffer.alloc(CHUNK_BYTES));
  for (let at = 0; at < FILE_BYTES; at += CHUNK_BYTES) writeSync(fd, noise, 0, CHUNK_BYTES, at);
  closeSync(fd);
  const device = openDevice(path, { writable: false });
  const samples: { readonly what: string; readonly ms: number }[] = [];
  const measure = (what: string, work: () => void) => samples.push({ what, ms: timed(work) });
  for (let round = 0; round < ROUNDS; round++) {
    // The mapping of one run is what mmap(2) of a plain file gives.
    for (const [shape, runs] of Object.entries(shapes)) {
      const maps: ContiguousMap[] = [];
      measure(`${shape}: map`, () => maps.push(new ContiguousMap(runsOn(device, runs), FILE_BYTES)));
      const buffer = maps[0]?.buffers[0] ?? Buffer.alloc(0);
      measure(`${shape}: read it the first time`, () => sum(buffer));
      measure(`${shape}: read it again`, () => sum(buffer));
      maps[0]?.close();
    }
    const copies: Buffer[] = [];
    measure('copy: read(2) into a Buffer', () => copies.push(device.read(0, FILE_BYTES)));
    measure('copy: read it again', () => sum(copies[0] ?? Buffer.alloc(0)));
  }
  device.close();
  for (const what of new Set(samples.map((sample) => sample.what))) {
    const ms = median(samples.filter((sample) => sample.what === what).map((sample) => sample.ms));
    console.log(`${what}: ${ms.toFixed(2)} ms`);
  }
} finally {
  rmSync(directory, { recursive: true });
}
