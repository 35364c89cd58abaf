/** Numbers and sums as docs/FORMAT.md has them, read byte by byte. */

export type NaiveBytes = Uint8Array;

/** No number of a sound file system is as large; see docs/FORMAT.md. */
export const TOO_LARGE = 2n ** 53n;

export function isPower(value: bigint): boolean {
  return value > 0n && (value & (value - 1n)) === 0n;
}

export function u32At(bytes: NaiveBytes, at: number): number {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = value * 256 + (bytes[at + i] as number);
  return value;
}

export function u64At(bytes: NaiveBytes, at: number): bigint {
  return BigInt(u32At(bytes, at + 4)) * 2n ** 32n + BigInt(u32At(bytes, at));
}

const SUMS: number[] = [];
for (let byte = 0; byte < 256; byte++) {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  SUMS.push(sum >>> 0);
}

/** The CRC-32 of the first `length` bytes. */
export function crc32Of(bytes: NaiveBytes, length: number): number {
  let sum = 0xffffffff;
  for (let i = 0; i < length; i++) {
    sum = (SUMS[(sum ^ (bytes[i] as number)) & 0xff] as number) ^ (sum >>> 8);
  }
  return (sum ^ 0xffffffff) >>> 0;
}
