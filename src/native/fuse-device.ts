import { closeSync, constants, openSync } from 'node:fs';
import { ioctl } from './libc';

/** FUSE_DEV_IOC_CLONE of linux/fuse.h: _IOR(229, 0, u32). */
const FUSE_DEV_IOC_CLONE = 0x8004e500;

/** Opens another descriptor for the connection of `fuseFd`, with a queue of its own of requests that were taken. */
export function cloneFuseDevice(fuseFd: number): number {
  const clone = openSync('/dev/fuse', constants.O_RDWR);
  try {
    const argument = Buffer.alloc(4);
    argument.writeUInt32LE(fuseFd, 0);
    ioctl(clone, FUSE_DEV_IOC_CLONE, argument);
    return clone;
  } catch (error) {
    closeSync(clone);
    throw error;
  }
}
