import { bind, type Library } from './bind';
import { cloneFuseDevice } from './fuse-device';
import { addressOf, ioctl } from './libc';

export const LIBFUSE: Library = { soname: 'libfuse3.so.3', debianPackage: 'libfuse3-3 fuse3' };

/** Only this much of libfuse's table of operations is handed over, all of it zero: no operation is taken by libfuse. */
const OPERATIONS_BYTES = 64;

/** Of asm-generic/ioctls.h: clears close-on-exec. */
const FIONCLEX = 0x5450;
const STANDARD_STREAMS = [0, 1, 2] as const;

/** A libfuse session: the mount and its /dev/fuse descriptor. Requests are read from the descriptor, not by libfuse. */
export interface FuseSession {
  /** A /dev/fuse descriptor of the mount, which stays open for what is served after unmount(). */
  readonly fd: number;
  /** Unmounts (lazily when in use). */
  unmount(): void;
}

/**
 * Makes a libfuse session and mounts it on `directory`. `options` are mount options as after `-o`.
 * libfuse, or the fusermount3 that it starts, prints its own reason on standard error when it refuses; then this
 * returns undefined.
 * Throws FamfsError `no-library` when libfuse3-3 is not installed.
 */
export function mountSession(directory: string, options: readonly string[]): FuseSession | undefined {
  const fuse = bind(LIBFUSE, {
    fuse_session_new: { returns: 'i64', takes: ['bytes', 'bytes', 'i64', 'i64'] },
    fuse_session_mount: { returns: 'i32', takes: ['i64', 'text'] },
    fuse_session_fd: { returns: 'i32', takes: ['i64'] },
    fuse_session_unmount: { returns: 'void', takes: ['i64'] },
    fuse_session_destroy: { returns: 'void', takes: ['i64'] },
  });
  // Node closes its standard streams on exec, and fusermount3 would have none to tell its reason on.
  for (const fd of STANDARD_STREAMS) ioctl(fd, FIONCLEX, Buffer.alloc(4));
  const args = argumentVector(['famfs', '-o', options.join(',')]);
  const session = fuse.fuse_session_new(args.struct, Buffer.alloc(OPERATIONS_BYTES), OPERATIONS_BYTES, 0);
  if (session === 0) return undefined;
  if (fuse.fuse_session_mount(session, directory) !== 0) {
    fuse.fuse_session_destroy(session);
    return undefined;
  }
  const unmount = () => void fuse.fuse_session_unmount(session);
  try {
    // libfuse closes its own when it unmounts, and the number may then become that of something else.
    return { fd: cloneFuseDevice(fuse.fuse_session_fd(session)), unmount };
  } catch (error) {
    unmount();
    throw error;
  }
}

/** struct fuse_args { int argc; char **argv; int allocated; }, with all that it points to kept alive. */
function argumentVector(words: readonly string[]): { struct: Buffer; keepAlive: Buffer[] } {
  const strings = words.map((word) => Buffer.from(`${word}\0`));
  const pointers = Buffer.alloc(8 * (words.length + 1));
  strings.forEach((string, i) => {
    pointers.writeBigUInt64LE(BigInt(addressOf(string)), 8 * i);
  });
  const struct = Buffer.alloc(24);
  struct.writeInt32LE(words.length, 0);
  struct.writeBigUInt64LE(BigInt(addressOf(pointers)), 8);
  return { struct, keepAlive: [...strings, pointers] };
}
