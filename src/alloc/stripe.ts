import { FamfsError } from '../errors';
import { isPowerOfTwo } from '../numbers';
import type { StripeOptions } from '../types';

const GIB = 2 ** 30;
const MAX_STRIPS = 16;
const MAX_BUCKETS = 64;
const MIN_BUCKET_BYTES = GIB;

/**
 * Checks stripe options for the only device, of `deviceBytes` bytes with units of `allocUnit` bytes.
 * Throws FamfsError `usage` naming the first parameter that is wrong and its rule.
 */
export function checkStripe(stripe: StripeOptions, deviceBytes: number, allocUnit: number): void {
  checkStripeOverDevices(stripe, allocUnit);
  const { nbuckets, nstrips } = stripe;
  if (nbuckets === undefined) {
    throw new FamfsError(
      'usage',
      'the number of buckets is missing, which a file system on one device needs',
      bucketHint(deviceBytes),
    );
  }
  if (nstrips > nbuckets) {
    throw new FamfsError(
      'usage',
      `the number of strips is ${nstrips} but there are only ${nbuckets} buckets, and each strip takes its own`,
      'Give at least as many buckets as strips.',
    );
  }
  if (deviceBytes / nbuckets < MIN_BUCKET_BYTES) {
    throw new FamfsError(
      'usage',
      `the number of buckets is ${nbuckets}, which makes buckets of less than 1 GiB on a device of ${deviceBytes} bytes`,
      bucketHint(deviceBytes),
    );
  }
}

/** Checks stripe options for several devices, each of which takes a strip. Throws as checkStripe. */
export function checkStripeOverDevices(stripe: StripeOptions, allocUnit: number): void {
  checkChunkSize(stripe.chunkSize, allocUnit);
  checkCount('strips', stripe.nstrips, MAX_STRIPS);
  if (stripe.nbuckets !== undefined) checkCount('buckets', stripe.nbuckets, MAX_BUCKETS);
}

/** Allocation units of each strip of a file of `fileUnits` units. */
export function stripUnits(fileUnits: number, stripe: StripeOptions, allocUnit: number): number {
  const chunkUnits = stripe.chunkSize / allocUnit;
  return Math.ceil(fileUnits / (stripe.nstrips * chunkUnits)) * chunkUnits;
}

/** The numbers 0..count-1 in random order (Fisher-Yates); `random` gives numbers in [0, 1). */
export function shuffledIndices(count: number, random: () => number): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const pick = Math.floor(random() * (last + 1));
    const [a, b] = [order[last], order[pick]];
    if (a === undefined || b === undefined) throw new RangeError('the random source left [0, 1)');
    order[last] = b;
    order[pick] = a;
  }
  return order;
}

function checkChunkSize(chunkSize: number, allocUnit: number): void {
  const hint = `choose a power of two of at least ${allocUnit} bytes, the allocation unit`;
  if (!isPowerOfTwo(chunkSize)) {
    throw new FamfsError('usage', `the chunk size is ${chunkSize} bytes, which is not a power of two`, hint);
  }
  if (chunkSize % allocUnit !== 0) {
    const rule = `not a multiple of the allocation unit of ${allocUnit} bytes`;
    throw new FamfsError('usage', `the chunk size is ${chunkSize} bytes, which is ${rule}`, hint);
  }
}

function checkCount(what: string, count: number, most: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= most) return;
  throw new FamfsError(
    'usage',
    `the number of ${what} is ${count}, which is not between 1 and ${most}`,
    `choose a whole number of ${what} from 1 to ${most}`,
  );
}

function bucketHint(deviceBytes: number): string {
  const most = Math.floor(deviceBytes / MIN_BUCKET_BYTES);
  return most === 0 ? 'files cannot be striped on a device this small' : `use ${most} buckets or fewer`;
}
