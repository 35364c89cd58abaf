import { closeSync, constants, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DaxDevice } from '../../../src/device/dax-device';
import type { Device } from '../../../src/device/device';
import { FileDevice } from '../../../src/device/file-device';
import { WINDOW_BYTES } from '../../../src/device/windows';

const SIZE = 3 * WINDOW_BYTES;
const MIB = 2 ** 20;
const ALIGNMENT = 2 * MIB;

let directory: string;
let path: string;
let device: Device | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-protect-'));
  path = join(directory, 'device');
  const fd = openSync(path, 'w+');
  ftruncateSync(fd, SIZE);
  closeSync(fd);
});

afterEach(() => {
  device?.close();
  device = undefined;
  rmSync(directory, { recursive: true });
});

/** A DaxDevice asks nothing but mmap of its descriptor, so a regular file does for one. */
function open(kind: 'dax' | 'file', alignment = ALIGNMENT): Device {
  const fd = openSync(path, constants.O_RDWR);
  const options = { writable: true, noSync: true };
  device =
    kind === 'dax'
      ? new DaxDevice(path, fd, SIZE, options, alignment)
      : new FileDevice(path, fd, SIZE, options);
  return device;
}

/** The mappings that this process has of the device: where they begin on it, their bytes, and what may be done there. */
function mappings(): { offset: number; length: number; may: string }[] {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n');
  return lines
    .filter((line) => line.endsWith(` ${path}`))
    .map((line) => {
      const [range = '', may = '', offset = ''] = line.split(' ');
      const [start = 0, end = 0] = range.split('-').map((at) => Number.parseInt(at, 16));
      return { offset: Number.parseInt(offset, 16), length: end - start, may };
    })
    .sort((a, b) => a.offset - b.offset || (a.may < b.may ? -1 : 1));
}

test('what is only read is mapped for reading alone', () => {
  const dax = open('dax');
  dax.read(0, 4096);
  dax.segments(WINDOW_BYTES - 10, 20);
  dax.flush(2 * WINDOW_BYTES, 10);
  dax.invalidate(0, 4096);
  expect(mappings().map(({ may }) => may)).toEqual(['r--s', 'r--s', 'r--s']);
});

test.each([
  [10 * MIB, ALIGNMENT, 10 * MIB],
  [WINDOW_BYTES + 2 * MIB, ALIGNMENT, WINDOW_BYTES + 2 * MIB],
  [10 * MIB, WINDOW_BYTES, 0],
])(
  'of a device protected to %d, aligned to %d, nothing before %d is mapped for writing',
  async (end, alignment, from) => {
    const dax = open('dax', alignment);
    dax.protect(end);
    dax.read(0, 4096);
    dax.store(end, Buffer.from('data'));
    dax.zero(end + 4096, 100);
    const source = openSync(path, 'r');
    await dax.fill(2 * WINDOW_BYTES, source, 0, 10);
    closeSync(source);
    dax.flush(0, 2 * WINDOW_BYTES + 10);
    expect(dax.read(end, 5).toString()).toBe('data\0');
    const writable = mappings().filter(({ may }) => may === 'rw-s');
    const first = Math.floor(end / WINDOW_BYTES);
    expect(writable).toEqual([
      { offset: from, length: (first + 1) * WINDOW_BYTES - from, may: 'rw-s' },
      { offset: 2 * WINDOW_BYTES, length: WINDOW_BYTES, may: 'rw-s' },
    ]);
  },
);

test('a file is never mapped for writing', () => {
  const file = open('file');
  file.store(0, Buffer.from('x'));
  file.segments(0, 10);
  expect(mappings().map(({ may }) => may)).toEqual(['r--s']);
});

describe.each(['dax', 'file'] as const)('a protected device: %s', (kind) => {
  test.each([
    ['at the start', 0, 1],
    ['up to the end', 10 * MIB - 1, 1],
    ['across the end', 10 * MIB - 1, 2],
  ])('refuses stores %s, and changes nothing', async (_where, offset, length) => {
    const one = open(kind);
    one.store(offset, Buffer.alloc(length, 1));
    one.close();
    const two = open(kind);
    two.protect(10 * MIB);
    const refused = expect.objectContaining({ code: 'internal', message: expect.stringContaining(path) });
    expect(() => two.store(offset, Buffer.alloc(length, 2))).toThrow(refused);
    expect(() => two.zero(offset, length)).toThrow(refused);
    const source = openSync(path, 'r');
    await expect((async () => two.fill(offset, source, 0, length))()).rejects.toThrow(refused);
    closeSync(source);
    expect(two.read(offset, length)).toEqual(Buffer.alloc(length, 1));
  });

  test('takes stores from the end on', () => {
    const one = open(kind);
    one.protect(10 * MIB);
    one.store(10 * MIB, Buffer.from('data'));
    one.store(5, Buffer.alloc(0));
    expect(one.read(10 * MIB, 4).toString()).toBe('data');
  });
});
