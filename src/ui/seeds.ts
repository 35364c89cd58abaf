import { FamfsError } from '../errors';

const SEED_PATTERN = /^(\d+|0x[0-9a-f]+)$/i;
const LARGEST_SEED = 0xffffffffn;

/** Whether a text looks like a seed, good or not. */
export function isSeedLike(text: string): boolean {
  return SEED_PATTERN.test(text);
}

/**
 * The seed in a text: a whole number from 1 to 2^32 - 1, decimal or with 0x in hexadecimal digits.
 * Throws FamfsError `usage` for anything else.
 */
export function parseSeed(text: string): number {
  const hint = 'give a whole number from 1 to 4294967295';
  if (!isSeedLike(text)) throw new FamfsError('usage', `"${text}" is not a seed`, hint);
  const seed = BigInt(text);
  if (seed === 0n) throw new FamfsError('usage', 'the seed 0 stands for no contents', hint);
  if (seed <= LARGEST_SEED) return Number(seed);
  throw new FamfsError('usage', `the seed ${text} is too large: seeds have 32 bits`, hint);
}
