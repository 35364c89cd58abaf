/** A set of small numbers, as bits in words of shared memory. Numbers are added by any process, and stay until taken. */
export class SharedSet {
  constructor(private readonly words: Int32Array) {}

  /** True for numbers that the set can hold. */
  holds(number: number): boolean {
    return number < 32 * this.words.length;
  }

  has(number: number): boolean {
    return this.holds(number) && (Atomics.load(this.words, number >>> 5) & (1 << (number & 31))) !== 0;
  }

  /** Adds a number, which the set must be able to hold. */
  add(number: number): void {
    Atomics.or(this.words, number >>> 5, 1 << (number & 31));
  }

  /** Takes a number out; false if it was not there. */
  take(number: number): boolean {
    if (!this.has(number)) return false;
    Atomics.and(this.words, number >>> 5, ~(1 << (number & 31)));
    return true;
  }
}
