import { LOG_OFFSET, logCapacity, MAX_PATH } from '../log/layout';
import type { Replay } from '../log/replay';
import { STATFS_OUT_BYTES, writeNumber } from './protocol';

const BLOCK_SIZE = 4096;

/**
 * Writes struct fuse_kstatfs: space of a device of `deviceBytes` bytes that files could have, and have not; and of log
 * entries, which count as its inodes. What two files share counts twice, so that there may be more free than it says.
 */
export function writeStatfs({ counts, superblock, tree }: Replay, deviceBytes: number, out: Buffer): void {
  const total = deviceBytes - LOG_OFFSET - superblock.logLength;
  const free = Math.floor(Math.max(0, total - tree.mappedBytes) / BLOCK_SIZE);
  const capacity = logCapacity(superblock.logLength);
  out.fill(0, 0, STATFS_OUT_BYTES);
  writeNumber(out, 0, Math.floor(total / BLOCK_SIZE));
  writeNumber(out, 8, free);
  writeNumber(out, 16, free);
  writeNumber(out, 24, capacity);
  writeNumber(out, 32, capacity - counts.entries);
  out.writeUInt32LE(BLOCK_SIZE, 40);
  out.writeUInt32LE(MAX_PATH, 44);
  out.writeUInt32LE(BLOCK_SIZE, 48);
}
