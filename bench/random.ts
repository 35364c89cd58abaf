/**
 * Measures how fast the contents that a seed stands for are made, and compared with what is there, by one core.
 *
 *   npx esbuild bench/random.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/random.cjs
 *   node /tmp/random.cjs
 */
import { RANDOM_BLOCK_BYTES, RandomContents } from '../src/operations/random-contents';
import { firstDifference } from '../src/operations/same-contents';

const BLOCKS = 2048;
const ROUNDS = 5;

/** GB/s of `work`, which is called once for each block. */
function rate(work: () => void): number {
  const start = performance.now();
  for (let i = 0; i < BLOCKS; i++) work();
  return (BLOCKS * RANDOM_BLOCK_BYTES) / 1e6 / (performance.now() - start);
}

for (let round = 0; round < ROUNDS; round++) {
  const contents = new RandomContents(42);
  const made = rate(() => contents.next(RANDOM_BLOCK_BYTES));
  const expected = new RandomContents(42);
  const kept = Buffer.from(expected.next(RANDOM_BLOCK_BYTES));
  const compared = rate(() => firstDifference(expected.next(RANDOM_BLOCK_BYTES), kept));
  console.log(`made ${made.toFixed(2)} GB/s, made and compared ${compared.toFixed(2)} GB/s`);
}
