import { checkIdentity, lookForMore, soundEnd } from '../../../src/log/follow';
import { entryOffset, LOG_ENTRY, LOG_OFFSET, logCapacity, SUPERBLOCK } from '../../../src/log/layout';
import { encodeSuperblock, loadSuperblock } from '../../../src/log/superblock';
import { damage, entryField, type Image, makeImage, mkdir, setCounters } from '../../support/images';

const OTHER_UUID = '11111111-2222-4333-8444-555555555555';

function imageOf(count: number): Image {
  return makeImage({ entries: Array.from({ length: count }, (_, i) => mkdir(`d${i}`)) });
}

function remake({ store }: Image): void {
  store.store(0, encodeSuperblock({ ...loadSuperblock(store), uuid: OTHER_UUID }));
}

describe('a look for more entries', () => {
  test('finds none, and asks for no superblock, while the counters stay', () => {
    const image = imageOf(3);
    const superblock = loadSuperblock(image.store);
    remake(image);
    expect(lookForMore(image.store, superblock, 3)).toEqual({ end: 3 });
  });

  test('finds as many as are counted', () => {
    const { store } = imageOf(3);
    expect(lookForMore(store, loadSuperblock(store), 1)).toEqual({ end: 3 });
  });

  test('goes as far as the log can hold, and no further', () => {
    const image = imageOf(1);
    const superblock = loadSuperblock(image.store);
    const capacity = logCapacity(image.logLength);
    setCounters(image, capacity);
    expect(lookForMore(image.store, superblock, 1)).toEqual({ end: capacity });
    setCounters(image, capacity + 1);
    expect(lookForMore(image.store, superblock, 1)).toEqual({ derailment: 'counters-too-high', end: 1 });
  });

  test('tells that counters went back', () => {
    const { store } = imageOf(3);
    expect(lookForMore(store, loadSuperblock(store), 4)).toEqual({
      derailment: 'counters-went-back',
      end: 4,
    });
  });

  test('tells first that this is another file system', () => {
    const image = imageOf(3);
    const superblock = loadSuperblock(image.store);
    remake(image);
    expect(lookForMore(image.store, superblock, 4)).toEqual({ derailment: 'other-file-system', end: 4 });
    expect(lookForMore(image.store, superblock, 1)).toEqual({ derailment: 'other-file-system', end: 1 });
  });
});

describe('the superblock', () => {
  test('is that of the file system', () => {
    const { store } = imageOf(0);
    expect(checkIdentity(store, loadSuperblock(store))).toBeUndefined();
  });

  test.each([
    ['without its magic', 0, 8],
    ['with another byte than is summed', SUPERBLOCK.fields.ownerUuid.offset, 1],
    ['wiped', 0, SUPERBLOCK.bytes],
  ])('is gone %s', (_, at, length) => {
    const { store } = imageOf(0);
    const superblock = loadSuperblock(store);
    store.store(at, Buffer.alloc(length, 0xee));
    expect(checkIdentity(store, superblock)).toBe('no-superblock');
  });

  test('without its magic is gone though its sum is right', () => {
    const { store } = imageOf(0);
    const superblock = loadSuperblock(store);
    const bytes = store.read(0, SUPERBLOCK.bytes);
    bytes.fill(0, 0, 8);
    SUPERBLOCK.fields.crc.seal(bytes, 0);
    store.store(0, bytes);
    expect(checkIdentity(store, superblock)).toBe('no-superblock');
  });
});

describe('sound entries', () => {
  const COUNT = 600;

  test('are all that are counted', () => {
    const { store } = imageOf(COUNT);
    for (const [start, end] of [
      [0, COUNT],
      [5, 300],
      [256, 512],
      [7, 7],
    ] as const) {
      expect(soundEnd(store, start, end)).toBe(end);
    }
  });

  test.each([0, 1, 255, 256, 511, 512, COUNT - 1])('end before entry %d, whose sum is wrong', (index) => {
    const image = imageOf(COUNT);
    damage(image, entryField(index, LOG_ENTRY, 'seqnum'), index + 1, { reseal: false });
    expect(soundEnd(image.store, 0, COUNT)).toBe(index);
    expect(soundEnd(image.store, index, COUNT)).toBe(index);
    expect(soundEnd(image.store, 0, index)).toBe(index);
  });

  test('end before one whose number is another', () => {
    const image = imageOf(COUNT);
    damage(image, entryField(300, LOG_ENTRY, 'seqnum'), 299, { reseal: true });
    expect(soundEnd(image.store, 3, COUNT)).toBe(300);
  });

  test('are looked for up to the end and not behind it', () => {
    const { store } = imageOf(2);
    expect(soundEnd(store, 0, 3)).toBe(2);
    expect(soundEnd(store, 0, 2)).toBe(2);
  });

  /** An image whose entry 1 is seen wrongly in the first `times` reads of it. */
  function staleImage(times: number) {
    const { store } = imageOf(3);
    const dropped: [number, number][] = [];
    let left = times;
    const read = store.read.bind(store);
    store.read = (offset, length) => {
      const bytes = read(offset, length);
      const at = entryOffset(1) - offset;
      if (at >= 0 && at < length && left-- > 0) bytes.fill(0, at, at + 8);
      return bytes;
    };
    store.invalidate = (...range: unknown[]) => void dropped.push(range as [number, number]);
    return { store, dropped };
  }

  test.each([
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 1],
  ])('seen wrongly %d times end at %d: each is read three times', (times, end) => {
    expect(soundEnd(staleImage(times).store, 0, 3)).toBe(end);
  });

  test('are read with their cached lines dropped, each time', () => {
    const { store, dropped } = staleImage(2);
    soundEnd(store, 0, 3);
    const again = [entryOffset(1), LOG_ENTRY.bytes];
    expect(dropped).toEqual([[entryOffset(0), 3 * LOG_ENTRY.bytes], again, again]);
    expect(entryOffset(0)).toBeGreaterThan(LOG_OFFSET);
  });
});
