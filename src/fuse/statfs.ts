import { LOG_OFFSET, logCapacity, MAX_PATH, SUPERBLOCK_REGION } from '../log/layout';
import type { Replay } from '../log/replay';
import { INO } from '../log/tree';
import { STATFS_OUT_BYTES, writeNumber } from './protocol';
import type { ServedDevices } from './served-devices';

const BLOCK_SIZE = 4096;

/** Counts the space of the devices that are attached, for statfs. */
export class SpaceCount {
  /** Bytes that files have on each device. */
  readonly #mapped: number[] = [];
  #nextIno: number = INO.first;

  constructor(
    private readonly replay: Replay,
    private readonly devices: ServedDevices,
  ) {}

  /**
   * Writes struct fuse_kstatfs: space that files could have, and have not; and of log entries, which count as its
   * inodes. What two files share counts twice, so that there may be more free than it says.
   */
  write(out: Buffer): void {
    const { counts, superblock } = this.replay;
    const { free, total } = this.#bytes();
    const freeBlocks = Math.floor(free / BLOCK_SIZE);
    const capacity = logCapacity(superblock.logLength);
    out.fill(0, 0, STATFS_OUT_BYTES);
    writeNumber(out, 0, Math.floor(total / BLOCK_SIZE));
    writeNumber(out, 8, freeBlocks);
    writeNumber(out, 16, freeBlocks);
    writeNumber(out, 24, capacity);
    writeNumber(out, 32, capacity - counts.entries);
    out.writeUInt32LE(BLOCK_SIZE, 40);
    out.writeUInt32LE(MAX_PATH, 44);
    out.writeUInt32LE(BLOCK_SIZE, 48);
  }

  #bytes(): { total: number; free: number } {
    const { devices, superblock, tree } = this.replay;
    if (devices.length > 1) this.#countMapped();
    else this.#mapped[0] = tree.mappedBytes;
    let total = 0;
    let free = 0;
    devices.forEach(({ size }, index) => {
      if (!this.devices.find(index)) return;
      const room = size - (index === 0 ? LOG_OFFSET + superblock.logLength : SUPERBLOCK_REGION);
      total += room;
      free += Math.max(0, room - (this.#mapped[index] ?? 0));
    });
    return { total, free };
  }

  /** Goes on from where it stopped: what is logged stays. */
  #countMapped(): void {
    const { tree } = this.replay;
    if (this.#nextIno === INO.first) this.#mapped[0] = 0;
    const add = (devindex: number, _offset: number, length: number) => {
      this.#mapped[devindex] = (this.#mapped[devindex] ?? 0) + length;
    };
    for (; this.#nextIno <= tree.lastIno; this.#nextIno++) tree.eachExtent(this.#nextIno, add);
  }
}
