import { OUT_HEADER_BYTES, writeNotificationHeader, writeNumber } from '../protocol';
import { type MapExtent, MOST_EXTENTS } from './extents';

/** The messages of extent maps, protocol 7.47: how the kernel is told of devices and of where files lie on them. */

/** FUSE_DEV_IOC_BACKING_OPEN: _IOW(229, 1, 16 bytes). */
export const BACKING_OPEN = 0x4010e501;
export const BACKING_OPEN_BYTES = 16;
/** The descriptor is that of a device. */
const BACKING_IS_DEV = 1;
/** The backing id is the server's choice and has 64 bits. The same bit says so in OPEN's reply. */
export const BACKING_ID_64 = 2 ** 30;

export const NOTIFY_MAP = 11;
const MAP_HEADER_BYTES = 32;
const MAP_EXTENT_BYTES = 48;
const MAP_CREATE = 1;

export const FOPEN_PASSTHROUGH = 1 << 7;
export const MAPPED_OPEN_OUT_BYTES = 24;
export const MOST_MAP_BYTES = OUT_HEADER_BYTES + MAP_HEADER_BYTES + MOST_EXTENTS * MAP_EXTENT_BYTES;

/** Files have their inode number for a backing id. Those are below this, and devices from here on. */
const FIRST_DEVICE_ID = 2 ** 32;

/** The backing id of a device, the same in every process and after every restart. */
export function deviceBackingId(devindex: number): number {
  return FIRST_DEVICE_ID + devindex;
}

/** The argument of the ioctl that registers an open device. */
export function backingOpenArgument(deviceFd: number, devindex: number): Buffer {
  const argument = Buffer.alloc(BACKING_OPEN_BYTES);
  argument.writeInt32LE(deviceFd, 0);
  argument.writeUInt32LE(BACKING_ID_64 + BACKING_IS_DEV, 4);
  writeNumber(argument, 8, deviceBackingId(devindex));
  return argument;
}

/** Fills `out`, of MOST_MAP_BYTES, with the notification that creates the map of a file. Returns its bytes. */
export function writeMap(out: Buffer, ino: number, extents: readonly MapExtent[]): number {
  const length = OUT_HEADER_BYTES + MAP_HEADER_BYTES + extents.length * MAP_EXTENT_BYTES;
  out.fill(0, 0, length);
  writeNotificationHeader(out, length, NOTIFY_MAP);
  writeNumber(out, OUT_HEADER_BYTES, ino);
  out.writeUInt32LE(extents.length, OUT_HEADER_BYTES + 8);
  out.writeUInt32LE(MAP_CREATE, OUT_HEADER_BYTES + 12);
  extents.forEach(({ address, devindex, length: bytes, offset }, i) => {
    const at = OUT_HEADER_BYTES + MAP_HEADER_BYTES + i * MAP_EXTENT_BYTES;
    writeNumber(out, at, offset);
    writeNumber(out, at + 8, bytes);
    writeNumber(out, at + 16, deviceBackingId(devindex));
    writeNumber(out, at + 24, address);
  });
  return length;
}

/** Writes OPEN's reply for a file that the kernel serves by itself: no file handle, no flag of any other way. */
export function writeMappedOpen(out: Buffer, ino: number): void {
  out.fill(0, 0, MAPPED_OPEN_OUT_BYTES);
  out.writeUInt32LE(FOPEN_PASSTHROUGH + BACKING_ID_64, 8);
  writeNumber(out, 16, ino);
}
