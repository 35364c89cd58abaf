import fc from 'fast-check';
import { isError } from '../../../src/log/findings';
import { inspectHeader } from '../../../src/log/header';
import {
  entryOffset,
  LOG_ENTRY,
  LOG_HEADER,
  LOG_OFFSET,
  logCapacity,
  MIB,
  SUPERBLOCK,
} from '../../../src/log/layout';
import { type HeaderPlan, planHeader, storeHeader } from '../../../src/log/repair';
import { Replay } from '../../../src/log/replay';
import { findSuperblock } from '../../../src/log/superblock';
import {
  damage,
  entryField,
  file,
  headerField,
  type Image,
  type MemoryStore,
  makeImage,
  Space,
  setCounters,
  TYPICAL,
} from '../../support/images';
import { DAMAGED_IMAGES } from '../../support/images-damaged';

const ENTRIES = 13;
const CAPACITY = logCapacity(8 * MIB);
const LOG_END = LOG_OFFSET + 8 * MIB;

/** Codes of all that is wrong with an image whose superblock is sound, each once. */
function codesOf(store: MemoryStore): string[] {
  const { findings, superblock } = findSuperblock(store);
  const header = inspectHeader(store, superblock.logLength);
  const all = [...findings, ...header.findings];
  const replay = new Replay(store, superblock, (found) => all.push(found));
  replay.to(Math.min(header.counters.nextIndex, CAPACITY));
  return [...new Set(all.filter(isError).map(({ code }) => code))].sort();
}

const plan = (store: MemoryStore): HeaderPlan => planHeader(store, findSuperblock(store).superblock);
const countersOn = (store: MemoryStore) => inspectHeader(store, 8 * MIB).counters;
const headerOf = (store: MemoryStore) => store.read(LOG_OFFSET, LOG_HEADER.bytes);
const restOf = (store: MemoryStore) =>
  Buffer.concat([
    store.read(0, LOG_OFFSET),
    store.read(LOG_OFFSET + LOG_HEADER.bytes, LOG_END - LOG_OFFSET - LOG_HEADER.bytes),
  ]);

function repair(store: MemoryStore): HeaderPlan {
  const made = plan(store);
  if (made.acts.length > 0) storeHeader(store, made);
  return made;
}

/** Damaged images that a repair makes clean; one gives up its last entry. */
const REPAIRED = new Set([
  'log header all zeros',
  'log magic',
  'log header sum',
  'log header sum, upper half',
  'log length doubled',
  'log length 0',
  'last index',
  'next sequence number',
  'next index one too high',
  'both counters one too high',
  'more entries than fit',
  '2^40 entries',
  '2^64 - 1 entries',
  'sum of the last entry',
]);

describe('every kind of damage', () => {
  const images = DAMAGED_IMAGES.filter(({ make }) => !findSuperblock(make().store).findings.some(isError));

  test('is among those that are repaired, as far as it is named there', () => {
    const names = images.map(({ name }) => name);
    expect([...REPAIRED].filter((name) => !names.includes(name))).toEqual([]);
  });

  test.each(images.map(({ name, make }) => [name, make] as const))('%s', (name, make) => {
    const { store } = make();
    const codes = codesOf(store);
    const [header, rest] = [headerOf(store), restOf(store)];
    store.calls.length = 0;
    const made = repair(store);
    expect(restOf(store).equals(rest)).toBe(true);
    if (REPAIRED.has(name)) {
      expect(codesOf(store)).toEqual([]);
      expect(countersOn(store).nextIndex).toBe(name === 'sum of the last entry' ? ENTRIES - 1 : ENTRIES);
      expect(made.givesUp).toBe(name === 'sum of the last entry' ? 1 : 0);
    } else {
      expect(codesOf(store)).toEqual(codes);
      expect(store.calls).toEqual([]);
      expect(headerOf(store).equals(header)).toBe(true);
    }
    expect(plan(store).acts).toEqual([]);
  });
});

const counter = fc.oneof(
  fc.integer({ min: 0, max: ENTRIES + 5 }),
  fc.integer({ min: 0, max: CAPACITY + 5 }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

function damageCounters({ store }: Image, index: number | bigint, seqnum: number | bigint): void {
  const bytes = headerOf(store);
  LOG_HEADER.fields.nextIndex.setBig(bytes, 0, BigInt(index));
  LOG_HEADER.fields.nextSeqnum.setBig(bytes, 0, BigInt(seqnum));
  store.store(LOG_OFFSET, bytes);
}

test('any counters become those of the last entry that either counts and that can be read', () => {
  const untouched = restOf(makeImage().store);
  fc.assert(
    fc.property(counter, counter, (index, seqnum) => {
      const image = makeImage();
      damageCounters(image, index, seqnum);
      const { store } = image;
      store.calls.length = 0;
      const made = repair(store);
      for (const call of store.calls) {
        if (call.call === 'fence') continue;
        expect(call.offset).toBeGreaterThanOrEqual(LOG_OFFSET);
        expect(call.offset + call.length).toBeLessThanOrEqual(LOG_OFFSET + LOG_HEADER.bytes);
      }
      expect(restOf(store).equals(untouched)).toBe(true);
      expect(codesOf(store)).toEqual([]);
      const counted = Number(BigInt(index) > BigInt(seqnum) ? index : seqnum);
      const count = Math.min(ENTRIES, counted);
      expect(countersOn(store)).toEqual({ nextIndex: count, nextSeqnum: count });
      expect(made.safe).toBe(Number(index) >= count);
      const calls = store.calls.length;
      repair(store);
      expect(store.calls).toHaveLength(calls);
    }),
    { numRuns: 150 },
  );
});

const CONSTANT_BYTES = LOG_HEADER.fields.nextSeqnum.offset;
const CONSTANTS = headerOf(makeImage().store).subarray(0, CONSTANT_BYTES);

test.each([
  [8, 40],
  [24, 24],
  [16, 32],
])('where bytes %d and %d more of the header are zero, no entry is lost', (at, length) => {
  const { store } = makeImage();
  store.zero(LOG_OFFSET + at, length);
  expect(repair(store)).toMatchObject({ count: ENTRIES, givesUp: 0 });
  expect(countersOn(store).nextIndex).toBe(ENTRIES);
});

test('any bytes of the header are repaired, and where more than the counters is wrong all entries count', () => {
  const at = fc.integer({ min: 0, max: LOG_HEADER.bytes - 1 });
  const bytes = fc.array(fc.tuple(at, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 6 });
  const untouched = restOf(makeImage().store);
  fc.assert(
    fc.property(bytes, (flips) => {
      const { store } = makeImage();
      const header = headerOf(store);
      for (const [offset, bits] of flips) header[offset] = (header[offset] as number) ^ bits;
      store.store(LOG_OFFSET, header);
      const bad = !header.subarray(0, CONSTANT_BYTES).equals(CONSTANTS);
      const counted = Math.max(...Object.values(countersOn(store)));
      const made = repair(store);
      expect(restOf(store).equals(untouched)).toBe(true);
      expect(made.doubt).toBeUndefined();
      expect(countersOn(store).nextIndex).toBe(bad ? ENTRIES : Math.min(ENTRIES, counted));
      expect(codesOf(store)).toEqual([]);
      expect(plan(store).acts).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

describe('entries of an append that was cut off, whose space was given out since', () => {
  /** One entry that counts, and behind it two of which the first takes its space, or its path. */
  function stale(what: 'space' | 'path'): Image {
    const space = new Space();
    const good = space.simple(2);
    const map = what === 'space' ? good : space.simple(1);
    const name = what === 'path' ? 'good' : 'stale';
    const entries = [file('good', MIB, good), file(name, MIB, map), file('other', MIB, space.simple(1))];
    const image = makeImage({ entries });
    setCounters(image, 1);
    return image;
  }

  test.each(['space', 'path'] as const)('are not counted where the counters agree: %s', (what) => {
    const image = stale(what);
    const { store } = image;
    damage(image, headerField('crc'), 1, { reseal: false });
    expect(repair(store)).toMatchObject({ count: 1, givesUp: 0, safe: true });
    expect(countersOn(store)).toEqual({ nextIndex: 1, nextSeqnum: 1 });
    expect(codesOf(store)).toEqual([]);
  });

  test.each(['space', 'path'] as const)('leave counters in doubt that do not: %s', (what) => {
    const image = stale(what);
    damageCounters(image, 1, 3);
    const header = headerOf(image.store);
    expect(repair(image.store).doubt).toBe(
      'the counters differ, and entry 1 between them contradicts an earlier one',
    );
    expect(headerOf(image.store).equals(header)).toBe(true);
  });
});

describe('entries behind those that count contradict none of these', () => {
  /** Three files, of which two have one place or one name, the first `counted` of them counted. */
  function image(what: 'space' | 'path', [first, second]: readonly [number, number], counted: number): Image {
    const space = new Space();
    const maps = Array.from({ length: 3 }, () => space.simple(1));
    const names = ['a', 'b', 'c'];
    if (what === 'space') maps[second] = maps[first] as (typeof maps)[number];
    else names[second] = names[first] as string;
    const made = makeImage({
      entries: names.map((name, i) => file(name, 1, maps[i] as (typeof maps)[number])),
    });
    setCounters(made, counted);
    damage(made, headerField('crc'), 1, { reseal: false });
    return made;
  }

  test('where two that count contradict one another', () => {
    for (const what of ['space', 'path'] as const)
      expect(plan(image(what, [0, 1], 2).store)).toMatchObject({ count: 3, safe: false });
  });

  test('but of those that do not, two that contradict one another were not appended together', () => {
    for (const what of ['space', 'path'] as const) {
      const { store } = image(what, [1, 2], 1);
      expect(repair(store)).toMatchObject({ count: 1, safe: true });
      expect(codesOf(store)).toEqual([]);
    }
  });

  test('where the log was empty, or all count', () => {
    for (const what of ['space', 'path'] as const) {
      expect(plan(image(what, [0, 1], 0).store)).toMatchObject({ count: 3 });
      expect(plan(image(what, [1, 2], 3).store)).toMatchObject({ count: 3, safe: true });
    }
  });
});

const small = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: ENTRIES }) }, counter);
const WORDS = LOG_HEADER.bytes / 8;

/** What a store of the plan may leave when the power fails: the words of each store of it that came before, or some. */
function torn(made: HeaderPlan, store: MemoryStore, mask: number, last: number): Buffer {
  const left = Buffer.from(made.before);
  store.calls.length = 0;
  storeHeader(store, made);
  const stores = store.calls.flatMap((call) => (call.call === 'store' ? [call] : []));
  stores.slice(0, 1 + (last % stores.length)).forEach(({ length, offset }, i, taken) => {
    for (let at = offset - LOG_OFFSET; at < offset - LOG_OFFSET + length; at += 8) {
      if (i < taken.length - 1 || (mask >> (at / 8)) & 1) made.after.copy(left, at, at, at + 8);
    }
  });
  return left;
}

test('a power cut while it is stored leaves a header that another repair makes the same', () => {
  const mask = fc.integer({ min: 0, max: 2 ** WORDS - 1 });
  const constant = fc.constantFrom(undefined, 'magic', 'length', 'lastIndex', 'crc');
  fc.assert(
    fc.property(small, small, mask, fc.nat(1), constant, (index, seqnum, words, last, lost) => {
      const image = makeImage();
      damageCounters(image, index, seqnum);
      const { store } = image;
      if (lost) damage(image, headerField(lost), 0, { reseal: false });
      const made = plan(store);
      if (made.acts.length === 0) return;
      store.store(LOG_OFFSET, torn(made, store, words, last));
      repair(store);
      expect(headerOf(store).equals(made.after)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

test.each([
  ['in one store', (image: Image) => setCounters(image, 20), [[0, 48]]],
  [
    'the counters first, where more is wrong',
    (image: Image) => damage(image, headerField('crc'), 1, { reseal: false }),
    [
      [32, 16],
      [0, 32],
    ],
  ],
] as const)('it is made durable %s', (_how, spoil, ranges) => {
  const image = makeImage();
  spoil(image);
  image.store.calls.length = 0;
  repair(image.store);
  expect(image.store.calls).toEqual(
    ranges.flatMap(([offset, length]) => {
      const range = { offset: LOG_OFFSET + offset, length };
      return [{ call: 'store', ...range }, { call: 'flush', ...range }, { call: 'fence' }];
    }),
  );
});

describe('what is told', () => {
  test('each field, from what to what, where and why', () => {
    const image = makeImage();
    setCounters(image, 20);
    const common = { length: 8, from: '20', to: '13', why: 'no entry from 13 on was ever stored' };
    expect(plan(image.store).acts).toEqual([
      { field: 'nextSeqnum', offset: LOG_OFFSET + 32, ...common },
      { field: 'nextIndex', offset: LOG_OFFSET + 40, ...common },
    ]);
  });

  test('why the fields have these values', () => {
    const { store } = makeImage();
    store.zero(LOG_OFFSET, LOG_HEADER.bytes);
    const raised = 'entries 0 to 12 are there and whole';
    expect(plan(store).acts.map(({ field, why }) => [field, why])).toEqual([
      ['magic', 'every log begins with it'],
      ['length', 'is the log length of the superblock'],
      ['lastIndex', 'follows from the log length'],
      ['crc', 'is the sum of the bytes before it'],
      ['nextSeqnum', raised],
      ['nextIndex', raised],
    ]);
  });

  test('why one counter is another, and that one entry appears', () => {
    const image = makeImage();
    setCounters(image, 13, 20);
    expect(plan(image.store).acts).toMatchObject([{ field: 'nextSeqnum', why: 'is always the next index' }]);
    setCounters(image, 12, 13);
    expect(plan(image.store).acts).toMatchObject([
      { field: 'nextIndex', why: 'entry 12 is there and whole' },
    ]);
  });

  test('exact values beyond 2^53, and magic and checksum in hexadecimal', () => {
    const image = makeImage();
    damageCounters(image, 2n ** 64n - 1n, 13);
    damage(image, headerField('magic'), 0xabc, { reseal: true });
    const acts = plan(image.store).acts.map(({ field, from, to }) => [field, from, to]);
    expect(acts).toContainEqual(['magic', '0xabc', '0xbadcafef00d']);
    expect(acts).toContainEqual(['nextIndex', '18446744073709551615', '13']);
    expect(acts).toContainEqual(['crc', expect.stringMatching(/^0x/), '0xa5875078']);
  });

  test('entries that are given up, as not safe', () => {
    const image = makeImage();
    damage(image, entryField(TYPICAL.last, LOG_ENTRY, 'crc'), 1, { reseal: false });
    setCounters(image, 20);
    const made = plan(image.store);
    expect(made).toMatchObject({ count: 12, givesUp: 1, safe: false });
    expect(made.acts[0]?.why).toBe('behind that no entry can be read; 1 of them hold something');
  });

  test('entries that appear, as not safe', () => {
    const image = makeImage();
    setCounters(image, 5, 13);
    const made = plan(image.store);
    expect(made).toMatchObject({ count: 13, givesUp: 0, safe: false });
    expect(made.acts).toMatchObject([{ field: 'nextIndex', why: 'entries 5 to 12 are there and whole' }]);
  });
});

describe('what is left, with a reason', () => {
  test('counters that differ where an entry between them is damaged', () => {
    const image = makeImage();
    damage(image, entryField(8, LOG_ENTRY, 'crc'), 1, { reseal: false });
    setCounters(image, 5, 13);
    expect(plan(image.store)).toMatchObject({ acts: [], doubt: expect.stringContaining('entry 8') });
  });

  test('a header that is sound for another log', () => {
    const { store } = makeImage();
    const other = makeImage({ logLength: 16 * MIB });
    store.store(LOG_OFFSET, headerOf(other.store));
    expect(plan(store)).toMatchObject({ acts: [], doubt: expect.stringContaining('another file system') });
  });
});

test('a bad entry in the middle stays counted, and what is behind the last entry does not', () => {
  const image = makeImage();
  damage(image, entryField(TYPICAL.file, LOG_ENTRY, 'crc'), 1, { reseal: false });
  setCounters(image, 600);
  const before = image.store.read(0, SUPERBLOCK.bytes);
  expect(repair(image.store)).toMatchObject({ count: ENTRIES, givesUp: 0, safe: true });
  expect(codesOf(image.store)).toEqual(['entry-crc']);
  expect(image.store.read(0, SUPERBLOCK.bytes).equals(before)).toBe(true);
  expect(image.store.read(entryOffset(0), LOG_ENTRY.bytes).every((byte) => byte === 0)).toBe(false);
});

test('an entry whose sum is right is never given up, whatever else is wrong with it', () => {
  for (const [name, value] of [
    ['seqnum', 77],
    ['type', 99],
  ] as const) {
    const image = makeImage();
    damage(image, entryField(TYPICAL.last, LOG_ENTRY, name), value, { reseal: true });
    setCounters(image, 20);
    expect(repair(image.store).count).toBe(ENTRIES);
  }
});

test.each([1, 481, 482, CAPACITY])('%d entries that were never stored are none', (count) => {
  const image = makeImage({ entries: [] });
  setCounters(image, count);
  expect(repair(image.store)).toMatchObject({ count: 0, givesUp: 0, safe: true });
  expect(codesOf(image.store)).toEqual([]);
});
