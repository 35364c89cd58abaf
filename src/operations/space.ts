import { Allocator } from '../alloc/allocator';
import { Pool } from '../alloc/pool';
import { LOG_OFFSET, SUPERBLOCK_REGION } from '../log/layout';
import type { Superblock } from '../log/superblock';
import { INO, type Tree } from '../log/tree';
import type { Members } from '../members/members';
import type { PlacementPolicy } from '../types';

/** What is to be known of a file system to tell where it has room. */
export interface Space {
  readonly superblock: Superblock;
  readonly tree: Tree;
  readonly members: Members;
}

/**
 * The space of a file system with all that the log's files take marked. On a device that cannot be used
 * nothing is given out, and what is there is not counted: its size is only what the log says.
 */
export function poolOf({ members, superblock, tree }: Space, policy?: PlacementPolicy): Pool {
  const allocators = members.records.map(({ size }, devindex) =>
    members.find(devindex)
      ? new Allocator({
          devindex,
          deviceBytes: size,
          allocUnit: superblock.allocUnit,
          reservedBytes: devindex === 0 ? LOG_OFFSET + superblock.logLength : SUPERBLOCK_REGION,
        })
      : undefined,
  );
  const pool = new Pool(allocators, policy, tree.fileCount);
  const reserve = (devindex: number, offset: number, length: number) =>
    pool.reserve({ devindex, offset, length });
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) tree.eachExtent(ino, reserve);
  return pool;
}
