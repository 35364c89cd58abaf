import { LOG_ENTRY } from '../../src/log/layout';
import { NUMBERS } from './fuzz-media-damage';
import { seeded } from './random';

/** What istanbul keeps of a file: how often each statement, and each way of each branch, was taken. */
interface Counts {
  readonly s: Record<string, number>;
  readonly b: Record<string, number[]>;
}

/** Tells whether a run took code that none took before, or took it many times more often. */
export class Coverage {
  /** Pairs of a place in the code and how often, by powers of two, it was taken in one run. */
  features = 0;
  readonly #seen: Uint32Array[];
  readonly #counters: (number[] | Record<string, number>)[];

  constructor(counts: Counts) {
    this.#counters = [counts.s, ...Object.values(counts.b)];
    this.#seen = this.#counters.map((counter) => new Uint32Array(Object.keys(counter).length));
  }

  /** Whether the run since the last call found anything new. Forgets the run. */
  take(): boolean {
    const before = this.features;
    for (let c = 0; c < this.#counters.length; c++) {
      const counter = this.#counters[c] as number[];
      const seen = this.#seen[c] as Uint32Array;
      for (let i = 0; i < seen.length; i++) {
        const count = counter[i] ?? 0;
        if (count === 0) continue;
        counter[i] = 0;
        const bit = 1 << Math.min(8, 31 - Math.clz32(count));
        if (((seen[i] as number) & bit) !== 0) continue;
        seen[i] = (seen[i] as number) | bit;
        this.features++;
      }
    }
    return this.features > before;
  }
}

/** Makes inputs from those that found something new, in ways that are the same for a seed. */
export class GuidedInputs {
  readonly #random: () => number;

  constructor(
    readonly corpus: Buffer[],
    private readonly mostBytes: number,
    seed: number,
  ) {
    this.#random = seeded(seed);
  }

  next(): Buffer {
    // What was found last leads furthest.
    const recent = this.#random() < 0.5 ? Math.max(0, this.corpus.length - 50) : 0;
    const chosen = this.corpus[recent + this.#below(this.corpus.length - recent)] as Buffer;
    let data: Buffer = Buffer.from(chosen);
    do data = this.#change(data);
    while (this.#random() < 0.5);
    return data.subarray(0, this.mostBytes);
  }

  #change(data: Buffer): Buffer {
    const at = this.#below(data.length);
    switch (this.#below(7)) {
      case 0:
        data[at] = (data[at] as number) ^ (1 << this.#below(8));
        return data;
      case 1:
        data[at] = this.#below(256);
        return data;
      case 2:
        return this.#number(data);
      case 3:
        return this.#number(data);
      case 4: {
        const other = this.corpus[this.#below(this.corpus.length)] as Buffer;
        const length = this.#below(3) === 0 ? 8 : LOG_ENTRY.bytes;
        const from = this.#below(3) === 0 ? this.#below(other.length) : this.#entry(other);
        other.copy(data, this.#entry(data), from, from + length);
        return data;
      }
      case 5:
        return Buffer.concat([data, data.subarray(this.#entry(data)).subarray(0, LOG_ENTRY.bytes)]);
      default:
        return this.#below(4) === 0 ? data.subarray(0, Math.max(1, at)) : this.#number(data);
    }
  }

  /** Stores a number of note in a field: all of them begin at a multiple of four bytes. */
  #number(data: Buffer): Buffer {
    const at = this.#entry(data) + 4 * this.#below(LOG_ENTRY.bytes / 4);
    const value = NUMBERS[this.#below(NUMBERS.length)] as bigint;
    if (at + 8 > data.length) return data;
    if (this.#below(3) === 0) data.writeUInt32LE(Number(value & 0xffffffffn), at);
    else data.writeBigUInt64LE(value, at);
    return data;
  }

  #entry(data: Buffer): number {
    return 1 + LOG_ENTRY.bytes * this.#below(Math.max(1, Math.floor(data.length / LOG_ENTRY.bytes)));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
