import fc from 'fast-check';
import { Allocator } from '../../../src/alloc/allocator';
import { FamfsError } from '../../../src/errors';
import { type Extent, extentsOf, type StripeOptions } from '../../../src/types';
import { seeded } from '../../support/random';

const KIB = 1024;
const MIB = 2 ** 20;
const GIB = 2 ** 30;
const RESERVED = 10 * MIB;

function allocatorOf(deviceBytes: number, allocUnit = 2 * MIB, reservedBytes = RESERVED): Allocator {
  return new Allocator({ devindex: 0, deviceBytes, allocUnit, reservedBytes });
}

function errorOf(action: () => unknown): FamfsError {
  try {
    action();
  } catch (error) {
    if (error instanceof FamfsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function expectApart(extents: readonly Extent[], reservedBytes: number): void {
  let past = reservedBytes;
  for (const { offset, length } of [...extents].sort((a, b) => a.offset - b.offset)) {
    expect(offset).toBeGreaterThanOrEqual(past);
    past = offset + length;
  }
}

describe('the device', () => {
  test('a trailing part of a unit is never allocated', () => {
    const allocator = allocatorOf(64 * MIB + MIB);
    expect(allocator.stats().totalUnits).toBe(32);
    expect(allocator.contiguous(55 * MIB)).toBeUndefined();
    expect(allocator.contiguous(54 * MIB)).toEqual({ devindex: 0, offset: 10 * MIB, length: 54 * MIB });
    expect(allocator.contiguous(1)).toBeUndefined();
  });

  test('a 4 GiB device holds 2043 files', () => {
    const allocator = allocatorOf(4 * GIB);
    let files = 0;
    while (allocator.contiguous(1) !== undefined) files += 1;
    expect(files).toBe(2043);
  });

  test('one without room for the log is too small', () => {
    expect(errorOf(() => allocatorOf(9 * MIB)).code).toBe('device-too-small');
  });

  test.each([0, -4096, 3 * MIB, Number.NaN, 1])('an allocation unit of %d bytes is refused', (unit) => {
    expect(errorOf(() => allocatorOf(8 * GIB, unit)).code).toBe('bad-superblock');
  });

  test('statistics count units and runs', () => {
    const allocator = allocatorOf(64 * MIB);
    allocator.reserve({ devindex: 0, offset: 20 * MIB, length: 4 * MIB });
    expect(allocator.stats()).toEqual({
      unitBytes: 2 * MIB,
      totalUnits: 32,
      usedUnits: 7,
      freeUnits: 25,
      freeRuns: 2,
      largestFreeUnits: 20,
    });
  });
});

describe('reserve', () => {
  test('counts units that are taken already', () => {
    const allocator = allocatorOf(64 * MIB);
    expect(allocator.reserve({ devindex: 0, offset: 10 * MIB, length: 8 * MIB })).toBe(0);
    expect(allocator.reserve({ devindex: 0, offset: 16 * MIB, length: 8 * MIB })).toBe(1);
    expect(allocator.reserve({ devindex: 0, offset: 8 * MIB, length: 4 * MIB })).toBe(2);
    expect(allocator.contiguous(1)?.offset).toBe(24 * MIB);
  });

  test('takes every unit that the extent touches', () => {
    const allocator = allocatorOf(65 * MIB);
    allocator.reserve({ devindex: 0, offset: 11 * MIB, length: 2 * MIB });
    expect(allocator.stats().usedUnits).toBe(7);
    expect(allocator.reserve({ devindex: 0, offset: 64 * MIB, length: MIB })).toBe(0);
    expect(allocator.stats().usedUnits).toBe(7);
  });

  test.each([
    { devindex: 0, offset: 60 * MIB, length: 6 * MIB },
    { devindex: 1, offset: 20 * MIB, length: 2 * MIB },
    { devindex: 0, offset: -2 * MIB, length: 2 * MIB },
    { devindex: 0, offset: 20 * MIB, length: -2 * MIB },
    { devindex: 0, offset: Number.MAX_SAFE_INTEGER, length: 2 * MIB },
    { devindex: 0, offset: Number.NaN, length: 2 * MIB },
  ])('refuses an extent that is not on the device: %j', (extent) => {
    expect(errorOf(() => allocatorOf(64 * MIB).reserve(extent)).code).toBe('bad-log');
  });
});

describe('contiguous', () => {
  test.each([2 * MIB, 4 * KIB])('size 0 takes one unit of %d bytes', (unit) => {
    expect(allocatorOf(64 * MIB, unit).contiguous(0)).toEqual({
      devindex: 0,
      offset: RESERVED,
      length: unit,
    });
  });

  test.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the size %d', (size) => {
    expect(() => allocatorOf(64 * MIB).contiguous(size)).toThrow(RangeError);
  });

  test('a size beyond every device finds no room', () => {
    expect(allocatorOf(64 * MIB).contiguous(Number.MAX_SAFE_INTEGER)).toBeUndefined();
  });
});

describe('release', () => {
  test('restores what was before, and refuses to do so twice', () => {
    const stripe: StripeOptions = { nstrips: 3, nbuckets: 6, chunkSize: 2 * MIB };
    const allocator = allocatorOf(8 * GIB);
    allocator.contiguous(30 * MIB);
    const before = allocator.stats();
    const maps = [undefined, stripe].map((how) => allocator.allocate(50 * MIB, how, seeded(1)));
    expect(allocator.stats().usedUnits).toBe(before.usedUnits + 25 + 27);
    for (const map of maps) if (map !== undefined) allocator.release(map);
    expect(allocator.stats()).toEqual(before);
    const [first] = maps;
    if (first === undefined) throw new Error('there was room');
    expect(() => allocator.release(first)).toThrow(RangeError);
  });
});

describe('all allocations together', () => {
  test('never overlap, are aligned and lie on the device', () => {
    const deviceBytes = 8 * GIB + 3 * MIB + 17;
    const request = fc.record({
      size: fc.oneof(fc.nat(600 * MIB), fc.nat(3 * MIB)),
      stripe: fc.option(
        fc.record({
          nstrips: fc.integer({ min: 1, max: 4 }),
          nbuckets: fc.integer({ min: 4, max: 8 }),
          chunkSize: fc.constantFrom(2 * MIB, 4 * MIB, 16 * MIB),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 40 }), fc.integer(), (requests, seed) => {
        const allocator = allocatorOf(deviceBytes);
        const random = seeded(seed);
        const maps = requests.map(({ size, stripe }) => allocator.allocate(size, stripe, random));
        const extents = maps.flatMap((map) => (map === undefined ? [] : extentsOf(map)));
        expectApart(extents, RESERVED);
        for (const { offset, length } of extents) {
          expect(offset % (2 * MIB)).toBe(0);
          expect(length % (2 * MIB)).toBe(0);
          expect(offset + length).toBeLessThanOrEqual(deviceBytes - (deviceBytes % (2 * MIB)));
        }
        const taken = extents.reduce((sum, { length }) => sum + length, RESERVED);
        expect(allocator.stats().usedUnits).toBe(taken / (2 * MIB));
      }),
      { numRuns: 200 },
    );
  });
});
