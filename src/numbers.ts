/** Whether `value` is 1, 2, 4, 8, ... up to 2^52. */
export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}

/** A page of memory, in bytes: the kernel maps and keeps files in these. */
export const PAGE_BYTES = 4096;
