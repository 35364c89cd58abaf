import { EventEmitter } from 'node:events';
import * as os from 'node:os';
import type { Device } from '../../../src/device/device';
import { BLOCK_ENTRIES, type EntryBlock } from '../../../src/log/entry-blocks';
import { LOG_ENTRY } from '../../../src/log/layout';
import { loadSuperblock } from '../../../src/log/superblock';
import { type AheadOrder, AheadRing } from '../../../src/operations/ahead-ring';
import { AheadBlocks } from '../../../src/operations/check-ahead';
import { makeImage } from '../../support/images';

/** Stands for the thread: what it was started with, and that it was let go. */
class FakeWorker extends EventEmitter {
  static started: FakeWorker[] = [];
  detached = false;

  constructor(
    readonly script: string,
    readonly options: { workerData: AheadOrder },
  ) {
    super();
    FakeWorker.started.push(this);
  }

  unref(): void {
    this.detached = true;
  }

  /** The thread's side of the ring. */
  get ring(): AheadRing {
    return new AheadRing(this.options.workerData.memory);
  }
}

jest.mock('node:worker_threads', () => ({
  get Worker() {
    return FakeWorker;
  },
}));
jest.mock('node:os', () => ({ ...jest.requireActual('node:os'), availableParallelism: jest.fn() }));

const parallelism = jest.mocked(os.availableParallelism);
const superblock = loadSuperblock(makeImage({ entries: [] }).store);
const END = 50_000;
const device = { kind: 'file', fd: 77, size: 12_345 } as Device;
const here: EntryBlock = { bytes: Buffer.from('here'), recognise: () => undefined };
const otherwise = { read: jest.fn(() => here) };

beforeEach(() => {
  FakeWorker.started = [];
  otherwise.read.mockClear();
  parallelism.mockReturnValue(2);
});

function start(): { blocks: AheadBlocks; worker: FakeWorker } {
  const blocks = AheadBlocks.start(device, superblock, END, otherwise);
  const [worker] = FakeWorker.started;
  if (!blocks || !worker) throw new Error('no thread was started');
  return { blocks, worker };
}

describe('a thread', () => {
  test('is told what to read, and keeps no process alive', () => {
    const { worker } = start();
    const { memory, ...order } = worker.options.workerData;
    expect(order).toEqual({ fd: 77, superblock, deviceSize: 12_345, end: END });
    expect(memory.byteLength).toBe(AheadRing.bytes);
    expect(worker.script).toMatch(/\/check-ahead\.cjs$/);
    expect(worker.detached).toBe(true);
  });

  test.each([
    ['few entries', device, END - 1, 2],
    ['a device that other threads cannot read', { ...device, kind: 'devdax' } as Device, END, 2],
    ['one processor', device, END, 1],
  ])('is not started for %s', (_, on, end, processors) => {
    parallelism.mockReturnValue(processors);
    expect(AheadBlocks.start(on, superblock, end, otherwise)).toBeUndefined();
    expect(FakeWorker.started).toEqual([]);
  });
});

describe('a block', () => {
  test('is what the thread read, with what it says of each entry', () => {
    const { blocks, worker } = start();
    for (const block of [0, 1]) {
      const slot = worker.ring.slotToFill(block);
      slot?.bytes.fill(block + 1);
      slot?.verdicts.set([0, 1, 2].map((verdict) => (verdict + block) % 3));
      worker.ring.filled(block);
    }
    const first = blocks.read(0, BLOCK_ENTRIES);
    expect(first.bytes.equals(Buffer.alloc(BLOCK_ENTRIES * LOG_ENTRY.bytes, 1))).toBe(true);
    expect([0, 1, 2].map((slot) => first.recognise(slot, slot))).toEqual([undefined, 'file', 'mkdir']);
    const second = blocks.read(BLOCK_ENTRIES, BLOCK_ENTRIES);
    expect(second.bytes[0]).toBe(2);
    expect([0, 1, 2].map((slot) => second.recognise(slot, slot))).toEqual(['file', 'mkdir', undefined]);
    expect(otherwise.read).not.toHaveBeenCalled();
  });

  test('is read here once the thread gave up, and so are all that follow', () => {
    const { blocks, worker } = start();
    worker.ring.fail();
    expect(blocks.read(0, 5)).toBe(here);
    expect(otherwise.read).toHaveBeenLastCalledWith(0, 5);
    worker.ring.filled(1);
    expect(blocks.read(BLOCK_ENTRIES, 7)).toBe(here);
    expect(otherwise.read).toHaveBeenLastCalledWith(BLOCK_ENTRIES, 7);
  });

  test('is read here when the thread could not be started, and the thread is not waited for', () => {
    const { blocks, worker } = start();
    worker.emit('error', new Error('no such script'));
    worker.ring.filled(0);
    expect(blocks.read(0, 5)).toBe(here);
  });

  test('is read here when the thread is not heard of, which is then told to end', () => {
    const { blocks, worker } = start();
    expect(blocks.read(0, 5)).toBe(here);
    expect(worker.ring.slotToFill(0)).toBeUndefined();
  });
});

test('closing tells the thread to end', () => {
  const { blocks, worker } = start();
  expect(worker.ring.slotToFill(0)).toBeDefined();
  blocks.close();
  expect(worker.ring.slotToFill(0)).toBeUndefined();
});
