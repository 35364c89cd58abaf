import fc from 'fast-check';
import { MIB } from '../../../src/log/layout';
import { checkSeed, RANDOM_BLOCK_BYTES, RandomContents } from '../../../src/operations/random-contents';
import { firstDifference } from '../../../src/operations/same-contents';

const LONG = (1n << 64n) - 1n;

/** The algorithm as it is told in docs/FORMAT.md, in 64-bit words, slowly. */
function model(seed: number, length: number): Buffer {
  let splitMix = BigInt(seed);
  const split = () => {
    splitMix = (splitMix + 0x9e3779b97f4a7c15n) & LONG;
    let z = splitMix;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & LONG;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & LONG;
    return z ^ (z >> 31n);
  };
  const rotate = (word: bigint, by: bigint) => ((word << by) | (word >> (64n - by))) & LONG;
  let [s0, s1] = [split(), split()];
  const words = Buffer.alloc(4 * Math.ceil(length / 4));
  for (let at = 0; at < words.length; at += 4) {
    words.writeUInt32LE(Number((s0 + s1) & 0xffffffffn), at);
    const t = s0 ^ s1;
    s0 = rotate(s0, 55n) ^ t ^ ((t << 14n) & LONG);
    s1 = rotate(t, 36n);
  }
  return words.subarray(0, length);
}

const seeds = fc.integer({ min: 1, max: 0xffffffff });

describe('random contents', () => {
  test.each([
    [42, 20, '985f52e27afb0c3df88c822b402249e5d5781cc4'],
    [1, 8, '284991ee66b6fb34'],
    [0xffffffff, 7, '745532c32f3593'],
  ])('seed %d, %d bytes', (seed, length, hex) => {
    expect(new RandomContents(seed).next(length).toString('hex')).toBe(hex);
    expect(model(seed, length).toString('hex')).toBe(hex);
  });

  test('are those of the slow model, in whatever pieces they are made', () => {
    const pieces = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(seeds, pieces, fc.integer({ min: 0, max: 9 }), (seed, words, tail) => {
        const contents = new RandomContents(seed);
        const made = [...words.map((count) => 4 * count), tail].map((length) =>
          Buffer.from(contents.next(length)),
        );
        const all = Buffer.concat(made);
        expect(all.equals(model(seed, all.length))).toBe(true);
      }),
    );
  });

  test('over blocks', () => {
    const contents = new RandomContents(7);
    const all = Buffer.concat([1, 2].map(() => Buffer.from(contents.next(RANDOM_BLOCK_BYTES))));
    expect(all.subarray(-64).equals(model(7, 2 * MIB).subarray(-64))).toBe(true);
  });

  test('no more than a block at a time', () => {
    expect(() => new RandomContents(1).next(RANDOM_BLOCK_BYTES + 1)).toThrow(RangeError);
  });

  test.each([0, -1, 0.5, 2 ** 32, Number.NaN])('%d is no seed', (seed) => {
    expect(() => checkSeed(seed)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => new RandomContents(seed)).toThrow('stands for no contents');
  });
});

test('the first difference of two buffers', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (bytes, n) => {
      const [one, other] = [Buffer.from(bytes), Buffer.from(bytes)];
      expect(firstDifference(one, other)).toBe(-1);
      const at = n % bytes.length;
      other[at] = (other[at] as number) ^ 0xff;
      expect(firstDifference(one, other)).toBe(at);
    }),
  );
});
