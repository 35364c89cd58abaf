import type { Replay } from '../log/replay';
import { PAGE_BYTES } from '../numbers';
import { OPCODE_LIMIT } from './protocol';

/** Latency classes: class i counts requests of less than 2^i microseconds, the last one all others. */
export const LATENCY_CLASSES = 24;

const HEAD_WORDS = 16;
const NUMBERS = 16;
const HEAD_BYTES = HEAD_WORDS * 4 + NUMBERS * 8;
const PER_OPCODE = 2 + LATENCY_CLASSES;
export const WORKER_PAGE_BYTES =
  Math.ceil((HEAD_BYTES + OPCODE_LIMIT * PER_OPCODE * 8) / PAGE_BYTES) * PAGE_BYTES;

/** 32-bit words. */
const WORD = { paused: 0, opcode: 1, uniqueLow: 2, uniqueHigh: 3, inHand: 4, ready: 5 } as const;
/** 64-bit numbers. */
const NUMBER = {
  node: 0,
  served: 1,
  bytesRead: 2,
  bytesWritten: 3,
  entries: 4,
  files: 5,
  directories: 6,
  notServed: 7,
} as const;

/** The request that a worker has in hand. */
export interface RequestInHand {
  readonly unique: bigint;
  readonly opcode: number;
  readonly node: number;
}

/** What a worker replayed. */
export interface Replayed {
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  /** Entries that are corrupt, rejected or without a place in the tree. */
  readonly notServed: number;
}

/** Requests of one opcode. */
export interface OpcodeCounts {
  readonly opcode: number;
  readonly requests: number;
  readonly errors: number;
  /** Requests by latency class. */
  readonly latency: readonly number[];
  /** Seconds, of all of them. */
  readonly seconds: number;
}

/** What a worker tells of itself, in memory that the supervisor reads. Written by one worker, read by the supervisor. */
export class WorkerPage {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #opcodes: Float64Array;

  constructor(memory: Buffer) {
    const { buffer, byteOffset } = memory;
    this.#words = new Int32Array(buffer, byteOffset, HEAD_WORDS);
    this.#numbers = new Float64Array(buffer, byteOffset + HEAD_WORDS * 4, NUMBERS);
    this.#opcodes = new Float64Array(buffer, byteOffset + HEAD_BYTES, OPCODE_LIMIT * PER_OPCODE);
  }

  /** Forgets the request in hand and the pause of a former worker; counts go on. */
  reset(): void {
    this.#words.fill(0);
    this.#numbers[NUMBER.served] = 0;
  }

  /** True once the worker takes requests. Until then it has none, and ATTENTION would end it. */
  get ready(): boolean {
    return Atomics.load(this.#words, WORD.ready) !== 0;
  }

  setReady(): void {
    Atomics.store(this.#words, WORD.ready, 1);
  }

  /** The last pause that the worker took note of: it holds no request until the supervisor ends that pause. */
  get paused(): number {
    return Atomics.load(this.#words, WORD.paused);
  }

  set paused(number: number) {
    Atomics.store(this.#words, WORD.paused, number);
  }

  /** Notes the request that is about to be handled. */
  take(uniqueLow: number, uniqueHigh: number, opcode: number, node: number): void {
    this.#words[WORD.uniqueLow] = uniqueLow;
    this.#words[WORD.uniqueHigh] = uniqueHigh;
    this.#words[WORD.opcode] = opcode;
    this.#numbers[NUMBER.node] = node;
    Atomics.store(this.#words, WORD.inHand, 1);
  }

  /** Notes that the request in hand is answered, after so many microseconds. */
  done(opcode: number, microseconds: number, failed: boolean): void {
    Atomics.store(this.#words, WORD.inHand, 0);
    this.#numbers[NUMBER.served] = this.served + 1;
    const base = (opcode < OPCODE_LIMIT ? opcode : 0) * PER_OPCODE;
    this.#add(base, failed ? 1 : 0);
    this.#add(base + 1, microseconds);
    this.#add(base + 2 + latencyClass(microseconds), 1);
  }

  get inHand(): RequestInHand | undefined {
    if (Atomics.load(this.#words, WORD.inHand) === 0) return undefined;
    const low = BigInt((this.#words[WORD.uniqueLow] as number) >>> 0);
    const high = BigInt((this.#words[WORD.uniqueHigh] as number) >>> 0);
    const opcode = this.#words[WORD.opcode] as number;
    return { unique: (high << 32n) | low, opcode, node: this.#numbers[NUMBER.node] as number };
  }

  /** Requests served since reset(). */
  get served(): number {
    return this.#numbers[NUMBER.served] as number;
  }

  countRead(bytes: number): void {
    this.#numbers[NUMBER.bytesRead] = this.bytesRead + bytes;
  }

  countWritten(bytes: number): void {
    this.#numbers[NUMBER.bytesWritten] = this.bytesWritten + bytes;
  }

  get bytesRead(): number {
    return this.#numbers[NUMBER.bytesRead] as number;
  }

  get bytesWritten(): number {
    return this.#numbers[NUMBER.bytesWritten] as number;
  }

  /** Notes what the worker replayed so far. */
  setReplayed({ counts, tree }: Replay): void {
    this.#numbers[NUMBER.files] = tree.fileCount;
    this.#numbers[NUMBER.directories] = tree.directoryCount;
    this.#numbers[NUMBER.notServed] = counts.corrupt + counts.rejected + counts.unlinked;
    this.#numbers[NUMBER.entries] = counts.entries;
  }

  get replayed(): Replayed {
    const [entries = 0, files = 0, directories = 0, notServed = 0] = this.#numbers.subarray(NUMBER.entries);
    return { entries, files, directories, notServed };
  }

  /** Counts of the opcodes that occurred. */
  opcodes(): OpcodeCounts[] {
    const counts: OpcodeCounts[] = [];
    for (let opcode = 0; opcode < OPCODE_LIMIT; opcode++) {
      const base = opcode * PER_OPCODE;
      const [errors = 0, microseconds = 0, ...latency] = this.#opcodes.subarray(base, base + PER_OPCODE);
      const requests = latency.reduce((sum, count) => sum + count, 0);
      if (requests > 0) counts.push({ opcode, requests, errors, latency, seconds: microseconds / 1e6 });
    }
    return counts;
  }

  #add(index: number, amount: number): void {
    this.#opcodes[index] = (this.#opcodes[index] as number) + amount;
  }
}

function latencyClass(microseconds: number): number {
  return Math.min(LATENCY_CLASSES - 1, 32 - Math.clz32(microseconds));
}
