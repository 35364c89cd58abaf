import { closeSync, constants, openSync } from 'node:fs';
import { bindOnUse } from './bind';
import { ioctl } from './libc';

const libc = bindOnUse(
  { soname: 'libc.so.6', debianPackage: 'libc6' },
  { poll: { returns: 'i32', takes: ['bytes', 'i64', 'i32'] } },
);

/** FUSE_DEV_IOC_CLONE of linux/fuse.h: _IOR(229, 0, u32). */
const FUSE_DEV_IOC_CLONE = 0x8004e500;

/** struct pollfd { int fd; short events; short revents; }; errors are told whether they are asked for or not. */
const POLLFD_BYTES = 8;
const REVENTS = 6;
const POLLERR = 8;

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

/** Whether the file system of a descriptor of /dev/fuse is gone, with all that had been open in it. */
export function isFuseDeviceGone(fuseFd: number): boolean {
  const pollfd = Buffer.alloc(POLLFD_BYTES);
  pollfd.writeInt32LE(fuseFd, 0);
  return libc.poll(pollfd, 1, 0) === 1 && (pollfd.readInt16LE(REVENTS) & POLLERR) !== 0;
}
