import fc from 'fast-check';
import { encodeEntry, type LogEntry } from '../../../src/log/entry';
import type { Finding } from '../../../src/log/findings';
import {
  entryOffset,
  FILE_BODY,
  LOG_ENTRY,
  LOG_OFFSET,
  logCapacity,
  MIB,
  SUPERBLOCK,
} from '../../../src/log/layout';
import { entryOfIno, Replay } from '../../../src/log/replay';
import { encodeSuperblock, loadSuperblock } from '../../../src/log/superblock';
import { INO, KIND } from '../../../src/log/tree';
import {
  DEVICE_UUID,
  damage,
  entryField,
  GIB,
  type Image,
  makeImage,
  mkdir,
  SECOND_DEVICE_UUID,
  setCounters,
  TYPICAL,
  typicalEntries,
} from '../../support/images';
import { DAMAGED_IMAGES } from '../../support/images-damaged';

function begin({ store }: Image) {
  const findings: Finding[] = [];
  const inspected: number[] = [];
  const replay = new Replay(
    store,
    loadSuperblock(store),
    (found) => findings.push(found),
    (verdict, _bytes, _base, index) => verdict !== 'corrupt' && inspected.push(index),
  );
  return { replay, findings, inspected };
}

function storeEntry({ store }: Image, index: number, entry: LogEntry): void {
  const bytes = Buffer.alloc(LOG_ENTRY.bytes);
  encodeEntry(entry, index, bytes, 0);
  store.store(entryOffset(index), bytes);
}

const directories = (count: number) => Array.from({ length: count }, (_, i) => mkdir(`d${i}`));

describe('to()', () => {
  test('builds the tree that the log describes', () => {
    const { replay, findings, inspected } = begin(makeImage());
    const entries = typicalEntries();
    replay.to(entries.length);
    expect(findings).toEqual([]);
    expect(replay.counts).toEqual({ entries: entries.length, corrupt: 0, rejected: 0, unlinked: 0 });
    expect(inspected).toEqual(entries.map((_, i) => i));
    expect(replay.appendable).toBe(true);
    entries.forEach((entry, index) => {
      const ino = INO.first + index;
      expect(entryOfIno(ino)).toBe(index);
      if (entry.type === 'add-daxdev') {
        expect(replay.tree.kind.get(ino)).toBe(KIND.none);
        return;
      }
      expect(replay.tree.resolve(entry.path)).toBe(ino);
      expect(replay.tree.mode.get(ino)).toBe(entry.mode);
      if (entry.type === 'file') expect(replay.tree.map(ino)).toEqual(entry.map);
    });
    expect(replay.devices).toEqual([
      { uuid: DEVICE_UUID, size: 4 * GIB },
      { uuid: SECOND_DEVICE_UUID, size: 8 * GIB },
    ]);
  });

  test('crosses from one block it reads to the next', () => {
    const count = 2 * 1927 + 5;
    const { replay, findings } = begin(makeImage({ entries: directories(count) }));
    replay.to(count);
    expect(findings).toEqual([]);
    expect(replay.tree.directoryCount).toBe(count);
    expect(replay.tree.resolve(Buffer.from(`d${count - 1}`))).toBe(INO.first + count - 1);
  });

  test('in steps is the same as at once', () => {
    const makers = [
      () => makeImage(),
      ...DAMAGED_IMAGES.filter(({ codes }) => !/^(sb|log)-/.test(`${codes}`)).map(({ make }) => make),
    ];
    const count = typicalEntries().length;
    fc.assert(
      fc.property(fc.constantFrom(...makers), fc.array(fc.nat(count)), (make, ends) => {
        const whole = begin(make());
        whole.replay.to(count);
        const stepped = begin(make());
        for (const end of ends) stepped.replay.to(end);
        stepped.replay.to(count);
        expect(stepped.findings).toEqual(whole.findings);
        expect(stepped.replay.counts).toEqual(whole.replay.counts);
        expect(stepped.replay.devices).toEqual(whole.replay.devices);
        expect(stepped.replay.tree).toEqual(whole.replay.tree);
      }),
    );
  });

  test('leaves bad entries out, and the others stand', () => {
    const image = makeImage({ entries: [...typicalEntries(), mkdir('data')] });
    damage(image, entryField(TYPICAL.file, LOG_ENTRY, 'crc'), 0, { reseal: false });
    damage(image, entryField(TYPICAL.last, FILE_BODY, 'extentCount'), 0, { reseal: true });
    const { replay, findings, inspected } = begin(image);
    replay.to(14);
    expect(replay.counts).toEqual({ entries: 14, corrupt: 1, rejected: 1, unlinked: 1 });
    expect(replay.appendable).toBe(false);
    expect(findings.map(({ code, entry }) => [code, entry])).toEqual([
      ['entry-crc', TYPICAL.file],
      ['il-count', TYPICAL.last],
      ['path-directory-again', 13],
    ]);
    expect(inspected).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    expect(replay.tree.resolve(Buffer.from('one-unit'))).toBe(0);
    expect(replay.tree.resolve(Buffer.from('big'))).not.toBe(0);
  });

  test.each([
    ['crc', { reseal: false }, { corrupt: 1, rejected: 0 }],
    ['type', { reseal: true }, { corrupt: 1, rejected: 0 }],
  ] as const)('one entry of no use, by its %s, forbids appending', (field, how, counts) => {
    const image = makeImage({ entries: directories(2) });
    damage(image, entryField(1, LOG_ENTRY, field), 77, how);
    const { replay } = begin(image);
    replay.to(2);
    expect(replay.counts).toMatchObject(counts);
    expect(replay.appendable).toBe(false);
  });

  test('one entry that breaks a rule forbids appending', () => {
    const { replay } = begin(makeImage({ entries: [mkdir('a'), mkdir('../b')] }));
    replay.to(1);
    expect(replay.appendable).toBe(true);
    replay.to(2);
    expect(replay.counts).toMatchObject({ corrupt: 0, rejected: 1 });
    expect(replay.appendable).toBe(false);
  });

  test('a taken path alone does not forbid appending', () => {
    const { replay } = begin(makeImage({ entries: [mkdir('a'), mkdir('a')] }));
    replay.to(2);
    expect(replay.counts.unlinked).toBe(1);
    expect(replay.appendable).toBe(true);
  });
});

/** The number of entries that a look takes. */
function taken(replay: Replay): number {
  const before = replay.counts.entries;
  expect(replay.catchUp()).toBeUndefined();
  return replay.counts.entries - before;
}

describe('catchUp()', () => {
  test('takes what was appended since', () => {
    const image = makeImage({ entries: directories(3) });
    const { replay } = begin(image);
    expect(taken(replay)).toBe(3);
    expect(taken(replay)).toBe(0);
    storeEntry(image, 3, mkdir('d0/new'));
    expect(taken(replay)).toBe(0);
    setCounters(image, 4);
    expect(taken(replay)).toBe(1);
    expect(replay.tree.resolve(Buffer.from('d0/new'))).toBe(INO.first + 3);
  });

  test('waits for an entry that is counted before it is there', () => {
    const image = makeImage({ entries: directories(2) });
    const { replay, findings } = begin(image);
    replay.to(2);
    setCounters(image, 5);
    storeEntry(image, 4, mkdir('third'));
    expect(taken(replay)).toBe(0);
    storeEntry(image, 2, mkdir('first'));
    expect(taken(replay)).toBe(1);
    expect(taken(replay)).toBe(0);
    storeEntry(image, 3, mkdir('second'));
    expect(taken(replay)).toBe(2);
    expect(replay.counts).toEqual({ entries: 5, corrupt: 0, rejected: 0, unlinked: 0 });
    expect(findings).toEqual([]);
  });

  test('waits for an entry that is half there', () => {
    const image = makeImage({ entries: [] });
    const { replay } = begin(image);
    const bytes = Buffer.alloc(LOG_ENTRY.bytes);
    encodeEntry(mkdir('torn'), 0, bytes, 0);
    setCounters(image, 1);
    for (let line = 0; line < bytes.length; line += 64) {
      expect(taken(replay)).toBe(0);
      image.store.store(entryOffset(0) + line, bytes.subarray(line, line + 64));
    }
    expect(taken(replay)).toBe(1);
  });

  test('waits for an entry in whose place another one lies', () => {
    const image = makeImage({ entries: directories(1) });
    const { replay } = begin(image);
    replay.to(1);
    const stale = Buffer.alloc(LOG_ENTRY.bytes);
    encodeEntry(mkdir('stale'), 7, stale, 0);
    image.store.store(entryOffset(1), stale);
    setCounters(image, 2);
    expect(taken(replay)).toBe(0);
  });

  test('takes a sound entry that breaks a rule, and reports it', () => {
    const image = makeImage({ entries: [mkdir('../x')] });
    const { replay, findings } = begin(image);
    expect(taken(replay)).toBe(1);
    expect(findings).toMatchObject([{ code: 'path-dotdot', entry: 0, path: '../x' }]);
    expect(replay.counts.rejected).toBe(1);
  });

  test('follows no counter beyond the log, and none that fell', () => {
    const image = makeImage({ entries: directories(3) });
    const { replay } = begin(image);
    expect(taken(replay)).toBe(3);
    setCounters(image, 2 ** 40);
    expect(replay.catchUp()).toBe('counters-too-high');
    setCounters(image, 1);
    expect(replay.catchUp()).toBe('counters-went-back');
    expect(replay.counts.entries).toBe(3);
  });

  test('takes nothing of another file system, whose entries would pass', () => {
    const image = makeImage({ entries: directories(1) });
    const { replay } = begin(image);
    expect(taken(replay)).toBe(1);
    const superblock = { ...loadSuperblock(image.store), uuid: '00000000-1111-4222-8333-444444444444' };
    image.store.store(0, encodeSuperblock(superblock));
    storeEntry(image, 1, mkdir('foreign'));
    setCounters(image, 2);
    expect(replay.catchUp()).toBe('other-file-system');
    image.store.zero(0, SUPERBLOCK.bytes);
    expect(replay.catchUp()).toBe('no-superblock');
    expect(replay.counts.entries).toBe(1);
  });

  test('reaches the last entry of a full log', () => {
    const capacity = logCapacity(8 * MIB);
    const image = makeImage({ entries: directories(capacity) });
    const { replay, findings } = begin(image);
    expect(taken(replay)).toBe(capacity);
    expect(findings).toEqual([]);
    expect(replay.tree.directoryCount).toBe(capacity);
    expect(LOG_OFFSET + 8 * MIB - entryOffset(capacity)).toBeLessThan(LOG_ENTRY.bytes);
  });
});

describe('catchUpTo()', () => {
  test('goes as far as another process saw, whatever is counted by now', () => {
    const image = makeImage({ entries: directories(5) });
    const { replay } = begin(image);
    replay.to(1);
    setCounters(image, 2);
    expect(replay.catchUpTo(4)).toBeUndefined();
    expect(replay.counts.entries).toBe(4);
    expect(replay.catchUpTo(3)).toBeUndefined();
    expect(replay.counts.entries).toBe(4);
  });

  test('ends before an entry that is not sound', () => {
    const image = makeImage({ entries: directories(4) });
    damage(image, entryField(2, LOG_ENTRY, 'crc'), 0, { reseal: false });
    const { replay, findings } = begin(image);
    expect(replay.catchUpTo(4)).toBeUndefined();
    expect(replay.counts.entries).toBe(2);
    expect(findings).toEqual([]);
  });

  test('takes nothing of another file system', () => {
    const image = makeImage({ entries: directories(3) });
    const { replay } = begin(image);
    replay.to(1);
    const superblock = { ...loadSuperblock(image.store), uuid: '00000000-1111-4222-8333-444444444444' };
    image.store.store(0, encodeSuperblock(superblock));
    expect(replay.catchUpTo(3)).toBe('other-file-system');
    expect(replay.counts.entries).toBe(1);
  });
});
