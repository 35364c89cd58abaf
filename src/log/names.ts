/** Names in bytes of paths, for the loops that see half a million of them. */

const SLASH = 0x2f;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Where the last name of the path in bytes start..end begins. */
export function startOfName(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] !== SLASH) at--;
  return at;
}

/** A loop: names are so short that a call of memcmp takes longer. */
export function sameBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** A number of 32 bits for a name in a directory. */
export function hashName(directory: number, name: Uint8Array, start: number, length: number): number {
  let hash = Math.imul(FNV_OFFSET ^ directory, FNV_PRIME);
  hash ^= hash >>> 15;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ (name[i] as number), FNV_PRIME);
  return (hash ^ (hash >>> 15)) >>> 0;
}
