import { appendEntries } from '../../../src/log/append';
import { decodeEntry, type LogEntry } from '../../../src/log/entry';
import { type Counters, inspectHeader, readCounters } from '../../../src/log/header';
import { entryOffset, LOG_ENTRY, LOG_OFFSET, logCapacity, MIB } from '../../../src/log/layout';
import { type Image, makeImage, mkdir, setCounters, typicalEntries } from '../../support/images';

const LOG_LENGTH = 8 * MIB;
const CAPACITY = logCapacity(LOG_LENGTH);
const COUNTERS = { offset: LOG_OFFSET + 32, length: 16 };

const append = ({ store }: Image, counters: Counters, entries: readonly LogEntry[]) =>
  appendEntries(store, LOG_LENGTH, counters, entries);

function entryAt({ store }: Image, index: number): LogEntry {
  const bytes = store.read(entryOffset(index), LOG_ENTRY.bytes);
  expect(LOG_ENTRY.fields.crc.verify(bytes, 0)).toBeUndefined();
  expect(LOG_ENTRY.fields.seqnum.get(bytes, 0)).toBe(index);
  return decodeEntry(bytes, 0);
}

test('entries lie behind those that were there, and the counters count them', () => {
  const image = makeImage({ entries: [] });
  const entries = typicalEntries();
  const first = append(image, { nextSeqnum: 0, nextIndex: 0 }, entries.slice(0, 3));
  expect(first).toEqual({ nextSeqnum: 3, nextIndex: 3 });
  const second = append(image, first, entries.slice(3));
  expect(second).toEqual({ nextSeqnum: entries.length, nextIndex: entries.length });
  expect(inspectHeader(image.store, LOG_LENGTH)).toEqual({ counters: second, findings: [] });
  expect(entries.map((_, i) => entryAt(image, i))).toEqual(entries);
});

test('an image appended to is the image made at once', () => {
  const appended = makeImage({ entries: [] });
  append(appended, { nextSeqnum: 0, nextIndex: 0 }, typicalEntries());
  const whole = makeImage();
  const length = LOG_OFFSET + MIB;
  expect(appended.store.read(0, length).equals(whole.store.read(0, length))).toBe(true);
});

test('the entries are durable before the counters are raised, and the counters before it returns', () => {
  const image = makeImage({ entries: [mkdir('a')] });
  image.store.calls.length = 0;
  append(image, { nextSeqnum: 1, nextIndex: 1 }, [mkdir('b'), mkdir('c')]);
  const entries = { offset: entryOffset(1), length: 2 * LOG_ENTRY.bytes };
  expect(image.store.calls).toEqual([
    { call: 'store', ...entries },
    { call: 'flush', ...entries },
    { call: 'fence' },
    { call: 'store', ...COUNTERS },
    { call: 'flush', ...COUNTERS },
    { call: 'fence' },
  ]);
});

test('no entries, no stores', () => {
  const image = makeImage();
  image.store.calls.length = 0;
  const counters = { nextSeqnum: 13, nextIndex: 13 };
  expect(append(image, counters, [])).toBe(counters);
  expect(image.store.calls).toEqual([]);
});

describe('a log that is full', () => {
  const fullTo = (nextIndex: number) => {
    const image = makeImage({ entries: [] });
    setCounters(image, nextIndex);
    image.store.calls.length = 0;
    return { image, counters: { nextSeqnum: nextIndex, nextIndex } };
  };

  test('takes the last entry', () => {
    const { image, counters } = fullTo(CAPACITY - 1);
    append(image, counters, [mkdir('last')]);
    expect(readCounters(image.store)).toEqual({ nextSeqnum: CAPACITY, nextIndex: CAPACITY });
    expect(entryAt(image, CAPACITY - 1)).toEqual(mkdir('last'));
    expect(entryOffset(CAPACITY)).toBeLessThanOrEqual(LOG_OFFSET + LOG_LENGTH);
  });

  test.each([
    [CAPACITY, 1, '1 entry is needed, 0 left'],
    [CAPACITY - 1, 2, '2 entries are needed, 1 left'],
    [0, CAPACITY + 1, '15421 entries are needed, 15420 left'],
  ])('at %d refuses %d more and stores nothing', (nextIndex, count, message) => {
    const { image, counters } = fullTo(nextIndex);
    const entries = Array.from({ length: count }, (_, i) => mkdir(`d${i}`));
    expect(() => append(image, counters, entries)).toThrow(
      expect.objectContaining({ code: 'log-full', message: expect.stringContaining(message) }),
    );
    expect(image.store.calls).toEqual([]);
  });
});
