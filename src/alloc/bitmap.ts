const BITS_PER_WORD = 32;
const ALL_ONES = -1;

/** The most units a bitmap can hold: 16 TiB of 4 KiB units, in 512 MiB of memory. */
export const MAX_UNITS = 2 ** 32;

/** A run of free units. */
export interface Run {
  readonly first: number;
  readonly count: number;
}

/** One bit for each allocation unit of a device; a set bit is a unit in use. */
export class Bitmap {
  private readonly words: Uint32Array;
  private usedUnits = 0;

  /** Throws RangeError unless `units` is an integer in [0, MAX_UNITS]. */
  constructor(readonly units: number) {
    if (!Number.isInteger(units) || units < 0 || units > MAX_UNITS) {
      throw new RangeError(`a bitmap cannot hold ${units} units`);
    }
    this.words = new Uint32Array(Math.ceil(units / BITS_PER_WORD));
  }

  /** Number of units in use. */
  get used(): number {
    return this.usedUnits;
  }

  /** Number of units not in use. */
  get free(): number {
    return this.units - this.usedUnits;
  }

  /**
   * Marks `count` units from `first` on as used; returns how many of them were used already.
   * Throws RangeError if the run leaves the bitmap.
   */
  mark(first: number, count: number): number {
    const changed = this.fill(first, count, true);
    this.usedUnits += changed;
    return count - changed;
  }

  /**
   * Marks `count` units from `first` on as free; returns how many of them were free already.
   * Throws RangeError if the run leaves the bitmap.
   */
  clear(first: number, count: number): number {
    const changed = this.fill(first, count, false);
    this.usedUnits -= changed;
    return count - changed;
  }

  /** Whether unit `index` is in use. Throws RangeError if there is no such unit. */
  isSet(index: number): boolean {
    this.checkRun(index, 1);
    return ((this.word(index >>> 5) >>> (index & 31)) & 1) === 1;
  }

  /**
   * The first unit of the lowest run of `count` free units that lies wholly in [from, end), or -1.
   * Linear in the length of the range. Throws RangeError if the range leaves the bitmap or `count` is
   * not a positive integer.
   */
  firstFit(count: number, from = 0, end = this.units): number {
    this.checkRun(from, end - from);
    if (!Number.isInteger(count) || count < 1) throw new RangeError(`cannot look for ${count} units`);
    let first = this.next(false, from, end);
    while (first + count <= end) {
      const blocker = this.next(true, first, first + count);
      if (blocker === first + count) return first;
      first = this.next(false, blocker, end);
    }
    return -1;
  }

  /** The maximal runs of free units in [from, end), in rising order. Throws RangeError as `firstFit` does. */
  *freeRuns(from = 0, end = this.units): Generator<Run, void, undefined> {
    this.checkRun(from, end - from);
    let first = this.next(false, from, end);
    while (first < end) {
      const past = this.next(true, first, end);
      yield { first, count: past - first };
      first = this.next(false, past, end);
    }
  }

  /** Length in units of the longest free run, 0 if nothing is free. */
  largestFree(): number {
    let largest = 0;
    for (const run of this.freeRuns()) largest = Math.max(largest, run.count);
    return largest;
  }

  /** The lowest unit in [from, end) that is used (or free), or `end`. */
  private next(used: boolean, from: number, end: number): number {
    if (from >= end) return end;
    const flip = used ? 0 : ALL_ONES;
    const lastIndex = (end - 1) >>> 5;
    let index = from >>> 5;
    let bits = (this.word(index) ^ flip) & (ALL_ONES << (from & 31));
    while (bits === 0) {
      index += 1;
      if (index > lastIndex) return end;
      bits = this.word(index) ^ flip;
    }
    return Math.min(end, index * BITS_PER_WORD + trailingZeros(bits));
  }

  /** Sets or clears a run of bits; returns how many changed. */
  private fill(first: number, count: number, used: boolean): number {
    this.checkRun(first, count);
    const end = first + count;
    let changed = 0;
    for (let at = first; at < end; ) {
      const index = at >>> 5;
      const wordEnd = Math.min(end, (index + 1) * BITS_PER_WORD);
      const mask = runMask(at & 31, wordEnd - at);
      const before = this.word(index);
      const after = used ? before | mask : before & ~mask;
      changed += popCount(before ^ after);
      this.words[index] = after;
      at = wordEnd;
    }
    return changed;
  }

  private word(index: number): number {
    return this.words[index] ?? 0;
  }

  private checkRun(first: number, count: number): void {
    const whole = Number.isInteger(first) && Number.isInteger(count);
    if (!whole || first < 0 || count < 0 || first + count > this.units) {
      throw new RangeError(`units ${first} to ${first + count} are not in a bitmap of ${this.units}`);
    }
  }
}

/** `count` one bits (1..32) from bit `low` on. */
function runMask(low: number, count: number): number {
  return (ALL_ONES >>> (BITS_PER_WORD - count)) << low;
}

function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Number of one bits: sums of 2, then 4, then 8 bits; the multiplication adds the four bytes up. */
function popCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  const bytes = (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bytes, 0x01010101) >>> 24;
}
