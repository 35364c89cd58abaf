import { FamfsError } from '../errors';
import { eachRun } from '../log/file-map';
import type { DeviceTable } from '../members/members';
import type { FileMap } from '../types';

/** Bytes that are made, written and compared at a time. A multiple of a word, so that blocks join without a seam. */
export const RANDOM_BLOCK_BYTES = 2 ** 20;

const WORD_BYTES = 4;
const WORD_MASK = 0xffffffffn;
const LONG_MASK = 0xffffffffffffffffn;

/**
 * The contents that a seed stands for, made in order, a block at a time: the low words of xoroshiro128+ (rotations 55
 * and 36, shift 14), which splitmix64 seeds. docs/FORMAT.md tells the algorithm.
 *
 * Both 64-bit state words are kept as halves in plain numbers. Of their sum only the low half is used, which needs no
 * carry from anywhere, so all of it is 32-bit arithmetic at machine speed.
 */
export class RandomContents {
  /** As long as what was asked for at most: a block for each of many small files would cost more than its contents. */
  #words = new Int32Array(0);
  /** Low and high half of the first state word, then of the second. */
  readonly #state = new Int32Array(4);

  /** Throws FamfsError `usage` for a seed that stands for no contents: see checkSeed. */
  constructor(seed: number) {
    const next = splitMix64(BigInt(checkSeed(seed)));
    for (const half of [0, 2]) {
      const word = next();
      this.#state[half] = Number(word & WORD_MASK);
      this.#state[half + 1] = Number(word >> 32n);
    }
  }

  /**
   * The next `length` bytes, at most a block of them, in a buffer that the next call overwrites. Only the last call
   * for a file may ask for bytes that are no multiple of 4.
   */
  next(length: number): Buffer {
    if (length > RANDOM_BLOCK_BYTES) throw new RangeError(`${length} bytes are more than a block`);
    const count = Math.ceil(length / WORD_BYTES);
    if (count > this.#words.length) this.#words = new Int32Array(count);
    this.#advance(count);
    return Buffer.from(this.#words.buffer, 0, length);
  }

  #advance(count: number): void {
    const words = this.#words;
    let [low0 = 0, high0 = 0, low1 = 0, high1 = 0] = this.#state;
    for (let i = 0; i < count; i++) {
      words[i] = low0 + low1;
      const low = low0 ^ low1;
      const high = high0 ^ high1;
      // Rotated left by 55 is rotated right by 9; by 36, the halves exchanged and rotated left by 4.
      const rotatedLow = (low0 >>> 9) | (high0 << 23);
      const rotatedHigh = (high0 >>> 9) | (low0 << 23);
      low0 = rotatedLow ^ low ^ (low << 14);
      high0 = rotatedHigh ^ high ^ ((high << 14) | (low >>> 18));
      low1 = (high << 4) | (low >>> 28);
      high1 = (low << 4) | (high >>> 28);
    }
    this.#state.set([low0, high0, low1, high1]);
  }
}

/** The seed. Throws FamfsError `usage` unless it is a whole number from 1 to 2^32 - 1. */
export function checkSeed(seed: number): number {
  if (Number.isInteger(seed) && seed > 0 && seed <= 0xffffffff) return seed;
  throw new FamfsError(
    'usage',
    `the seed ${seed} stands for no contents: seeds have 32 bits, and 0 in all of them means no contents`,
    'give a whole number from 1 to 4294967295',
  );
}

/**
 * Writes the contents that `seed` stands for into the `size` bytes at `map`, in order. Not flushed yet. `onBlock` is
 * called behind each block; what it throws ends the writing.
 * Throws FamfsError `device-io` when a device cannot be written.
 */
export async function storeRandom(
  devices: DeviceTable,
  map: FileMap,
  size: number,
  seed: number,
  onBlock: (bytes: number) => void | Promise<void>,
): Promise<void> {
  const contents = new RandomContents(seed);
  for (let position = 0; position < size; ) {
    const block = contents.next(Math.min(RANDOM_BLOCK_BYTES, size - position));
    let done = 0;
    eachRun(map, position, block.length, (devindex, offset, length) => {
      devices.at(devindex).store(offset, block.subarray(done, done + length));
      done += length;
    });
    position += block.length;
    await onBlock(block.length);
  }
}

function splitMix64(seed: bigint): () => bigint {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & LONG_MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & LONG_MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & LONG_MASK;
    return z ^ (z >> 31n);
  };
}
