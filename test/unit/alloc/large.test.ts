import { Allocator } from '../../../src/alloc/allocator';
import { Bitmap, MAX_UNITS } from '../../../src/alloc/bitmap';

const MIB = 2 ** 20;
const RESERVED = 10 * MIB;

function allocatorOf(deviceBytes: number, allocUnit = 2 * MIB): Allocator {
  return new Allocator({ devindex: 0, deviceBytes, allocUnit, reservedBytes: RESERVED });
}

describe('Bitmap', () => {
  test('holds 1 TiB of 4 KiB units', () => {
    const units = 2 ** 28;
    const bitmap = new Bitmap(units);
    expect(bitmap.mark(0, units - 3)).toBe(0);
    expect(bitmap.used).toBe(units - 3);
    expect(bitmap.firstFit(3)).toBe(units - 3);
    expect(bitmap.firstFit(4)).toBe(-1);
  });

  test('holds the most units', () => {
    const bitmap = new Bitmap(MAX_UNITS);
    const last = MAX_UNITS - 1;
    bitmap.mark(last - 40, 40);
    expect(bitmap.isSet(last - 1)).toBe(true);
    expect(bitmap.isSet(last)).toBe(false);
    expect(bitmap.firstFit(1, last - 40)).toBe(last);
    expect(bitmap.largestFree()).toBe(last - 40);
  });

  test('looks at each unit once where nothing fits', () => {
    const units = 2 ** 20;
    const bitmap = new Bitmap(units);
    for (let first = 0; first < units; first += 2) bitmap.mark(first, 1);
    expect(bitmap.firstFit(2)).toBe(-1);
    expect(bitmap.free).toBe(units / 2);
  });
});

describe('contiguous', () => {
  test('a device of half a million units is filled one by one', () => {
    const allocator = allocatorOf(2 ** 40);
    let files = 0;
    while (allocator.contiguous(2 * MIB) !== undefined) files += 1;
    expect(files).toBe(2 ** 19 - 5);
    expect(allocator.stats().freeUnits).toBe(0);
  });

  test('a hole that is too small is not walked past again for every file', () => {
    const unit = 4096;
    const allocator = allocatorOf(2 ** 31, unit);
    for (let offset = RESERVED; offset < 64 * MIB; offset += 2 * unit) {
      allocator.reserve({ devindex: 0, offset, length: unit });
    }
    let files = 0;
    while (allocator.contiguous(2 * unit) !== undefined) files += 1;
    expect(files).toBe((2 ** 31 - 64 * MIB) / (2 * unit));
  });
});
