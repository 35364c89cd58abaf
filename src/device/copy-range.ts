import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

/** O_NONBLOCK for what became a FIFO meanwhile. */
const OPEN_SOURCE = constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK;

/** Opens a file that is to be copied. Throws the system's error. */
export function openSource(path: Buffer): number {
  return openSync(path, OPEN_SOURCE);
}

/**
 * The bytes of a file that has exactly `size` of them, fewer than `buffer` takes: they are in `buffer`. Undefined when
 * it has more or fewer, or a read gave fewer. Throws the system's error.
 */
export function readWhole(path: Buffer, size: number, buffer: Buffer): Buffer | undefined {
  const source = openSource(path);
  try {
    // One byte more tells that it has grown, without asking.
    const count = readSync(source, buffer, 0, size + 1, 0);
    return count === size ? buffer.subarray(0, size) : undefined;
  } finally {
    closeSync(source);
  }
}

/** Writes bytes to `offset` of an open file. Throws the system's error. */
export function writeRange(to: number, offset: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(to, bytes, done, bytes.length - done, offset + done);
}

/** A range of an open file that is to be copied to another one: descriptors, and bytes from the start of each. */
export interface RangeToCopy {
  readonly source: number;
  readonly position: number;
  readonly to: number;
  readonly offset: number;
  readonly length: number;
}

/** Copies a range through `buffer`. False when the source ends before it does. Throws the system's error, of either file. */
export function copyRange({ length, offset, position, source, to }: RangeToCopy, buffer: Buffer): boolean {
  for (let done = 0; done < length; ) {
    const count = readSync(source, buffer, 0, Math.min(buffer.length, length - done), position + done);
    if (count === 0) return false;
    writeRange(to, offset + done, buffer.subarray(0, count));
    done += count;
  }
  return true;
}
