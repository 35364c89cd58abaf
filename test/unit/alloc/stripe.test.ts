import fc from 'fast-check';
import { Allocator, checkStripe } from '../../../src/alloc/allocator';
import { shuffledIndices } from '../../../src/alloc/stripe';
import { FamfsError } from '../../../src/errors';
import type { InterleavedMap, StripeOptions } from '../../../src/types';
import { seeded } from '../../support/random';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const RESERVED = 10 * MIB;

function allocatorOf(deviceBytes: number, allocUnit = 2 * MIB): Allocator {
  return new Allocator({ devindex: 0, deviceBytes, allocUnit, reservedBytes: RESERVED });
}

function interleaved(
  allocator: Allocator,
  size: number,
  stripe: StripeOptions,
  seed: number,
): InterleavedMap {
  const map = allocator.interleaved(size, stripe, seeded(seed));
  if (map?.kind !== 'interleaved') throw new Error('no interleaved map was made');
  return map;
}

describe('interleaved', () => {
  test('each strip lies in its own bucket and is as long as the rule says', () => {
    const cases = fc.record({
      deviceGib: fc.integer({ min: 16, max: 64 }),
      spareBytes: fc.nat(3 * MIB),
      allocUnit: fc.constantFrom(4096, 2 * MIB),
      nstrips: fc.integer({ min: 1, max: 16 }),
      nbuckets: fc.integer({ min: 1, max: 16 }),
      chunkShift: fc.integer({ min: 0, max: 5 }),
      bytes: fc.nat(900 * MIB),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(cases, (c) => {
        fc.pre(c.nstrips <= c.nbuckets);
        const deviceBytes = c.deviceGib * GIB + c.spareBytes;
        const stripe = {
          nstrips: c.nstrips,
          nbuckets: c.nbuckets,
          chunkSize: c.allocUnit * 2 ** c.chunkShift,
        };
        const size = stripe.chunkSize + c.bytes;
        const map = interleaved(allocatorOf(deviceBytes, c.allocUnit), size, stripe, c.seed);
        const bucketBytes = Math.floor(Math.floor(deviceBytes / c.allocUnit) / c.nbuckets) * c.allocUnit;
        const units = Math.ceil(size / c.allocUnit);
        const chunks = Math.ceil(units / (c.nstrips * 2 ** c.chunkShift));
        const buckets = map.strips.map(({ offset }) => Math.floor(offset / bucketBytes));
        expect(new Set(buckets).size).toBe(c.nstrips);
        for (const { offset, length } of map.strips) {
          expect(length).toBe(chunks * stripe.chunkSize);
          expect(Math.floor((offset + length - 1) / bucketBytes)).toBe(Math.floor(offset / bucketBytes));
        }
        expect(map.chunkSize).toBe(stripe.chunkSize);
      }),
      { numRuns: 300 },
    );
  });

  test('each strip is the lowest free run of its bucket', () => {
    const allocator = allocatorOf(8 * GIB);
    const stripe = { nstrips: 8, nbuckets: 8, chunkSize: 2 * MIB };
    const starts = (map: InterleavedMap) => map.strips.map(({ offset }) => offset).sort((a, b) => a - b);
    const bases = Array.from({ length: 8 }, (_, index) => (index === 0 ? RESERVED : index * GIB));
    expect(starts(interleaved(allocator, 64 * MIB, stripe, 1))).toEqual(bases);
    expect(starts(interleaved(allocator, 64 * MIB, stripe, 2))).toEqual(bases.map((base) => base + 8 * MIB));
  });

  test('the random source alone decides on the buckets and their order', () => {
    const stripe = { nstrips: 4, nbuckets: 16, chunkSize: 2 * MIB };
    const strips = (seed: number) => interleaved(allocatorOf(16 * GIB), 100 * MIB, stripe, seed).strips;
    expect(strips(7)).toEqual(strips(7));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => JSON.stringify(strips(seed)))).size).toBe(5);
  });

  test('one strip is still an interleaved map', () => {
    const stripe = { nstrips: 1, nbuckets: 4, chunkSize: 2 * MIB };
    expect(interleaved(allocatorOf(4 * GIB), 9 * MIB, stripe, 1).strips).toHaveLength(1);
  });

  test('a file smaller than a chunk gets one extent at the lowest free unit', () => {
    const stripe = { nstrips: 4, nbuckets: 4, chunkSize: 4 * MIB };
    const allocator = allocatorOf(4 * GIB);
    expect(allocator.interleaved(4 * MIB - 1, stripe, seeded(1))).toEqual({
      kind: 'simple',
      extents: [{ devindex: 0, offset: RESERVED, length: 4 * MIB }],
    });
    expect(allocator.interleaved(0, stripe, seeded(1))?.kind).toBe('simple');
    expect(allocator.interleaved(4 * MIB, stripe, seeded(1))?.kind).toBe('interleaved');
  });

  test('buckets without room are passed over', () => {
    const allocator = allocatorOf(4 * GIB);
    allocator.reserve({ devindex: 0, offset: 2 * GIB, length: GIB });
    const stripe = { nstrips: 3, nbuckets: 4, chunkSize: 2 * MIB };
    const map = interleaved(allocator, 30 * MIB, stripe, 3);
    expect(map.strips.map(({ offset }) => Math.floor(offset / GIB)).sort()).toEqual([0, 1, 3]);
  });

  test('takes nothing where too few buckets have room', () => {
    const allocator = allocatorOf(4 * GIB);
    allocator.reserve({ devindex: 0, offset: 2 * GIB, length: GIB });
    const before = allocator.stats();
    const stripe = { nstrips: 4, nbuckets: 4, chunkSize: 2 * MIB };
    expect(allocator.interleaved(30 * MIB, stripe, seeded(1))).toBeUndefined();
    expect(allocator.interleaved(Number.MAX_SAFE_INTEGER, stripe, seeded(1))).toBeUndefined();
    expect(allocator.stats()).toEqual(before);
    expect(allocator.contiguous(1)?.offset).toBe(RESERVED);
  });

  test('refuses options that break a rule', () => {
    const stripe = { nstrips: 0, nbuckets: 4, chunkSize: 2 * MIB };
    expect(() => allocatorOf(4 * GIB).interleaved(1, stripe, seeded(1))).toThrow(FamfsError);
  });
});

describe('checkStripe', () => {
  const good: StripeOptions = { nstrips: 4, nbuckets: 8, chunkSize: 2 * MIB };

  test.each<[string, Partial<StripeOptions>]>([
    ['the least of each', { nstrips: 1, nbuckets: 1 }],
    ['as many strips as buckets', { nstrips: 8 }],
    ['the most of each', { nstrips: 16, nbuckets: 64, chunkSize: 1024 * MIB }],
  ])('accepts %s', (_, change) => {
    expect(() => checkStripe({ ...good, ...change }, 64 * GIB, 2 * MIB)).not.toThrow();
  });

  const chunkHint = 'choose a power of two of at least 2097152 bytes, the allocation unit';
  const countHint = (what: string, most: number) => `choose a whole number of ${what} from 1 to ${most}`;

  test.each<[Partial<StripeOptions>, string, string]>([
    [{ chunkSize: 0 }, 'the chunk size is 0 bytes, which is not a power of two', chunkHint],
    [{ chunkSize: 3 * MIB }, 'the chunk size is 3145728 bytes, which is not a power of two', chunkHint],
    [
      { chunkSize: 2 ** 40 + 1 },
      'the chunk size is 1099511627777 bytes, which is not a power of two',
      chunkHint,
    ],
    [{ chunkSize: Number.NaN }, 'the chunk size is NaN bytes, which is not a power of two', chunkHint],
    [
      { chunkSize: MIB },
      'the chunk size is 1048576 bytes, which is not a multiple of the allocation unit of 2097152 bytes',
      chunkHint,
    ],
    [{ nstrips: 0 }, 'the number of strips is 0, which is not between 1 and 16', countHint('strips', 16)],
    [{ nstrips: 1.5 }, 'the number of strips is 1.5, which is not between 1 and 16', countHint('strips', 16)],
    [
      { nstrips: 17, nbuckets: 32 },
      'the number of strips is 17, which is not between 1 and 16',
      countHint('strips', 16),
    ],
    [{ nbuckets: 0 }, 'the number of buckets is 0, which is not between 1 and 64', countHint('buckets', 64)],
    [
      { nbuckets: 65 },
      'the number of buckets is 65, which is not between 1 and 64',
      countHint('buckets', 64),
    ],
    [
      { nstrips: 9 },
      'the number of strips is 9 but there are only 8 buckets, and each strip takes its own',
      'Give at least as many buckets as strips.',
    ],
    [
      { nbuckets: 33 },
      'the number of buckets is 33, which makes buckets of less than 1 GiB on a device of 34359738368 bytes',
      'use 32 buckets or fewer',
    ],
  ])('refuses %j', (change, message, hint) => {
    const check = () => checkStripe({ ...good, ...change }, 32 * GIB, 2 * MIB);
    expect(check).toThrow(expect.objectContaining({ code: 'usage', message, hint }));
  });

  test('says when no number of buckets will do', () => {
    const check = () => checkStripe({ ...good, nstrips: 1, nbuckets: 1 }, GIB - 1, 2 * MIB);
    expect(check).toThrow(
      expect.objectContaining({ hint: 'files cannot be striped on a device this small' }),
    );
  });
});

describe('shuffledIndices', () => {
  test('is a permutation', () => {
    fc.assert(
      fc.property(fc.nat(64), fc.integer(), (count, seed) => {
        const sorted = shuffledIndices(count, seeded(seed)).sort((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: count }, (_, index) => index));
      }),
    );
  });

  test('gives each order about as often', () => {
    const random = seeded(42);
    const seen = new Map<string, number>();
    for (let round = 0; round < 6000; round += 1) {
      const order = shuffledIndices(3, random).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test('refuses a random source that leaves [0, 1)', () => {
    expect(() => shuffledIndices(4, () => 1)).toThrow(new RangeError('the random source left [0, 1)'));
  });
});
