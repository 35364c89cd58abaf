import { fstatSync } from 'node:fs';
import { errnoOf } from '../errors';
import { seekData, seekHole } from '../native/libc';

/** A range of an open file: bytes from its start. */
export interface DataRange {
  readonly position: number;
  readonly length: number;
  /** All of it reads as zeros, without being read. */
  readonly hole: boolean;
}

/**
 * Divides `position`..`position + length` of an open file into data and holes, in order. A file system that does not
 * tell holes has data alone, and so has what lies behind the end of the file.
 */
export function* dataRanges(fd: number, position: number, length: number): Generator<DataRange> {
  const end = position + length;
  for (let at = position; at < end; ) {
    const data = Math.min(nextData(fd, at, end), end);
    if (data > at) yield { position: at, length: data - at, hole: true };
    if (data >= end) return;
    const hole = Math.min(nextHole(fd, data, end), end);
    yield { position: data, length: hole - data, hole: false };
    at = hole;
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
function nextHole(fd: number, at: number, end: number): number {
  try {
    const hole = seekHole(fd, at);
    return hole > at ? hole : end;
  } catch {
    return end;
  }
}
