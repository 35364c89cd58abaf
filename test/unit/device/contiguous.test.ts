import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ContiguousMap, PIECE_BYTES, type Run } from '../../../src/device/contiguous';
import { DaxDevice } from '../../../src/device/dax-device';
import type { Device, OpenOptions } from '../../../src/device/device';
import { FileDevice } from '../../../src/device/file-device';
import { eachRun } from '../../../src/log/file-map';
import type { FileMap } from '../../../src/types';
import { bundle, runChild } from './child';

const UNIT = 4096;
const UNITS = 64;
const SIZE = 5 * 2 ** 30;

type Make = (path: string, fd: number, size: number, options: OpenOptions) => Device;

/** A DaxDevice asks nothing but mmap of its descriptor, so a regular file does for one. */
const kinds: [string, Make][] = [
  ['FileDevice', (...args) => new FileDevice(...args)],
  ['DaxDevice', (...args) => new DaxDevice(...args)],
];

const extent = fc
  .tuple(fc.nat(UNITS - 8), fc.integer({ min: 1, max: 8 }))
  .map(([at, count]) => ({ devindex: 0, offset: at * UNIT, length: count * UNIT }));
const simple: fc.Arbitrary<FileMap> = fc
  .array(extent, { minLength: 1, maxLength: 16 })
  .map((extents) => ({ kind: 'simple', extents }));
const interleaved: fc.Arbitrary<FileMap> = fc
  .tuple(fc.constantFrom(UNIT, 2 * UNIT), fc.array(extent, { minLength: 1, maxLength: 16 }))
  .map(([chunkSize, strips]) => ({
    kind: 'interleaved',
    chunkSize,
    strips: strips.map((strip) => ({ ...strip, length: 8 * UNIT })),
  }));

function bytesOf(map: FileMap): number {
  const parts = map.kind === 'simple' ? map.extents : map.strips;
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function runsOf(device: Device, map: FileMap, length: number): Run[] {
  const runs: Run[] = [];
  eachRun(map, 0, length, (_devindex, offset, count) => runs.push({ device, offset, length: count }));
  return runs;
}

describe.each(kinds)('runs of a %s', (_kind, make) => {
  let directory: string;
  let path: string;
  let device: Device;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'famfs-contiguous-'));
    path = join(directory, 'device');
    const fd = openSync(path, 'w+');
    ftruncateSync(fd, SIZE);
    closeSync(fd);
    device = make(path, openSync(path, constants.O_RDWR), SIZE, { writable: true, noSync: true });
    for (let i = 0; i < UNITS; i++) {
      const bytes = Buffer.alloc(UNIT, i);
      bytes.writeUInt32LE(i, 100);
      device.store(i * UNIT, bytes);
    }
  });

  afterAll(() => {
    device.close();
    rmSync(directory, { recursive: true });
  });

  test('are in memory what reading them one after another gives, cut at the length', () => {
    fc.assert(
      fc.property(fc.oneof(simple, interleaved), fc.integer({ min: 1, max: UNIT }), (map, short) => {
        const capacity = bytesOf(map);
        const length = capacity - UNIT + short;
        const runs = runsOf(device, map, capacity);
        const mapped = new ContiguousMap(runs, length);
        const read = Buffer.concat(runs.map((run) => device.read(run.offset, run.length)));
        expect(mapped.buffers.map((buffer) => buffer.length)).toEqual([length]);
        expect(mapped.buffers[0]?.buffer.byteLength).toBe(length);
        expect(mapped.buffers[0]?.equals(read.subarray(0, length))).toBe(true);
        mapped.close();
      }),
    );
  });

  test('show what is stored later', () => {
    const mapped = new ContiguousMap([{ device, offset: UNITS * UNIT, length: UNIT }], 10);
    expect(mapped.buffers[0]?.toString()).toBe('\0'.repeat(10));
    device.store(UNITS * UNIT, Buffer.from('0123456789'));
    expect(mapped.buffers[0]?.toString()).toBe('0123456789');
    mapped.close();
  });

  test('of more bytes than a Buffer has are several Buffers', () => {
    const mapped = new ContiguousMap([{ device, offset: 0, length: PIECE_BYTES + UNIT }], PIECE_BYTES + 5);
    expect(mapped.buffers.map((buffer) => buffer.length)).toEqual([PIECE_BYTES, 5]);
    device.store(PIECE_BYTES - 3, Buffer.from('abcdefgh'));
    expect(mapped.buffers[0]?.subarray(-3).toString()).toBe('abc');
    expect(mapped.buffers[1]?.toString()).toBe('defgh');
    mapped.close();
  });

  test('read as zeros once closed, also through views', () => {
    const mapped = new ContiguousMap([{ device, offset: UNIT, length: 2 * UNIT }], UNIT + 1);
    const [buffer] = mapped.buffers;
    const view = new Uint8Array(buffer?.buffer as ArrayBuffer, 5, 10);
    expect(view[0]).toBe(1);
    mapped.populate();
    mapped.close();
    mapped.close();
    expect(buffer?.equals(Buffer.alloc(UNIT + 1))).toBe(true);
    expect([...view]).toEqual(Array(10).fill(0));
  });

  test('no bytes are no Buffer', () => {
    const mapped = new ContiguousMap([], 0);
    expect(mapped.buffers).toEqual([]);
    mapped.populate();
    mapped.close();
  });

  test('what the system refuses is an error with its reason', () => {
    const refused = expect.objectContaining({
      code: 'device-io',
      message: expect.stringContaining('EINVAL'),
    });
    expect(() => new ContiguousMap([{ device, offset: 100, length: UNIT }], 1)).toThrow(refused);
  });
});

test('a file that was cut short is refused by populate, and by the next mapping', () => {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-contiguous-'));
  try {
    const path = join(directory, 'device');
    const size = 16 * UNIT;
    closeSync(openSync(path, 'w'));
    truncateSync(path, size);
    const device = new FileDevice(path, openSync(path, 'r'), size, { writable: false });
    const runs = [{ device, offset: 8 * UNIT, length: UNIT }];
    const mapped = new ContiguousMap(runs, UNIT);
    mapped.populate();
    truncateSync(path, UNIT);
    const refused = expect.objectContaining({ code: 'device-io', message: expect.stringContaining(path) });
    expect(() => mapped.populate()).toThrow(refused);
    expect(() => new ContiguousMap(runs, UNIT)).toThrow(refused);
    mapped.close();
    expect(mapped.buffers[0]?.[0]).toBe(0);
    device.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('addresses are given back once nothing can reach them, and not before', () => {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-contiguous-'));
  try {
    const outfile = join(directory, 'child.cjs');
    bundle(
      `import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
      import { ContiguousMap } from './src/device/contiguous';
      import { FileDevice } from './src/device/file-device';
      import { setImmediate } from 'node:timers/promises';
      async function main() {
      const path = process.argv[2] as string;
      closeSync(openSync(path, 'w'));
      truncateSync(path, 1 << 20);
      const device = new FileDevice(path, openSync(path, 'r+'), 1 << 20, { writable: true, noSync: true });
      device.store(0, Buffer.from('kept'));
      const map = () => new ContiguousMap([{ device, offset: 0, length: 4096 }], 4096);
      const mapped = () => readFileSync('/proc/self/maps', 'utf8').split(path).length - 1;
      const view = new Uint8Array(map().buffers[0]!.buffer, 0, 4);
      for (let i = 0; i < 100; i++) {
        const one = map();
        if (i % 2) one.close();
      }
      for (let i = 0; i < 10; i++) {
        await setImmediate();
        (globalThis as { gc?: () => void }).gc?.();
      }
      console.log(mapped() < 10, Buffer.from(view).toString());
      }
      void main();`,
      outfile,
    );
    expect(runChild(outfile, join(directory, 'device'))).toMatchObject({ status: 0, stdout: 'true kept\n' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
