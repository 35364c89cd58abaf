import { Allocator } from '../../../src/alloc/allocator';
import { Bitmap, MAX_UNITS } from '../../../src/alloc/bitmap';
import { Pool } from '../../../src/alloc/pool';

const MIB = 2 ** 20;
const UNIT = 4096;

function allocatorOf(deviceBytes: number, allocUnit = UNIT, reservedBytes = UNIT): Allocator {
  return new Allocator({ devindex: 0, deviceBytes, allocUnit, reservedBytes });
}

describe('an allocator', () => {
  test('has no more units than a bitmap', () => {
    expect(allocatorOf(MAX_UNITS * UNIT).freeUnits).toBe(MAX_UNITS - 1);
    const message = `an allocation unit of ${UNIT} bytes cannot be used on a device of ${(MAX_UNITS + 1) * UNIT} bytes`;
    expect(() => allocatorOf((MAX_UNITS + 1) * UNIT)).toThrow(
      expect.objectContaining({ code: 'bad-superblock', message }),
    );
  });

  test('may be taken by superblock and log as a whole, and says what is missing for more', () => {
    expect(allocatorOf(8 * UNIT, UNIT, 8 * UNIT).freeUnits).toBe(0);
    expect(allocatorOf(8 * UNIT, UNIT, 8 * UNIT).contiguous(1)).toBeUndefined();
    const message = `the device has ${8 * UNIT} bytes, but the superblock and the log need ${8 * UNIT + 1}`;
    expect(() => allocatorOf(8 * UNIT, UNIT, 8 * UNIT + 1)).toThrow(
      expect.objectContaining({ code: 'device-too-small', message }),
    );
  });

  test('can be taken by one file as a whole', () => {
    const allocator = allocatorOf(8 * UNIT, UNIT, 0);
    expect(allocator.contiguous(8 * UNIT + 1)).toBeUndefined();
    expect(allocator.contiguous(8 * UNIT)).toEqual({ devindex: 0, offset: 0, length: 8 * UNIT });
  });

  test.each([
    ['of no bytes takes nothing', 2 * UNIT, 0, 0, 7],
    ['at the very start was reserved', 0, UNIT, 1, 7],
    ['that ends with the device is on it', 7 * UNIT, UNIT, 0, 6],
  ])('an extent %s', (_, offset, length, taken, free) => {
    const allocator = allocatorOf(8 * UNIT);
    expect(allocator.reserve({ devindex: 0, offset, length })).toBe(taken);
    expect(allocator.freeUnits).toBe(free);
  });

  test.each([
    [8 * UNIT, 1],
    [0.5, 1],
    [UNIT, 0.5],
    [-1, 1],
    [1, -1],
  ])('an extent at %d of %d bytes is refused by its numbers', (offset, length) => {
    const message = `an extent at ${offset} of ${length} bytes on device 0 is not on device 0 of ${8 * UNIT} bytes`;
    expect(() => allocatorOf(8 * UNIT).reserve({ devindex: 0, offset, length })).toThrow(
      expect.objectContaining({ code: 'bad-log', message }),
    );
  });

  test('tells a size that is none, and an extent that was released twice', () => {
    const allocator = allocatorOf(8 * UNIT);
    expect(() => allocator.contiguous(-1)).toThrow(new RangeError('-1 is no size of a file'));
    const map = allocator.allocate(UNIT, undefined, Math.random);
    if (!map) throw new Error('there was room');
    allocator.release(map);
    expect(() => allocator.release(map)).toThrow(new RangeError(`the extent at ${UNIT} was released twice`));
  });
});

describe('stripes', () => {
  const GIB = 2 ** 30;
  const stripe = { nstrips: 2, nbuckets: 2, chunkSize: 2 * MIB };
  const striped = () => allocatorOf(2 * GIB, 2 * MIB, 10 * MIB);

  test('begin at a file of one chunk', () => {
    expect(striped().allocate(2 * MIB - 1, stripe, () => 0)?.kind).toBe('simple');
    expect(striped().allocate(2 * MIB, stripe, () => 0)?.kind).toBe('interleaved');
  });

  test('that were given back are found again, in the same buckets', () => {
    const allocator = striped();
    const first = allocator.allocate(64 * MIB, stripe, () => 0);
    const second = allocator.allocate(64 * MIB, stripe, () => 0);
    if (!first || !second) throw new Error('there was room');
    allocator.release(first);
    expect(allocator.allocate(64 * MIB, stripe, () => 0)).toEqual(first);
  });

  test('of another number of buckets lie in others', () => {
    const allocator = allocatorOf(4 * GIB, 2 * MIB, 10 * MIB);
    allocator.allocate(4 * MIB, stripe, () => 0);
    const map = allocator.allocate(8 * MIB, { ...stripe, nstrips: 4, nbuckets: 4 }, () => 0);
    const strips = map?.kind === 'interleaved' ? map.strips : [];
    expect(new Set(strips.map(({ offset }) => Math.floor(offset / GIB))).size).toBe(4);
  });

  test('take nothing where one bucket has no room', () => {
    const allocator = striped();
    allocator.reserve({ devindex: 0, offset: GIB, length: GIB });
    const before = allocator.stats();
    expect(allocator.allocate(4 * MIB, stripe, () => 0)).toBeUndefined();
    expect(allocator.stats()).toEqual(before);
  });
});

describe('a bitmap', () => {
  test('says what it refuses', () => {
    const bitmap = new Bitmap(10);
    expect(() => new Bitmap(-1)).toThrow(new RangeError('a bitmap cannot hold -1 units'));
    expect(() => bitmap.mark(9, 2)).toThrow(new RangeError('units 9 to 11 are not in a bitmap of 10'));
    expect(() => bitmap.firstFit(0)).toThrow(new RangeError('cannot look for 0 units'));
    expect(() => [...bitmap.freeRuns(0, 11)]).toThrow(RangeError);
  });

  test('may hold nothing', () => {
    const bitmap = new Bitmap(0);
    expect([bitmap.free, bitmap.firstFit(1), bitmap.largestFree(), bitmap.mark(0, 0)]).toEqual([0, -1, 0, 0]);
  });
});

describe('a pool', () => {
  test('without a device is a defect', () => {
    const message = 'a file system without a device';
    expect(() => new Pool([undefined]).stats()).toThrow(
      expect.objectContaining({ code: 'internal', message }),
    );
    expect(() => new Pool([]).checkStripe({ nstrips: 0, chunkSize: 0 })).not.toThrow();
  });

  test('marks nothing, and gives nothing back, on a device that is not attached', () => {
    const pool = new Pool([allocatorOf(8 * UNIT), undefined]);
    const extent = { devindex: 1, offset: 0, length: 100 * UNIT };
    expect(pool.reserve(extent)).toBe(0);
    expect(() => pool.release({ kind: 'simple', extents: [extent] })).not.toThrow();
    expect(pool.stats()).toMatchObject({ freeUnits: 7, devices: [{ freeUnits: 7 }, null] });
  });
});
