import { BLOCK_ENTRIES } from '../log/entry-blocks';
import { LOG_ENTRY } from '../log/layout';
import type { Superblock } from '../log/superblock';

/** Blocks that the thread may be ahead: 2 MiB. */
const SLOTS = 8;
const BLOCK_BYTES = BLOCK_ENTRIES * LOG_ENTRY.bytes;
const VERDICT_BYTES = 512;
const PRODUCED = 0;
const CONSUMED = 1;
const FAILED = 2;
const CONTROL_BYTES = 64;

/** What the thread that looks ahead is told. `fd` is open in the whole process; `end` is the number of entries. */
export interface AheadOrder {
  readonly memory: SharedArrayBuffer;
  readonly fd: number;
  readonly superblock: Superblock;
  readonly deviceSize: number;
  readonly end: number;
}

/** A place in the ring: the bytes of a block, and for each entry a verdict (an index into VERDICTS). */
export interface AheadSlot {
  readonly bytes: Buffer;
  readonly verdicts: Uint8Array;
}

/** What a byte of `verdicts` stands for. */
export const VERDICTS = [undefined, 'file', 'mkdir'] as const;

/** Memory that a thread fills with blocks of entries, and another one empties in the same order. */
export class AheadRing {
  readonly slots: readonly AheadSlot[];
  readonly #control: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(AheadRing.bytes)) {
    this.#control = new Int32Array(memory, 0, CONTROL_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.slots = Array.from({ length: SLOTS }, (_, i) => {
      const start = CONTROL_BYTES + i * (BLOCK_BYTES + VERDICT_BYTES);
      return {
        bytes: Buffer.from(memory, start, BLOCK_BYTES),
        verdicts: new Uint8Array(memory, start + BLOCK_BYTES, VERDICT_BYTES),
      };
    });
  }

  static get bytes(): number {
    return CONTROL_BYTES + SLOTS * (BLOCK_BYTES + VERDICT_BYTES);
  }

  /** The slot for block `block`, once it is free. Undefined when nobody wants it any more. */
  slotToFill(block: number): AheadSlot | undefined {
    for (let done = this.#load(CONSUMED); block - done >= SLOTS; done = this.#load(CONSUMED)) {
      Atomics.wait(this.#control, CONSUMED, done);
    }
    return this.#load(FAILED) === 0 ? this.slots[block % SLOTS] : undefined;
  }

  filled(block: number): void {
    this.#store(PRODUCED, block + 1);
  }

  /** The slot with block `block`, once it is filled, which ends the use of those before it. Undefined after fail(). */
  slotToEmpty(block: number, timeoutMs: number): AheadSlot | undefined {
    this.#store(CONSUMED, block);
    const deadline = performance.now() + timeoutMs;
    for (let done = this.#load(PRODUCED); done <= block; done = this.#load(PRODUCED)) {
      const left = deadline - performance.now();
      if (left <= 0 || this.#load(FAILED) !== 0) return undefined;
      Atomics.wait(this.#control, PRODUCED, done, left);
    }
    return this.slots[block % SLOTS];
  }

  /** Ends it for both sides. */
  fail(): void {
    this.#store(FAILED, 1);
    Atomics.notify(this.#control, PRODUCED);
    this.#store(CONSUMED, 2 ** 30);
  }

  #load(index: number): number {
    return Atomics.load(this.#control, index);
  }

  #store(index: number, value: number): void {
    Atomics.store(this.#control, index, value);
    Atomics.notify(this.#control, index);
  }
}
