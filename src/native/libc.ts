import { PAGE_BYTES } from '../numbers';
import { bindOnUse, createExternalBuffer, systemError, type WithErrno } from './bind';

/** The calls of glibc that Node does not offer. Addresses and lengths are plain numbers (below 2^47). */
const libc = bindOnUse(
  { soname: 'libc.so.6', debianPackage: 'libc6' },
  {
    mmap: { returns: 'i64', takes: ['i64', 'i64', 'i32', 'i32', 'i32', 'i64'], errno: true },
    munmap: { returns: 'i32', takes: ['i64', 'i64'], errno: true },
    msync: { returns: 'i32', takes: ['i64', 'i64', 'i32'], errno: true },
    flock: { returns: 'i32', takes: ['i32', 'i32'], errno: true },
    ioctl: { returns: 'i32', takes: ['i32', 'i64', 'bytes'], errno: true },
    memfd_create: { returns: 'i32', takes: ['text', 'u32'], errno: true },
    fallocate: { returns: 'i32', takes: ['i32', 'i32', 'i64', 'i64'], errno: true },
    lseek: { returns: 'i64', takes: ['i32', 'i64', 'i32'], errno: true },
    sendfile: { returns: 'i64', takes: ['i32', 'i32', 'bytes', 'i64'], errno: true },
    posix_fadvise: { returns: 'i32', takes: ['i32', 'i64', 'i64', 'i32'] },
    umount2: { returns: 'i32', takes: ['text', 'i32'], errno: true },
    madvise: { returns: 'i32', takes: ['i64', 'i64', 'i32'] },
    process_vm_readv: { returns: 'i64', takes: ['i32', 'bytes', 'i64', 'bytes', 'i64', 'i64'] },
    process_vm_writev: { returns: 'i64', takes: ['i32', 'bytes', 'i64', 'bytes', 'i64', 'i64'] },
  },
);

/** memmove of no bytes returns its first argument: how a Buffer becomes an address and an address a pointer. */
const addresses = {
  ofBuffer: bindOnUse(
    { soname: 'libc.so.6', debianPackage: 'libc6' },
    { memmove: { returns: 'i64', takes: ['bytes', 'i64', 'i64'] } },
  ).memmove,
  toPointer: bindOnUse(
    { soname: 'libc.so.6', debianPackage: 'libc6' },
    { memmove: { returns: 'external', takes: ['i64', 'i64', 'i64'] } },
  ).memmove,
};

const PROT_NONE = 0;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
const MS_SYNC = 4;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const SEEK_SET = 0;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const POSIX_FADV_WILLNEED = 3;
const FALLOC_FL_KEEP_SIZE = 1;
const FALLOC_FL_PUNCH_HOLE = 2;
const MADV_POPULATE_READ = 22;
const MNT_DETACH = 2;
const MFD_CLOEXEC = 1;
const MFD_NOEXEC_SEAL = 8;

function check(call: string, result: WithErrno<number>): number {
  if (result.value === -1) throw systemError(call, result.errno);
  return result.value;
}

/** The address of a Buffer's first byte. The Buffer must stay referenced while the address is in use. */
export function addressOf(buffer: Buffer): number {
  return addresses.ofBuffer(buffer, 0, 0);
}

/** A Buffer over `length` bytes of mapped memory, without a copy. At most 4 GiB. */
export function bufferAt(address: number, length: number): Buffer {
  return createExternalBuffer(addresses.toPointer(address, 0, 0), length);
}

/** Maps `length` bytes of an open file, shared; returns the address. Throws the system's error. */
export function mapShared(fd: number, offset: number, length: number, writable: boolean): number {
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  return check('mmap', libc.mmap(0, length, protection, MAP_SHARED, fd, offset));
}

/**
 * As mapShared, for writing, with all pages brought in or made that there is room for: a system call that writes to one of
 * the others fails with EFAULT.
 */
export function mapSharedPopulated(fd: number, offset: number, length: number): number {
  return check('mmap', libc.mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset));
}

/**
 * Sets addresses aside, with no memory behind them: any access is SIGSEGV. `length` and `alignment` in bytes, powers of
 * two or multiples of a page. Throws the system's error.
 */
export function reserveAddresses(length: number, alignment: number): number {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  const start = check('mmap', libc.mmap(0, length + alignment, PROT_NONE, flags, -1, 0));
  const before = (alignment - (start % alignment)) % alignment;
  if (before > 0) unmap(start, before);
  unmap(start + before + length, alignment - before);
  return start + before;
}

/** Maps bytes of an open file, shared and for reading, in place of what is at `address`. Throws the system's error. */
export function mapSharedAt(address: number, fd: number, offset: number, length: number): void {
  check('mmap', libc.mmap(address, length, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset));
}

/** Puts pages that read as zeros, and take no memory, in place of what is at `address`. */
export function mapZerosAt(address: number, length: number): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  check('mmap', libc.mmap(address, length, PROT_READ, flags, -1, 0));
}

/**
 * Makes an empty file in memory that no mount holds or limits; it ends with its last descriptor, which children inherit
 * only as one of their stdio. `name` is for whoever looks at /proc. Throws the system's error.
 */
export function memoryFile(name: string): number {
  const flags = MFD_CLOEXEC | MFD_NOEXEC_SEAL;
  const made = libc.memfd_create(name, flags);
  if (made.value !== -1) return made.value;
  // Kernels before 6.3 do not know that it shall never be a program; later ones can be set to insist on it.
  return check('memfd_create', libc.memfd_create(name, MFD_CLOEXEC));
}

/** Ends a mapping made by mapShared. Buffers on it must not be used any more. */
export function unmap(address: number, length: number): void {
  check('munmap', libc.munmap(address, length));
}

/** Writes a mapping of a regular file back to it (a devdax mapping refuses this with EINVAL). */
export function syncMapping(address: number, length: number): void {
  check('msync', libc.msync(address, length, MS_SYNC));
}

/** Has the kernel begin to read bytes of an open file, if it wants to, and does not wait for them. */
export function willNeed(fd: number, offset: number, length: number): void {
  libc.posix_fadvise(fd, offset, length, POSIX_FADV_WILLNEED);
}

/** Takes the exclusive flock of an open file without waiting; false when someone else has it. */
export function tryLock(fd: number): boolean {
  const result = libc.flock(fd, LOCK_EX | LOCK_NB);
  if (result.value === 0) return true;
  const error = systemError('flock', result.errno);
  if (error.code === 'EAGAIN') return false;
  throw error;
}

/** Releases the flock of an open file. */
export function unlock(fd: number): void {
  check('flock', libc.flock(fd, LOCK_UN));
}

/** Makes a range of a file a hole that reads as zeros; the file's size stays. Throws EOPNOTSUPP where impossible. */
export function punchHole(fd: number, offset: number, length: number): void {
  check('fallocate', libc.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length));
}

/** Where data begins in an open file at or behind `offset`. Throws ENXIO when there is none up to its end. */
export function seekData(fd: number, offset: number): number {
  return check('lseek', libc.lseek(fd, offset, SEEK_DATA));
}

/** Where a hole begins in an open file at or behind `offset`; its end counts as one. Throws ENXIO behind the end. */
export function seekHole(fd: number, offset: number): number {
  return check('lseek', libc.lseek(fd, offset, SEEK_HOLE));
}

/**
 * Has the kernel copy bytes of an open file, from `position` on, to `offset` of another one, whose own position is lost.
 * Returns how many it copied: 0 at the end of the source. Never shares blocks, as copy_file_range(2) may. Throws the
 * system's error, of whichever file it is.
 */
export function sendFile(to: number, offset: number, from: number, position: number, length: number): number {
  check('lseek', libc.lseek(to, offset, SEEK_SET));
  const start = Buffer.alloc(8);
  start.writeBigInt64LE(BigInt(position));
  return check('sendfile', libc.sendfile(to, from, start, length));
}

/** ioctl(2) with a pointer to `argument`, which the kernel may change. */
export function ioctl(fd: number, request: number, argument: Buffer): number {
  return check('ioctl', libc.ioctl(fd, request, argument));
}

/** umount2(2); `lazy` detaches a mount that is in use. */
export function unmount(directory: string, lazy = false): void {
  check('umount2', libc.umount2(directory, lazy ? MNT_DETACH : 0));
}

function ioVector(address: number, length: number): Buffer {
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(BigInt(address), 0);
  vector.writeBigUInt64LE(BigInt(length), 8);
  return vector;
}

/**
 * Copies `target.length` bytes at `address` into `target` by a system call: an unreadable page makes it
 * return false instead of killing the process with SIGBUS.
 */
export function copyFromMemory(target: Buffer, address: number): boolean {
  const local = ioVector(addressOf(target), target.length);
  const remote = ioVector(address, target.length);
  return libc.process_vm_readv(process.pid, local, 1, remote, 1, 0) === target.length;
}

/** Copies `source` to `address` by a system call; false when a page cannot be written. */
export function copyToMemory(address: number, source: Buffer): boolean {
  const local = ioVector(addressOf(source), source.length);
  const remote = ioVector(address, source.length);
  return libc.process_vm_writev(process.pid, local, 1, remote, 1, 0) === source.length;
}

/**
 * True when no page of the mapped range at `address` would raise SIGBUS if touched now. For the few operations, cache
 * flushes above all, that touch memory without a system call.
 */
export function isAccessible(address: number, length: number): boolean {
  const first = address - (address % PAGE_BYTES);
  const end = address + length;
  if (libc.madvise(first, end - first, MADV_POPULATE_READ) === 0) return true;
  // Kernels before 5.14 do not know this advice, and it fails as well where a page is bad: ask page by page.
  const byte = Buffer.alloc(1);
  for (let page = first; page < end; page += PAGE_BYTES) if (!copyFromMemory(byte, page)) return false;
  return true;
}
