/** The kernel's side of the FUSE protocol, written down from linux/fuse.h and apart from what the server uses. */

export const KERNEL_OP = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  bmap: 37,
  destroy: 38,
  ioctl: 39,
  poll: 40,
  batchForget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
  copyFileRange: 47,
  tmpfile: 51,
  statx: 52,
  getFmap: 54,
  getDaxdev: 55,
} as const;

/** A reply, or a notification (whose `unique` is 0), as it came. */
export interface Message {
  readonly bytes: Buffer;
  readonly length: number;
  readonly error: number;
  readonly unique: bigint;
  readonly body: Buffer;
}

export function decodeMessage(bytes: Buffer): Message {
  return {
    bytes,
    length: bytes.readUInt32LE(0),
    error: bytes.readInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    body: bytes.subarray(16),
  };
}

/** struct fuse_in_header and a body. */
export function encodeRequest(
  opcode: number,
  node: bigint,
  unique: bigint,
  body: Buffer,
  length = 40 + body.length,
): Buffer {
  const request = Buffer.alloc(40 + body.length);
  request.writeUInt32LE(length, 0);
  request.writeUInt32LE(opcode, 4);
  request.writeBigUInt64LE(unique, 8);
  request.writeBigUInt64LE(node, 16);
  request.writeUInt32LE(1000, 24); // uid
  request.writeUInt32LE(1000, 28); // gid
  request.writeUInt32LE(4242, 32); // pid
  body.copy(request, 40);
  return request;
}

/** Values of 4 bytes (numbers) and of 8 (bigints), in their order. */
export function pack(...values: readonly (number | bigint)[]): Buffer {
  return Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(typeof value === 'number' ? 4 : 8);
      if (typeof value === 'number') bytes.writeUInt32LE(value >>> 0, 0);
      else bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 0);
      return bytes;
    }),
  );
}

export function cString(name: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from(name), Buffer.of(0)]);
}

/** struct fuse_read_in, which READ and READDIR have. */
export function readIn(offset: bigint, size: number): Buffer {
  return pack(0n, offset, size, 0, 0n, 0, 0);
}

/** struct fuse_write_in and the data. `size` is what the struct says of it. */
export function writeIn(offset: bigint, data: Buffer, size = data.length, writeFlags = 0): Buffer {
  return Buffer.concat([pack(0n, offset, size, writeFlags, 0n, 0, 0), data]);
}

export interface SetattrIn {
  readonly valid: number;
  readonly size?: bigint;
  readonly atime?: readonly [seconds: bigint, nanoseconds: number];
  readonly mtime?: readonly [seconds: bigint, nanoseconds: number];
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** struct fuse_setattr_in. */
export function setattrIn({ valid, size = 0n, atime, mtime, mode = 0, uid = 0, gid = 0 }: SetattrIn): Buffer {
  const [aseconds, ananoseconds] = atime ?? [0n, 0];
  const [mseconds, mnanoseconds] = mtime ?? [0n, 0];
  return Buffer.concat([
    pack(valid, 0, 0n, size, 0n, aseconds, mseconds, 0n, ananoseconds, mnanoseconds, 0),
    pack(mode, 0, uid, gid, 0),
  ]);
}

export interface Attr {
  readonly ino: bigint;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly atime: bigint;
  readonly mtime: bigint;
  readonly ctime: bigint;
  readonly atimensec: number;
  readonly mtimensec: number;
  readonly ctimensec: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly blksize: number;
  readonly flags: number;
}

export const ATTR_SIZE = 88;

export function decodeAttr(bytes: Buffer, at = 0): Attr {
  const u64 = (index: number) => bytes.readBigUInt64LE(at + 8 * index);
  const u32 = (index: number) => bytes.readUInt32LE(at + 48 + 4 * index);
  return {
    ino: u64(0),
    size: u64(1),
    blocks: u64(2),
    atime: bytes.readBigInt64LE(at + 24),
    mtime: bytes.readBigInt64LE(at + 32),
    ctime: bytes.readBigInt64LE(at + 40),
    atimensec: u32(0),
    mtimensec: u32(1),
    ctimensec: u32(2),
    mode: u32(3),
    nlink: u32(4),
    uid: u32(5),
    gid: u32(6),
    rdev: u32(7),
    blksize: u32(8),
    flags: u32(9),
  };
}

/** struct fuse_entry_out. */
export function decodeEntry(bytes: Buffer, at = 0) {
  return {
    nodeid: bytes.readBigUInt64LE(at),
    generation: bytes.readBigUInt64LE(at + 8),
    entryValid: bytes.readBigUInt64LE(at + 16),
    attrValid: bytes.readBigUInt64LE(at + 24),
    entryValidNsec: bytes.readUInt32LE(at + 32),
    attrValidNsec: bytes.readUInt32LE(at + 36),
    attr: decodeAttr(bytes, at + 40),
  };
}

export interface Dirent {
  readonly ino: bigint;
  readonly offset: bigint;
  readonly type: number;
  readonly name: string;
  /** Of READDIRPLUS. */
  readonly entry?: ReturnType<typeof decodeEntry>;
}

/** The records of a READDIR or READDIRPLUS reply; throws when they do not fill it exactly. Names are latin1. */
export function decodeDirents(body: Buffer, plus: boolean): Dirent[] {
  const dirents: Dirent[] = [];
  let at = 0;
  while (at < body.length) {
    const entry = plus ? decodeEntry(body, at) : undefined;
    const base = plus ? at + 128 : at;
    const namelen = body.readUInt32LE(base + 16);
    const end = base + 24 + namelen;
    dirents.push({
      ino: body.readBigUInt64LE(base),
      offset: body.readBigUInt64LE(base + 8),
      type: body.readUInt32LE(base + 20),
      name: body.toString('latin1', base + 24, end),
      ...(entry ? { entry } : {}),
    });
    const padded = Math.ceil(end / 8) * 8;
    if (body.length < padded || namelen === 0) throw new Error(`a record at ${at} of ${body.length} bytes`);
    if (body.subarray(end, padded).some((byte) => byte !== 0))
      throw new Error(`padding at ${end} is not zero`);
    at = padded;
  }
  return dirents;
}

/** An INIT request as a kernel of `minor` sends it, offering `flags`. */
export function initIn(minor: number, flags: bigint, major = 7): Buffer {
  const body = pack(major, minor, 0x20000, Number(flags & 0xffffffffn));
  // flags2 and the reserved words came with 7.36.
  return minor < 36 ? body : Buffer.concat([body, pack(Number(flags >> 32n)), Buffer.alloc(44)]);
}
