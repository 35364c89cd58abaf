import fc from 'fast-check';
import { Allocator } from '../../../src/alloc/allocator';
import { Pool } from '../../../src/alloc/pool';
import { type Extent, extentsOf, PLACEMENT_POLICIES, type StripeOptions } from '../../../src/types';
import { seeded } from '../../support/random';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const UNIT = 2 * MIB;

const allocator = (devindex: number, deviceBytes: number) =>
  new Allocator({
    devindex,
    deviceBytes,
    allocUnit: UNIT,
    reservedBytes: devindex === 0 ? 10 * MIB : 2 * MIB,
  });
const poolOf = (sizes: readonly number[], policy?: (typeof PLACEMENT_POLICIES)[number], turn?: number) =>
  new Pool(
    sizes.map((size, i) => allocator(i, size)),
    policy,
    turn,
  );
const devicesOf = (pool: Pool, count: number, size = UNIT) =>
  Array.from(
    { length: count },
    () => extentsOf(pool.allocate(size, undefined, Math.random) as never)[0]?.devindex,
  );

describe('a file in one piece goes', () => {
  const sizes = [32 * MIB, 64 * MIB, 48 * MIB];

  test('to the device with the most free space, the first of equals', () => {
    // Free units: 11, 31 and 23. The second is ahead by 8.
    expect(devicesOf(poolOf(sizes), 9)).toEqual([...Array(9).fill(1)]);
    const pool = poolOf(sizes);
    devicesOf(pool, 8);
    expect(devicesOf(pool, 5)).toEqual([1, 2, 1, 2, 1]);
  });

  test('to the first device with room under fill', () => {
    expect(devicesOf(poolOf(sizes, 'fill'), 13)).toEqual([...Array(11).fill(0), 1, 1]);
  });

  test('to each device in turn under spread, from the one whose turn it is', () => {
    expect(devicesOf(poolOf(sizes, 'spread'), 5)).toEqual([0, 1, 2, 0, 1]);
    expect(devicesOf(poolOf(sizes, 'spread', 5), 3)).toEqual([2, 0, 1]);
  });

  test.each(PLACEMENT_POLICIES)(
    'to another device when it does not fit, and never over two (%s)',
    (policy) => {
      const pool = poolOf(sizes, policy);
      expect(devicesOf(pool, 1, 60 * MIB)).toEqual([1]);
      expect(devicesOf(pool, 1, 40 * MIB)).toEqual([2]);
      expect(pool.allocate(40 * MIB, undefined, Math.random)).toBeUndefined();
      expect(devicesOf(pool, 1, 22 * MIB)).toEqual([0]);
    },
  );

  test('to no device that is not attached', () => {
    const pool = new Pool([allocator(0, 16 * MIB), undefined, allocator(2, 16 * MIB)], 'spread');
    expect(devicesOf(pool, 4)).toEqual([0, 2, 0, 2]);
    expect(pool.stats().devices[1]).toBeNull();
    expect(pool.reserve({ devindex: 1, offset: 0, length: GIB })).toBe(0);
  });
});

describe('a striped file', () => {
  const stripe: StripeOptions = { nstrips: 3, chunkSize: UNIT };

  test('has one strip on each of as many devices as it asks for, at the most', () => {
    const pool = poolOf(Array(5).fill(GIB));
    const map = pool.allocate(20 * MIB, stripe, seeded(1));
    expect(map).toMatchObject({ kind: 'interleaved', chunkSize: UNIT });
    const strips = extentsOf(map as never);
    expect(new Set(strips.map(({ devindex }) => devindex)).size).toBe(3);
    expect(strips.map(({ length }) => length)).toEqual([8 * MIB, 8 * MIB, 8 * MIB]);
    expect(extentsOf(poolOf([GIB, GIB]).allocate(20 * MIB, stripe, seeded(1)) as never)).toHaveLength(2);
  });

  test('needs no buckets, and may have them', () => {
    const pool = poolOf([GIB, GIB, GIB]);
    expect(() => pool.checkStripe(stripe)).not.toThrow();
    expect(() => pool.checkStripe({ ...stripe, nbuckets: 8 })).not.toThrow();
    expect(() => pool.checkStripe({ ...stripe, nstrips: 17 })).toThrow(/strips/);
    expect(() => pool.checkStripe({ ...stripe, chunkSize: 3 * MIB })).toThrow(/chunk/);
    expect(() => poolOf([8 * GIB]).checkStripe(stripe)).toThrow(/buckets is missing/);
  });

  test('of less than a chunk is in one piece, and of a chunk it is striped', () => {
    const pool = poolOf([GIB, GIB]);
    expect(pool.allocate(UNIT - 1, stripe, seeded(1))).toMatchObject({ kind: 'simple' });
    expect(pool.allocate(UNIT, stripe, seeded(1))).toMatchObject({ kind: 'interleaved' });
  });

  test('takes nothing where it does not fit', () => {
    const pool = poolOf([GIB, 8 * MIB, GIB]);
    const before = pool.stats();
    expect(pool.allocate(30 * MIB, stripe, seeded(1))).toBeUndefined();
    expect(pool.stats()).toEqual(before);
    expect(pool.allocate(30 * MIB, { ...stripe, nstrips: 2 }, seeded(1))).toBeDefined();
  });

  test('is in the same places for the same random numbers', () => {
    const places = (seed: number) =>
      extentsOf(poolOf(Array(8).fill(GIB)).allocate(GIB, stripe, seeded(seed)) as never);
    expect(places(7)).toEqual(places(7));
    expect(
      [1, 2, 3, 4].map((seed) =>
        places(seed)
          .map(({ devindex }) => devindex)
          .join(),
      ).length,
    ).toBe(4);
    expect(new Set([1, 2, 3, 4, 5].map((seed) => places(seed)[0]?.devindex)).size).toBeGreaterThan(1);
  });
});

const wish = fc.record({
  size: fc.integer({ min: 0, max: 40 * MIB }),
  stripe: fc.option(
    fc.record({ nstrips: fc.integer({ min: 1, max: 4 }), chunkSize: fc.constantFrom(UNIT, 2 * UNIT) }),
    {
      nil: undefined,
    },
  ),
});

test('no two files share a unit, none leaves its device or enters what is reserved, and all can be given back', () => {
  const sizes = fc.array(fc.integer({ min: 12 * MIB, max: 128 * MIB }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(
      sizes,
      fc.constantFrom(...PLACEMENT_POLICIES),
      fc.array(wish),
      fc.nat(),
      (bytes, policy, wishes, seed) => {
        const pool = poolOf(bytes, policy, seed % 7);
        const empty = pool.stats();
        const maps = wishes.flatMap(({ size, stripe }) => pool.allocate(size, stripe, seeded(seed)) ?? []);
        const taken = new Set<string>();
        for (const { devindex, length, offset } of maps.flatMap(extentsOf)) {
          expect(offset).toBeGreaterThanOrEqual(devindex === 0 ? 10 * MIB : 2 * MIB);
          expect(offset + length).toBeLessThanOrEqual(bytes[devindex] as number);
          for (let at = offset; at < offset + length; at += UNIT) {
            expect(taken.has(`${devindex}:${at}`)).toBe(false);
            taken.add(`${devindex}:${at}`);
          }
        }
        expect(pool.stats().usedUnits - empty.usedUnits).toBe(taken.size);
        for (const map of maps) pool.release(map);
        expect(pool.stats()).toEqual(empty);
      },
    ),
  );
});

test('one device is given out as its Allocator does', () => {
  const alone: StripeOptions = { nstrips: 2, nbuckets: 4, chunkSize: UNIT };
  const pool = poolOf([8 * GIB]);
  const single = allocator(0, 8 * GIB);
  for (const [size, stripe] of [[5 * MIB], [33 * MIB, alone], [0], [MIB, alone]] as [
    number,
    StripeOptions?,
  ][]) {
    expect(pool.allocate(size, stripe, seeded(3))).toEqual(single.allocate(size, stripe, seeded(3)));
  }
  const { devices, ...stats } = pool.stats();
  expect(stats).toEqual(single.stats());
  expect(devices).toEqual([single.stats()]);
});

test('room on all devices adds up', () => {
  const pool = poolOf([16 * MIB, 32 * MIB]);
  const extent = extentsOf(pool.allocate(MIB, undefined, Math.random) as never)[0] as Extent;
  expect(extent).toEqual({ devindex: 1, offset: 2 * MIB, length: UNIT });
  expect(pool.stats()).toMatchObject({
    totalUnits: 24,
    usedUnits: 7,
    freeUnits: 17,
    freeRuns: 2,
    largestFreeUnits: 14,
  });
});
