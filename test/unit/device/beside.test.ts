import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { DaxDevice } from '../../../src/device/dax-device';
import { FileDevice } from '../../../src/device/file-device';

/** fillBeside on tmpfs, where it has a way; it is tried elsewhere by every copy with threads. */

const SIZE = 4 * 2 ** 20;
const bytes = randomBytes(SIZE);
let directory: string;
let source: number;
let fd: number;
let device: FileDevice;

beforeEach(() => {
  directory = mkdtempSync('/dev/shm/famfs-beside-');
  writeFileSync(join(directory, 'source'), bytes);
  source = openSync(join(directory, 'source'), 'r');
  fd = openSync(join(directory, 'device'), 'w+');
  ftruncateSync(fd, SIZE);
  device = new FileDevice(join(directory, 'device'), fd, SIZE, { writable: true, noSync: true });
});
afterEach(() => {
  device.close();
  closeSync(source);
  rmSync(directory, { recursive: true });
});

test('any range is filled from any place, and nothing else is changed', () => {
  const position = fc.integer({ min: 0, max: SIZE - 1 });
  const expected = Buffer.alloc(SIZE);
  fc.assert(
    fc.property(position, position, fc.integer({ min: 1, max: 70_000 }), (offset, from, most) => {
      const length = Math.min(most, SIZE - offset, SIZE - from);
      expect(device.fillBeside(offset, source, from, length)).toBe(true);
      bytes.copy(expected, offset, from, from + length);
      expect(device.read(0, SIZE).equals(expected)).toBe(true);
    }),
  );
});

test('a source that ends before the range is not taken for the whole', () => {
  expect(device.fillBeside(0, source, SIZE - 10, 11)).toBe(false);
  expect(device.fillBeside(0, source, SIZE, 1)).toBe(false);
});

test('where the device has become shorter, nothing is killed', () => {
  ftruncateSync(fd, 2 ** 20);
  expect(device.fillBeside(2 ** 20 - 5000, source, 0, 10_000)).toBe(false);
  expect(device.fillBeside(2 ** 21, source, 0, 10_000)).toBe(false);
});

test('a range behind the end of the device is refused', () => {
  expect(() => device.fillBeside(SIZE - 1, source, 0, 2)).toThrow(
    expect.objectContaining({ code: 'device-io' }),
  );
});

test('a device that is stored to by its mapping has no other way', () => {
  const dax = new DaxDevice(join(directory, 'device'), openSync(join(directory, 'device'), 'r+'), SIZE, {
    writable: true,
  });
  expect(dax.fillBeside()).toBe(false);
  dax.close();
});
