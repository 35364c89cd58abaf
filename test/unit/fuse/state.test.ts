import fc from 'fast-check';
import { OVERRIDE_BYTES, OverrideTable } from '../../../src/fuse/overrides';
import { FREEZE_REASONS, MAP_STATE, MOST_WORKERS, SharedState } from '../../../src/fuse/shared-state';
import { LATENCY_CLASSES, WORKER_PAGE_BYTES, WorkerPage } from '../../../src/fuse/worker-page';
import { logCapacity, MIN_LOG_LENGTH } from '../../../src/log/layout';
import type { Replay } from '../../../src/log/replay';
import { u32 } from '../../support/images-arbitrary';

describe('OverrideTable', () => {
  const INODES = 8;
  const time = fc.record({ seconds: fc.maxSafeInteger(), nanoseconds: fc.nat(999_999_999) });
  const step = fc.tuple(
    fc.nat(INODES - 1),
    fc.oneof(
      fc.record({ field: fc.constantFrom('mode', 'uid', 'gid'), value: u32 }),
      fc.record({ field: fc.constantFrom('atime', 'mtime'), value: time }),
    ),
  );

  test('is what was last set of each inode, and nothing of what was not', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const memory = Buffer.alloc(INODES * OVERRIDE_BYTES);
        const table = new OverrideTable(memory);
        const other = new OverrideTable(memory);
        const model = Array.from({ length: INODES }, () => ({}) as Record<string, unknown>);
        for (const [ino, { field, value }] of steps) {
          (model[ino] as Record<string, unknown>)[field] = value;
          if (typeof value === 'object') table[field === 'atime' ? 'setAtime' : 'setMtime'](ino, value);
          else
            table[({ mode: 'setMode', uid: 'setUid', gid: 'setGid' } as const)[field as 'mode']](ino, value);
        }
        const all = (ino: number) => ({
          mode: other.mode(ino),
          uid: other.uid(ino),
          gid: other.gid(ino),
          atime: other.atime(ino),
          mtime: other.mtime(ino),
        });
        expect(model.map((_, ino) => all(ino))).toEqual(
          model.map((set) => ({ mode: undefined, uid: undefined, gid: undefined, ...set })),
        );
      }),
    );
  });
});

describe('WorkerPage', () => {
  const newPage = () => new WorkerPage(Buffer.alloc(WORKER_PAGE_BYTES));

  test('has the request in hand from taking it to its answer', () => {
    const page = newPage();
    expect(page.inHand).toBeUndefined();
    page.take(-1, -(2 ** 31), 15, 99);
    expect(page.inHand).toEqual({ unique: 0x80000000_ffffffffn, opcode: 15, node: 99 });
    page.done(15, 3, false);
    expect(page.inHand).toBeUndefined();
    expect(page.served).toBe(1);
  });

  test('counts requests by opcode, errors, time and class of latency', () => {
    const page = newPage();
    for (const [microseconds, failed] of [
      [0.4, false],
      [1, false],
      [3, true],
      [1e12, false],
    ] as const)
      page.done(15, microseconds, failed);
    const [counts] = page.opcodes();
    expect(counts).toMatchObject({ opcode: 15, requests: 4, errors: 1 });
    expect(counts?.seconds).toBeCloseTo(1e6 + 4.4e-6, 4);
    const classes = counts?.latency.flatMap((count, i) => Array<number>(count).fill(i));
    expect(classes).toEqual([0, 1, 2, LATENCY_CLASSES - 1]);
  });

  test('an opcode beyond the table counts as opcode 0', () => {
    const page = newPage();
    page.done(2 ** 32 - 1, 1, true);
    page.done(63, 1, false);
    expect(page.opcodes().map(({ opcode }) => opcode)).toEqual([0, 63]);
  });

  test('a new worker begins without a request, and counts go on', () => {
    const page = newPage();
    page.setReady();
    page.countRead(5);
    page.countWritten(7);
    page.done(1, 1, false);
    page.take(1, 0, 1, 1);
    page.paused = 3;
    page.reset();
    expect(page).toMatchObject({ ready: false, paused: 0, served: 0, bytesRead: 5, bytesWritten: 7 });
    expect(page.inHand).toBeUndefined();
    expect(page.opcodes()).toHaveLength(1);
  });

  test('tells what was replayed', () => {
    const page = newPage();
    const counts = { entries: 10, corrupt: 1, rejected: 2, unlinked: 3 };
    page.setReplayed({ counts, tree: { fileCount: 4, directoryCount: 5 } } as unknown as Replay);
    expect(page.replayed).toEqual({ entries: 10, files: 4, directories: 5, notServed: 6 });
  });
});

describe('SharedState', () => {
  const pairOf = () => {
    const state = SharedState.create(MIN_LOG_LENGTH);
    return [state, new SharedState(state.fd, MIN_LOG_LENGTH)] as const;
  };

  test('what one sets the other sees', () => {
    const [one, other] = pairOf();
    expect(other).toMatchObject({ pause: 0, wantedEntries: 0, logLevel: 0, deviceFailed: false });
    one.pause = 7;
    one.wantEntries(100);
    one.wantEntries(50);
    one.logLevel = 2;
    one.failDevice(0);
    expect(other).toMatchObject({ pause: 7, wantedEntries: 100, logLevel: 2, deviceFailed: true });
  });

  test('a device that failed, or that the kernel knows, is one of many', () => {
    const [one, other] = pairOf();
    for (const index of [1, 31, 32, 64, 15_359]) {
      one.failDevice(index);
      other.putInKernel(index + 1);
    }
    const all = Array.from({ length: 20_000 }, (_, index) => index);
    expect(all.filter((index) => other.hasFailed(index))).toEqual([1, 31, 32, 64, 15_359]);
    expect(all.filter((index) => one.isInKernel(index))).toEqual([2, 32, 33, 65]);
    expect(other).toMatchObject({ deviceFailed: false, pause: 0, wantedEntries: 0, mapsErrno: 0 });
  });

  test('a device with an index too high to be noted takes all with it', () => {
    const [one, other] = pairOf();
    one.failDevice(15_360);
    expect(other.deviceFailed).toBe(true);
  });

  test('knows every reason to freeze, and which of them make the device foreign', () => {
    for (const reason of FREEZE_REASONS) {
      const [one, other] = pairOf();
      expect(other.frozen).toBeUndefined();
      one.freeze(reason);
      expect(other.frozen).toBe(reason);
      expect(other.foreign).toBe(['other-file-system', 'no-superblock'].includes(reason));
    }
  });

  test('a device that is foreign stays so, whatever else is found', () => {
    const [one, other] = pairOf();
    one.freeze('counters-too-high');
    one.freeze('other-file-system');
    one.freeze('counters-went-back');
    expect(other).toMatchObject({ frozen: 'other-file-system', foreign: true });
  });

  test('has a page for each worker and a place for each inode that a log can make, apart from each other', () => {
    const [one, other] = pairOf();
    const last = 16 + logCapacity(MIN_LOG_LENGTH) - 1;
    expect(one.workers).toHaveLength(MOST_WORKERS);
    one.workers.forEach((page, i) => {
      page.countRead(i + 1);
    });
    one.overrides.setMtime(last, { seconds: -1, nanoseconds: 5 });
    one.setMapState(last, MAP_STATE.described);
    expect(other.workers.map((page) => page.bytesRead)).toEqual(one.workers.map((_, i) => i + 1));
    expect(other.overrides.mtime(last)).toEqual({ seconds: -1, nanoseconds: 5 });
    expect(other.overrides.mode(last)).toBeUndefined();
    expect([1, last - 1, last].map((ino) => other.mapState(ino))).toEqual([0, 0, MAP_STATE.described]);
    expect(other.mapState(last + 1)).toBe(MAP_STATE.plain);
  });

  test('maps end for all files only when the first one is refused', () => {
    const [one, other] = pairOf();
    one.acceptMaps();
    expect(other.refuseMaps(22)).toBe(false);
    expect(one.mapsErrno).toBe(0);
    const [third, fourth] = pairOf();
    expect(third.refuseMaps(22)).toBe(true);
    expect(fourth.refuseMaps(5)).toBe(false);
    fourth.acceptMaps();
    expect([third.mapsErrno, fourth.mapsErrno]).toEqual([22, 22]);
  });
});
