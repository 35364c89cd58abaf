/** The numbers of the FUSE wire protocol that the server uses (linux/fuse.h, protocol 7.31 to 7.45, and see maps/). */

export const PROTOCOL_MAJOR = 7;
/** Opcodes are below this; CUSE and others are not. */
export const OPCODE_LIMIT = 64;
/** The newest minor version that the server claims without file maps; older kernels get their own. */
export const PROTOCOL_MINOR = 45;
/** Kernels before this lack max_pages and the READDIRPLUS the server counts on (Linux 5.2). */
export const OLDEST_MINOR = 31;

export const OP = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  TMPFILE: 51,
  /** These get ENOSYS: the kernel then does without, or in another way. */
  READLINK: 5,
  IOCTL: 39,
  POLL: 40,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SYNCFS: 50,
  STATX: 52,
  /** Only kernels with the fmap messages send these two: see maps/fmap-v4.ts. */
  GET_FMAP: 54,
  GET_DAXDEV: 55,
} as const;

/** The least bytes of a request's body: its struct, and names of one byte with their NULs. Others have no body. */
export const SHORTEST_BODY: ReadonlyMap<number, number> = new Map([
  [OP.LOOKUP, 2],
  [OP.GETATTR, 16],
  [OP.SETATTR, 88],
  [OP.SYMLINK, 4],
  [OP.MKNOD, 18],
  [OP.MKDIR, 10],
  [OP.UNLINK, 2],
  [OP.RMDIR, 2],
  [OP.RENAME, 12],
  [OP.LINK, 10],
  [OP.OPEN, 8],
  [OP.READ, 40],
  [OP.WRITE, 40],
  [OP.RELEASE, 24],
  [OP.FSYNC, 16],
  [OP.FLUSH, 24],
  [OP.OPENDIR, 8],
  [OP.READDIR, 40],
  [OP.RELEASEDIR, 24],
  [OP.FSYNCDIR, 16],
  [OP.ACCESS, 8],
  [OP.CREATE, 18],
  [OP.FALLOCATE, 32],
  [OP.READDIRPLUS, 40],
  [OP.RENAME2, 20],
  [OP.TMPFILE, 17],
  [OP.GET_DAXDEV, 4],
]);

/** Bits of INIT's 64-bit flags, as bigints. */
export const INIT_FLAG = {
  ASYNC_READ: 1n << 0n,
  ATOMIC_O_TRUNC: 1n << 3n,
  BIG_WRITES: 1n << 5n,
  DO_READDIRPLUS: 1n << 13n,
  READDIRPLUS_AUTO: 1n << 14n,
  ASYNC_DIO: 1n << 15n,
  PARALLEL_DIROPS: 1n << 18n,
  MAX_PAGES: 1n << 22n,
  INIT_EXT: 1n << 30n,
  DIRECT_IO_ALLOW_MMAP: 1n << 36n,
  PASSTHROUGH: 1n << 37n,
  HAS_RESEND: 1n << 39n,
} as const;

export const FOPEN_DIRECT_IO = 1 << 0;
export const FOPEN_KEEP_CACHE = 1 << 1;
export const FOPEN_PARALLEL_DIRECT_WRITES = 1 << 6;

/** Bit of WRITE's flags: set-user-ID and set-group-ID bits are to go, since who writes may not keep them. */
export const WRITE_KILL_SUIDGID = 1 << 2;

/** Bits of SETATTR's `valid`. */
export const FATTR = {
  MODE: 1,
  UID: 2,
  GID: 4,
  SIZE: 8,
  ATIME: 16,
  MTIME: 32,
  ATIME_NOW: 128,
  MTIME_NOW: 256,
} as const;

/** Notification that has the kernel drop what it cached of an inode. */
export const NOTIFY_INVAL_INODE = 2;
/** Notification that has the kernel send requests again that were read and not answered. */
export const NOTIFY_RESEND = 7;
/** Set in `unique` of a request that is sent again. */
export const UNIQUE_RESEND = 1n << 63n;

export const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
export const ATTR_BYTES = 88;
export const ATTR_OUT_BYTES = 16 + ATTR_BYTES;
export const ENTRY_OUT_BYTES = 40 + ATTR_BYTES;
export const OPEN_OUT_BYTES = 16;
export const WRITE_OUT_BYTES = 8;
export const STATFS_OUT_BYTES = 80;
export const INIT_OUT_BYTES = 64;
export const WRITE_IN_BYTES = 40;
export const DIRENT_BYTES = 24;

/** 1 MiB in pages of 4 KiB: the most a kernel passes in one request. Where its pages are larger, max_read counts. */
export const MAX_PAGES = 256;
export const MAX_READ = MAX_PAGES * 4096;
export const MAX_WRITE = 2 ** 20;
/** Room for a request: its header, WRITE's own header and the data, as the kernel demands. */
export const REQUEST_BYTES = MAX_WRITE + 4096;

/** The part of every request before its body. */
export interface RequestHeader {
  readonly length: number;
  readonly opcode: number;
  readonly unique: bigint;
  /** Inode number. */
  readonly node: number;
}

export function readHeader(request: Buffer): RequestHeader {
  return {
    length: request.readUInt32LE(0),
    opcode: request.readUInt32LE(4),
    unique: request.readBigUInt64LE(8),
    node: readNumber(request, 16),
  };
}

const NO_REPLY: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT]);

/** Whether a request is to be answered. A reply whose `unique` is 0 would be taken for a notification. */
export function wantsReply({ opcode, unique }: RequestHeader): boolean {
  return unique !== 0n && !NO_REPLY.has(opcode);
}

/** Fills the out header of a message that answers no request: its code stands where a reply has its errno. */
export function writeNotificationHeader(header: Buffer, length: number, code: number): void {
  writeOutHeader(header, length, -code, 0n);
}

/** Fills an out header: the whole reply's length in bytes, an errno (positive, 0 for success), the request's unique. */
export function writeOutHeader(header: Buffer, length: number, errno: number, unique: bigint): void {
  header.writeUInt32LE(length, 0);
  header.writeInt32LE(errno === 0 ? 0 : -errno, 4);
  header.writeBigUInt64LE(unique, 8);
}

/** A u64 as a number; Infinity above 2^53 - 1, where nothing of this file system lies. */
export function readNumber(bytes: Buffer, offset: number): number {
  const high = bytes.readUInt32LE(offset + 4);
  return high >= 2 ** 21 ? Number.POSITIVE_INFINITY : high * 2 ** 32 + bytes.readUInt32LE(offset);
}

export function writeNumber(bytes: Buffer, offset: number, value: number): void {
  bytes.writeUInt32LE(value % 2 ** 32, offset);
  bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
}
