const ZEROS = Buffer.alloc(2 ** 18);
/** Up to so many bytes a loop is faster than a call of memcmp. */
const LOOP_BYTES = 16;

/** Whether all bytes from `start` to `end` are zero. */
export function isZero(bytes: Buffer, start = 0, end = bytes.length): boolean {
  if (end - start <= LOOP_BYTES) {
    for (let i = start; i < end; i++) if (bytes[i] !== 0) return false;
    return true;
  }
  for (let at = start; at < end; at += ZEROS.length) {
    const stop = Math.min(at + ZEROS.length, end);
    if (bytes.compare(ZEROS, 0, stop - at, at, stop) !== 0) return false;
  }
  return true;
}
