import { copyRange, type RangeToCopy, readWhole, writeRange } from '../device/copy-range';
import { PAGE_BYTES } from '../numbers';
import { SMALL_BYTES } from './copy-transfer';

/** Jobs of one round. */
const MOST_JOBS = 512;
/** Room for the paths of a round. */
const PATHS_BYTES = MOST_JOBS * 256;
/** What a copying thread reads at a time: its processor's cache holds it until it is written. */
const BUFFER_BYTES = 256 * 2 ** 10;
/** The numbers of a job. */
const SOURCE = 0;
const POSITION = 1;
const TO = 2;
const OFFSET = 3;
const LENGTH = 4;
const NUMBERS = 5;
const CONTROL_BYTES = 64;
/** How many jobs there are, in the upper half, and how many were claimed, in the lower one. */
const CLAIMED = 0;
const SETTLED = 1;
const WAITS = 2;
/** A small file that is in memory takes less. */
const WAIT_MS = 0.2;
const DONE = 1;
const NOT_DONE = 2;
const CLAIM_BITS = 16;
const CLAIM_MASK = 2 ** CLAIM_BITS - 1;

/** The first `length` bytes of a buffer, and zeros to the end of their last page, which show where the device is mapped. */
function upToPage(buffer: Buffer, length: number): Buffer {
  const end = Math.ceil(length / PAGE_BYTES) * PAGE_BYTES;
  return buffer.fill(0, length, end).subarray(0, end);
}

/** A buffer for run(). */
export function jobBuffer(): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, SMALL_BYTES + 1));
}

/**
 * Memory in which one thread puts down what is to be copied, and all threads take from it. A round ends when each of its
 * jobs is settled: done, or left to the thread that put it down.
 */
export class CopyJobs {
  readonly #control: Int32Array;
  readonly #state: Int32Array;
  readonly #numbers: Float64Array;
  readonly #pathEnds: Int32Array;
  readonly #paths: Buffer;
  count = 0;

  constructor(readonly memory = new SharedArrayBuffer(CopyJobs.bytes)) {
    let at = 0;
    const part = (bytes: number) => {
      at += bytes;
      return at - bytes;
    };
    this.#control = new Int32Array(memory, part(CONTROL_BYTES), CONTROL_BYTES / 4);
    this.#numbers = new Float64Array(memory, part(8 * NUMBERS * MOST_JOBS), NUMBERS * MOST_JOBS);
    this.#state = new Int32Array(memory, part(4 * MOST_JOBS), MOST_JOBS);
    this.#pathEnds = new Int32Array(memory, part(4 * MOST_JOBS), MOST_JOBS);
    this.#paths = Buffer.from(memory, part(PATHS_BYTES), PATHS_BYTES);
  }

  static get bytes(): number {
    return CONTROL_BYTES + MOST_JOBS * (8 * NUMBERS + 4 + 4) + PATHS_BYTES;
  }

  /** Forgets a round that is settled. */
  clear(): void {
    this.count = 0;
    Atomics.store(this.#control, CLAIMED, 0);
    Atomics.store(this.#control, SETTLED, 0);
    Atomics.store(this.#control, WAITS, 0);
  }

  /**
   * Puts a job down: a range of an open file, or the whole of a new file whose source has a path, and then has `length`
   * bytes: behind them its last page is filled up with zeros.
   * False when there is no room for it in this round.
   */
  add(range: RangeToCopy, path?: Buffer): boolean {
    const i = this.count;
    const start = this.#pathStart(i);
    const end = start + (path?.length ?? 0);
    if (i === MOST_JOBS || end > PATHS_BYTES) return false;
    path?.copy(this.#paths, start);
    this.#pathEnds[i] = end;
    this.#state[i] = 0;
    const at = NUMBERS * i;
    this.#numbers[at + SOURCE] = range.source;
    this.#numbers[at + POSITION] = range.position;
    this.#numbers[at + TO] = range.to;
    this.#numbers[at + OFFSET] = range.offset;
    this.#numbers[at + LENGTH] = range.length;
    this.count++;
    return true;
  }

  /** Lets threads begin. */
  begin(): void {
    Atomics.store(this.#control, CLAIMED, this.count << CLAIM_BITS);
  }

  /** Lets no thread begin another job. */
  stop(): void {
    for (let i = this.claim(); i !== undefined; i = this.claim()) this.settle(i, false);
  }

  /** Settles what was claimed by a thread that is gone. */
  leaveRest(): void {
    for (let i = 0; i < this.count; i++) if (!this.isSettled(i)) this.settle(i, false);
  }

  /** A job for the caller alone. Undefined when there is none any more. */
  claim(): number | undefined {
    for (;;) {
      const word = Atomics.load(this.#control, CLAIMED);
      const next = word & CLAIM_MASK;
      if (next >= word >>> CLAIM_BITS) return undefined;
      if (Atomics.compareExchange(this.#control, CLAIMED, word, word + 1) === word) return next;
    }
  }

  /** Does a job, or leaves it where anything is not as it should be: whoever put it down then sees what. */
  run(i: number, buffer: Buffer): void {
    let done = false;
    try {
      done = this.#copy(i, buffer);
    } catch {}
    this.settle(i, done);
  }

  settle(i: number, done: boolean): void {
    Atomics.store(this.#state, i, done ? DONE : NOT_DONE);
    Atomics.add(this.#control, SETTLED, 1);
  }

  /** How many small files took so long that their bytes had to be waited for. */
  get waits(): number {
    return Atomics.load(this.#control, WAITS);
  }

  get allSettled(): boolean {
    return Atomics.load(this.#control, SETTLED) === this.count;
  }

  isSettled(i: number): boolean {
    return Atomics.load(this.#state, i) !== 0;
  }

  isDone(i: number): boolean {
    return Atomics.load(this.#state, i) === DONE;
  }

  #copy(i: number, buffer: Buffer): boolean {
    const [to, offset, length] = [this.#number(i, TO), this.#number(i, OFFSET), this.#number(i, LENGTH)];
    const [start, end] = [this.#pathStart(i), this.#pathEnds[i] as number];
    if (start === end) {
      const [source, position] = [this.#number(i, SOURCE), this.#number(i, POSITION)];
      return copyRange({ source, position, to, offset, length }, buffer);
    }
    const started = performance.now();
    const bytes = readWhole(this.#paths.subarray(start, end), length, buffer);
    if (performance.now() - started > WAIT_MS) Atomics.add(this.#control, WAITS, 1);
    if (bytes) writeRange(to, offset, upToPage(buffer, length));
    return bytes !== undefined;
  }

  #number(i: number, field: number): number {
    return this.#numbers[NUMBERS * i + field] as number;
  }

  #pathStart(i: number): number {
    return i === 0 ? 0 : (this.#pathEnds[i - 1] as number);
  }
}
