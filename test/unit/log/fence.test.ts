import { appendEntries } from '../../../src/log/append';
import type { LogEntry } from '../../../src/log/entry';
import { type AppendStep, Fence } from '../../../src/log/fence';
import { type Counters, readCounters } from '../../../src/log/header';
import { entryOffset, LOG_ENTRY, MIB, SUPERBLOCK } from '../../../src/log/layout';
import {
  encodeSuperblock,
  loadSuperblock,
  readSuperblockBytes,
  storeOwner,
} from '../../../src/log/superblock';
import { addDaxdev, type Image, makeImage, mkdir, setCounters } from '../../support/images';

const LOG_LENGTH = 8 * MIB;
const NEW_OWNER = 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02';
const ENTRIES = [mkdir('a'), mkdir('a/b')];

const take = ({ store }: Image) => storeOwner(store, readSuperblockBytes(store), NEW_OWNER);

/** Appends two entries behind thirteen, with `meanwhile` before the look that goes ahead of `step`. */
function append(image: Image, step: AppendStep, meanwhile: () => void): () => Counters {
  const fence = new Fence(image.store, loadSuperblock(image.store));
  return () =>
    appendEntries(image.store, LOG_LENGTH, readCounters(image.store), ENTRIES, (at, counters) => {
      if (at === step) meanwhile();
      fence.check(at, counters, ENTRIES);
    });
}

const countOf = ({ store }: Image) => readCounters(store).nextIndex;
const isStored = ({ store }: Image) =>
  LOG_ENTRY.fields.crc.verify(store.read(entryOffset(13), LOG_ENTRY.bytes), 0) === undefined;

test('an owner that is alone appends', () => {
  const image = makeImage();
  expect(append(image, 'done', () => {})()).toEqual({ nextIndex: 15, nextSeqnum: 15 });
});

test.each([
  [
    'entries',
    false,
    13,
    `the host with system UUID ${NEW_OWNER} became its owner; what was under way is not logged`,
  ],
  ['counters', true, 13, 'entries 13 (a) to 14 (a/b) are not logged, but may be stored over'],
  ['done', true, 15, 'entries 13 (a) to 14 (a/b) are logged, but may be lost'],
] as const)('a new owner is seen before %s', (step, stored, count, message) => {
  const image = makeImage();
  expect(append(image, step, () => take(image))).toThrow(
    expect.objectContaining({ code: 'owner-changed', message: expect.stringContaining(message) }),
  );
  expect(isStored(image)).toBe(stored);
  expect(countOf(image)).toBe(count);
});

test.each([
  ['entries', 14, 'its log counts 14 entries where this host left 13; what was under way is not logged'],
  [
    'counters',
    12,
    'its log counts 12 entries where this host left 13; entries 13 (a) to 14 (a/b) are not logged',
  ],
  ['done', 16, 'its log counts 16 entries where this host left 15; entries 13 (a) to 14 (a/b) are logged'],
] as const)('another owner of the same name is seen before %s', (step, counted, message) => {
  const image = makeImage();
  expect(append(image, step, () => setCounters(image, counted))).toThrow(
    expect.objectContaining({ code: 'two-owners', message: expect.stringContaining(message) }),
  );
  expect(countOf(image)).toBe(counted);
});

test('one of the two counters is enough to tell another owner of the same name', () => {
  for (const [nextIndex, nextSeqnum] of [
    [13, 14],
    [14, 13],
  ] as const) {
    const image = makeImage();
    expect(append(image, 'entries', () => setCounters(image, nextIndex, nextSeqnum))).toThrow(
      expect.objectContaining({ code: 'two-owners', hint: expect.stringContaining('system UUID') }),
    );
  }
});

test('one entry is told as one, and what has no path without', () => {
  const image = makeImage();
  const told = (entry: LogEntry) => {
    const fence = new Fence(image.store, loadSuperblock(makeImage().store));
    try {
      fence.check('counters', readCounters(image.store), [entry]);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  take(image);
  expect(told(mkdir('one'))).toContain('; entry 13 (one) is not logged, but may be stored over');
  expect(told(addDaxdev(1, 2 ** 30, NEW_OWNER))).toContain(
    '; entry 13 is not logged, but may be stored over',
  );
});

test.each([
  ['is wiped', (bytes: Buffer) => bytes.fill(0), 'its superblock is gone or damaged'],
  ['is damaged', (bytes: Buffer) => bytes.fill(1, 50, 51), 'its superblock is gone or damaged'],
  [
    'is that of another file system',
    (bytes: Buffer) => {
      const superblock = loadSuperblock(makeImage().store);
      encodeSuperblock({ ...superblock, uuid: NEW_OWNER }).copy(bytes);
    },
    'another file system was made over it',
  ],
] as const)('nothing is written once the superblock %s', (_what, change, message) => {
  const image = makeImage();
  const meanwhile = () => {
    const bytes = image.store.read(0, SUPERBLOCK.bytes);
    change(bytes);
    image.store.store(0, bytes);
  };
  expect(append(image, 'entries', meanwhile)).toThrow(
    expect.objectContaining({ code: 'owner-changed', message: expect.stringContaining(message) }),
  );
  expect(isStored(image)).toBe(false);
});

test('who was refused stays so, with the same words', () => {
  const image = makeImage();
  const fence = new Fence(image.store, loadSuperblock(image.store));
  const bytes = readSuperblockBytes(image.store);
  const check = () => fence.check('entries', readCounters(image.store), [mkdir('one')]);
  take(image);
  expect(check).toThrow('what was under way is not logged');
  image.store.store(0, bytes);
  expect(check).toThrow('what was under way is not logged');
});
