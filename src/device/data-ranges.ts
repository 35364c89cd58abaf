import { fstatSync, type Stats } from 'node:fs';
import { errnoOf } from '../errors';
import { seekData, seekHole, willNeed } from '../native/libc';

/** What st_blocks counts in. */
const BLOCK_BYTES = 512;

/** A range of an open file: bytes from its start. */
export interface DataRange {
  readonly position: number;
  readonly length: number;
  /** All of it reads as zeros, without being read. */
  readonly hole: boolean;
}

/** Whether a file has blocks for all of its bytes, and so no holes, as far as that can be told without asking for them. */
export function isSolid({ blocks, size }: Pick<Stats, 'blocks' | 'size'>): boolean {
  return blocks * BLOCK_BYTES >= size;
}

/**
 * Where an open file has data and where holes, asked in any order. Remembers the last run of data: to find its end takes
 * the kernel time that grows with its length.
 */
export class DataRanges {
  #from = 0;
  #to: number;

  /**
   * `stats` are the file's: one that has all its blocks is not asked for holes, as by cp of coreutils. To find that there
   * are none takes a part of the time that copying takes.
   */
  constructor(
    private readonly fd: number,
    stats: Pick<Stats, 'blocks' | 'size'>,
  ) {
    this.#to = isSolid(stats) ? Number.POSITIVE_INFINITY : 0;
  }

  /**
   * Divides `position`..`position + length` into data and holes, in order. A file system that does not tell holes has
   * data alone, and so has what lies behind the end of the file.
   */
  *of(position: number, length: number): Generator<DataRange> {
    const end = position + length;
    for (let at = position; at < end; ) {
      const known = at >= this.#from && at < this.#to;
      const data = known ? at : Math.min(nextData(this.fd, at, end), end);
      if (data > at) yield { position: at, length: data - at, hole: true };
      if (data >= end) return;
      if (!known) [this.#from, this.#to] = [data, nextHole(this.fd, data)];
      const stop = Math.min(this.#to, end);
      yield { position: data, length: stop - data, hole: false };
      at = stop;
    }
  }
}

function nextData(fd: number, at: number, end: number): number {
  try {
    return seekData(fd, at);
  } catch (error) {
    return errnoOf(error) === 'ENXIO' && fstatSync(fd).size >= end ? end : at;
  }
}

/** A hole before `at` would be one that came up since; the rest then is taken for data. */
function nextHole(fd: number, at: number): number {
  try {
    const hole = seekHole(fd, at);
    return hole > at ? hole : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Has the kernel begin to read an open file of `length` bytes, so that a read soon after need not wait. */
export function readAhead(fd: number, length: number): void {
  if (length > 0) willNeed(fd, 0, length);
}
