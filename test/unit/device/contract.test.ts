import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writevSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { DaxDevice } from '../../../src/device/dax-device';
import type { Device, OpenOptions } from '../../../src/device/device';
import { FileDevice } from '../../../src/device/file-device';
import { WINDOW_BYTES } from '../../../src/device/windows';

const SIZE = 3 * WINDOW_BYTES;

type Make = (path: string, fd: number, size: number, options: OpenOptions) => Device;

/** A DaxDevice asks nothing but mmap of its descriptor, so a regular file does for one. */
const kinds: [string, Make][] = [
  ['FileDevice', (...args) => new FileDevice(...args)],
  ['DaxDevice', (...args) => new DaxDevice(...args)],
];

/** Ranges in the middle of a window, across one boundary, across two, and at both ends. */
const RANGES: [string, number, number][] = [
  ['at the start', 0, 200],
  ['inside a window', 5 * 2 ** 20 + 3, 70_001],
  ['across a window boundary', WINDOW_BYTES - 5000, 12_345],
  ['up to a window boundary', WINDOW_BYTES - 10, 10],
  ['from a window boundary', 2 * WINDOW_BYTES, 10],
  ['at the end', SIZE - 4097, 4097],
];

describe.each(kinds)('%s', (_kind, make) => {
  let directory: string;
  let path: string;
  let device: Device;
  let reader: Device;

  const open = (writable = true): Device => {
    const fd = openSync(path, writable ? constants.O_RDWR : constants.O_RDONLY);
    return make(path, fd, SIZE, { writable, noSync: true });
  };

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'famfs-device-'));
    path = join(directory, 'device');
    const fd = openSync(path, 'w+');
    ftruncateSync(fd, SIZE);
    closeSync(fd);
    device = open();
    reader = open(false);
  });

  afterAll(() => {
    device.close();
    reader.close();
    rmSync(directory, { recursive: true });
  });

  const settle = (offset: number, length: number) => {
    device.flush(offset, length);
    device.fence();
    reader.invalidate(offset, length);
  };

  describe.each(RANGES)('%s', (_name, offset, length) => {
    test('what was stored is read, by another opener too', () => {
      const bytes = randomBytes(length);
      device.store(offset, bytes);
      expect(device.read(offset, length).equals(bytes)).toBe(true);
      settle(offset, length);
      expect(reader.read(offset, length).equals(bytes)).toBe(true);
      const target = Buffer.alloc(length);
      reader.readInto(target, offset);
      expect(target.equals(bytes)).toBe(true);
    });

    test('what was zeroed reads as zeros, and its neighbours stay', () => {
      const bytes = randomBytes(length);
      device.store(offset, bytes);
      device.zero(offset + 3, length - 6);
      const expected = Buffer.from(bytes).fill(0, 3, length - 3);
      expect(device.read(offset, length).equals(expected)).toBe(true);
    });

    test('segments are the bytes, for system calls', () => {
      const bytes = randomBytes(length);
      device.store(offset, bytes);
      settle(offset, length);
      const out = join(directory, 'out');
      const fd = openSync(out, 'w');
      for (const opener of [device, reader]) {
        const segments = opener.segments(offset, length);
        expect(segments.reduce((sum, segment) => sum + segment.length, 0)).toBe(length);
        expect(writevSync(fd, segments, 0)).toBe(length);
        expect(readFileSync(out).equals(bytes)).toBe(true);
      }
      closeSync(fd);
    });

    test('a file is filled in, from where it is told', async () => {
      const bytes = randomBytes(length + 50);
      const source = join(directory, 'source');
      writeFileSync(source, bytes);
      const fd = openSync(source, 'r');
      device.zero(offset, length);
      expect(await device.fill(offset, fd, 50, length)).toBe(length);
      expect(device.read(offset, length).equals(bytes.subarray(50))).toBe(true);
      expect(await device.fill(offset, fd, 53, length)).toBe(length - 3);
      expect(device.read(offset, length - 3).equals(bytes.subarray(53))).toBe(true);
      expect(await device.fill(offset, fd, length + 50, length)).toBe(0);
      closeSync(fd);
    });
  });

  test('fill copies more than it holds at a time, several at once', async () => {
    const source = join(directory, 'large');
    const bytes = randomBytes(5 * 2 ** 20 + 17);
    writeFileSync(source, bytes);
    const fd = openSync(source, 'r');
    const offsets = [WINDOW_BYTES - 2 ** 20, 2 * WINDOW_BYTES + 2 ** 24, 2 ** 25];
    const counts = await Promise.all(offsets.map((offset) => device.fill(offset, fd, 0, bytes.length)));
    expect(counts).toEqual(offsets.map(() => bytes.length));
    for (const offset of offsets) expect(device.read(offset, bytes.length).equals(bytes)).toBe(true);
    closeSync(fd);
  });

  test('fill copies where the kernel has no way from file to file, and tells what it cannot read', async () => {
    // What is in this file is made as it is read.
    const fd = openSync('/proc/self/mountinfo', 'r');
    const count = await device.fill(2 ** 25, fd, 0, 2 ** 20);
    expect(device.read(2 ** 25, count).equals(readFileSync('/proc/self/mountinfo'))).toBe(true);
    closeSync(fd);
    const nothing = openSync(directory, 'r');
    await expect(device.fill(2 ** 25, nothing, 0, 10)).rejects.toMatchObject({ code: 'EISDIR' });
    closeSync(nothing);
  });

  test('stores and zeroings at random leave what a Buffer would hold', () => {
    const start = WINDOW_BYTES - 2 ** 13;
    const length = 2 ** 14;
    const range = fc
      .tuple(fc.nat(length), fc.nat(length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
    const step = fc.record({ range, byte: fc.nat(255), zero: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        const model = device.read(start, length);
        for (const {
          range: [from, to],
          byte,
          zero,
        } of steps) {
          model.fill(zero ? 0 : byte, from, to);
          if (zero) device.zero(start + from, to - from);
          else device.store(start + from, Buffer.alloc(to - from, byte));
        }
        expect(device.read(start, length).equals(model)).toBe(true);
      }),
    );
  });

  test('ranges of no bytes are no operation', async () => {
    for (const offset of [0, WINDOW_BYTES, SIZE]) {
      expect(device.read(offset, 0)).toHaveLength(0);
      device.store(offset, Buffer.alloc(0));
      device.zero(offset, 0);
      device.flush(offset, 0);
      device.invalidate(offset, 0);
      expect(device.segments(offset, 0)).toEqual([]);
      expect(await device.fill(offset, 0, 0, 0)).toBe(0);
    }
  });

  const outside: [string, number, number, string][] = [
    ['beyond the end', SIZE - 1, 2, 'device-io'],
    ['behind the end', SIZE + 5, 0, 'device-io'],
    ['far away', 2 ** 50, 1, 'device-io'],
    ['below zero', -1, 1, 'internal'],
    ['no number', Number.NaN, 1, 'internal'],
    ['Infinity', Number.POSITIVE_INFINITY, 1, 'internal'],
  ];
  test.each(outside)('a range %s is refused, and nothing happens', async (_name, offset, length, code) => {
    const before = device.read(SIZE - 10, 10);
    const refused = expect.objectContaining({ code, message: expect.stringContaining(path) });
    expect(() => device.read(offset, length)).toThrow(refused);
    expect(() => device.readInto(Buffer.alloc(length), offset)).toThrow(refused);
    expect(() => device.store(offset, Buffer.alloc(length, 1))).toThrow(refused);
    expect(() => device.zero(offset, length)).toThrow(refused);
    expect(() => device.segments(offset, length)).toThrow(refused);
    await expect((async () => device.fill(offset, 0, 0, length))()).rejects.toThrow(refused);
    expect(device.read(SIZE - 10, 10).equals(before)).toBe(true);
  });

  test('zeroing a range that ends outside zeroes no part of it', () => {
    device.store(SIZE - 3_000_000, Buffer.from('keep'));
    expect(() => device.zero(SIZE - 3_000_000, 3_000_001)).toThrow();
    expect(device.read(SIZE - 3_000_000, 4).toString()).toBe('keep');
  });

  test('opened for reading it refuses stores', async () => {
    const refused = expect.objectContaining({ code: 'device-io', message: expect.stringContaining(path) });
    expect(reader.writable).toBe(false);
    expect(() => reader.store(0, Buffer.from('x'))).toThrow(refused);
    expect(() => reader.zero(0, 4096)).toThrow(refused);
    const source = join(directory, 'one');
    writeFileSync(source, 'x');
    const fd = openSync(source, 'r');
    await expect(reader.fill(0, fd, 0, 1)).rejects.toThrow(refused);
    closeSync(fd);
  });

  test('its lock belongs to one opener at a time, and ends with it', () => {
    const other = open();
    expect(device.tryLock()).toBe(true);
    expect(device.tryLock()).toBe(true);
    expect(other.tryLock()).toBe(false);
    device.unlock();
    expect(other.tryLock()).toBe(true);
    expect(device.tryLock()).toBe(false);
    other.close();
    expect(device.tryLock()).toBe(true);
    device.unlock();
  });
});
