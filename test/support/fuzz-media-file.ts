import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { LOG_OFFSET } from '../../src/log/layout';
import { MediaFailure } from './fuzz-media-attempt';
import { DATA, type MediaStore } from './fuzz-media-image';
import type { NaiveEntry } from './naive-check-entry';

const PATTERN_BYTES = 2 ** 21;

/** A device file that is written anew for each input. What is behind the log tells, byte by byte, where it is. */
export class MediaFile {
  readonly #fd: number;
  readonly #pattern = Buffer.alloc(PATTERN_BYTES);
  #size = 0;

  constructor(readonly path: string) {
    this.#fd = openSync(path, 'w+', 0o644);
    for (let at = 0; at < PATTERN_BYTES; at++) this.#pattern[at] = byteAt(DATA + at);
  }

  /** Makes the device what a store has. */
  write(store: MediaStore): void {
    if (this.#size !== store.size) {
      ftruncateSync(this.#fd, 0);
      ftruncateSync(this.#fd, store.size);
      this.#size = store.size;
      this.#put(this.#pattern, DATA);
    }
    this.#put(store.superblock, 0);
    this.#put(store.log, LOG_OFFSET);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #put(bytes: Buffer, offset: number): void {
    const length = Math.min(bytes.length, this.#size - offset);
    if (length > 0) writeSync(this.#fd, bytes, 0, length, offset);
  }
}

/** What is at an offset of a MediaFile's device, behind the log. */
export function byteAt(offset: number): number {
  if (offset >= DATA + PATTERN_BYTES) return 0;
  const word = Math.imul((offset >> 2) + 1, 0x9e3779b1);
  return (word >>> (8 * (offset & 3))) & 0xff;
}

/** Where a byte of a file is, by the formula of docs/FORMAT.md. */
export function placeOf(
  { chunk, extents }: NaiveEntry,
  position: bigint,
): { device: bigint; offset: bigint } {
  if (chunk !== undefined) {
    const c = position / chunk;
    const n = BigInt(extents.length);
    const strip = extents[Number(c % n)] as NaiveEntry['extents'][number];
    return { device: strip.device, offset: strip.offset + (c / n) * chunk + (position % chunk) };
  }
  let left = position;
  for (const { device, length, offset } of extents) {
    if (left < length) return { device, offset: offset + left };
    left -= length;
  }
  throw new MediaFailure('the extents do not hold the file');
}

/** Positions of a file that are worth a look: its first and last bytes, and some between. */
export function positionsIn(size: number): number[] {
  if (size === 0) return [];
  return [0, size - 1, Math.floor(size / 2), Math.floor(size / 3), Math.min(size - 1, 4096)];
}
