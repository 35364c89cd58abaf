import type { Bitmap } from './bitmap';

const SIZE_CLASSES = 33;

/**
 * First fit in a part of a bitmap, without looking twice at what is known to be taken.
 *
 * `hints[k]` is a unit below which no free run of 2^k or more units starts. Marking units can only make
 * that more true; after clearing any, `forget` must be called.
 */
export class Region {
  private readonly hints: number[];

  /** Units [first, end) of `bitmap`. */
  constructor(
    private readonly bitmap: Bitmap,
    private readonly first: number,
    private readonly end: number,
  ) {
    this.hints = new Array<number>(SIZE_CLASSES).fill(first);
  }

  /** The first unit of the lowest run of `count` free units in the region, or -1. */
  lowestRun(count: number): number {
    if (count > this.end - this.first) return -1;
    const sizeClass = Math.floor(Math.log2(count));
    const from = Math.max(...this.hints.slice(0, sizeClass + 1));
    const candidate = this.bitmap.firstFit(2 ** sizeClass, from, this.end);
    this.hints[sizeClass] = candidate < 0 ? this.end : candidate;
    return candidate < 0 ? -1 : this.bitmap.firstFit(count, candidate, this.end);
  }

  /** Drops what is remembered: units have been freed. */
  forget(): void {
    this.hints.fill(this.first);
  }
}
