import { Allocator } from '../alloc/allocator';
import type { Device } from '../device/device';
import { LOG_OFFSET } from '../log/layout';
import type { Superblock } from '../log/superblock';
import { INO, type Tree } from '../log/tree';

/** The space of the primary device with all that the log's files take marked. */
export function allocatorOf(device: Device, superblock: Superblock, tree: Tree): Allocator {
  const allocator = new Allocator({
    devindex: 0,
    deviceBytes: device.size,
    allocUnit: superblock.allocUnit,
    reservedBytes: LOG_OFFSET + superblock.logLength,
  });
  const reserve = (devindex: number, offset: number, length: number) => {
    if (devindex === 0) allocator.reserve({ devindex, offset, length });
  };
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) tree.eachExtent(ino, reserve);
  return allocator;
}
