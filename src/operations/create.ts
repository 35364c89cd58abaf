import { FamfsError } from '../errors';
import type { FileEntry, MkdirEntry } from '../log/entry';
import { FILE_FLAGS, type FileAccess, fileAccess } from '../log/file-flags';
import { type PathKind, pathForLog, printable } from '../log/paths';
import { KIND } from '../log/tree';
import type { FileMap, StripeOptions } from '../types';
import { checkIsMounted, locate, type Mount, mountsOfDevice } from './mounts';
import { nudge } from './nudge';
import { OwnerSession, type WriteOptions } from './owner-session';

/** Owner and mode of what is created. Left out: the process's user and group, and the verb's own mode. */
export interface Ownership {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What a new file is given besides its name, its size and its place. */
export interface FileAttributes extends Ownership {
  /** Who may write the file; left out, that goes by the role of each host. */
  readonly access?: FileAccess;
}

const SLASH = 0x2f;

/** Runs `work` as the owner of the file system that `path` is in; `relative` is the path inside it. */
export async function inFileSystem<T>(
  path: string,
  options: WriteOptions,
  work: (session: OwnerSession, relative: Buffer) => T | Promise<T>,
): Promise<T> {
  const { mount, relative } = locate(path);
  return inMount(mount, options, (session) => work(session, relative));
}

/**
 * Runs `work` as asOwner does, for a mount that was named.
 * Throws FamfsError `no-permission` for one that is read-only: nothing is written by way of it.
 */
export function inMount<T>(
  mount: Mount,
  options: WriteOptions,
  work: (session: OwnerSession) => T | Promise<T>,
): Promise<T> {
  return asOwner(mount, options, (session) => {
    checkNotReadOnly(mount);
    return work(session);
  });
}

function checkNotReadOnly({ directory, readOnly }: Mount): void {
  if (!readOnly) return;
  throw new FamfsError(
    'no-permission',
    `${directory}: mounted read-only`,
    'mount the device without -o ro, here or on another directory',
  );
}

/** Runs `work` as the owner of a mounted file system. What it appends shows in the mount when this returns. */
export async function asOwner<T>(
  mount: Mount,
  options: WriteOptions,
  work: (session: OwnerSession) => T | Promise<T>,
): Promise<T> {
  const session = await OwnerSession.open(mount.device, options);
  const { room } = session;
  try {
    checkIsMounted(mount, session.superblock);
    return await work(session);
  } finally {
    const appended = session.room < room;
    session.close();
    if (appended || session.overwritten.size > 0) {
      await nudge(mountsOfDevice(mount.device), [...session.overwritten]);
    }
  }
}

/**
 * Finds the directory that is to hold `path` and checks that it can.
 * Throws FamfsError `no-parent` when it is missing or a file, `exists` when the name is taken, and `bad-path` or
 * `path-too-long` when the log cannot store it.
 */
export function checkNewPath(session: OwnerSession, path: Buffer, kind: PathKind = 'file'): void {
  const stored = pathForLog(path, kind);
  const slash = stored.lastIndexOf(SLASH);
  const parent = session.tree.resolve(stored.subarray(0, Math.max(slash, 0)));
  if (parent === 0 || session.tree.kind.get(parent) !== KIND.directory) {
    const why = parent === 0 ? 'does not exist' : 'is not a directory';
    throw new FamfsError(
      'no-parent',
      `${printable(stored)}: its parent directory ${why}`,
      parent === 0 ? 'famfs mkdir -p makes it' : undefined,
    );
  }
  if (session.tree.lookup(parent, stored.subarray(slash + 1)) !== 0) {
    throw new FamfsError('exists', `${printable(stored)}: exists already`);
  }
}

/** The entry for a new directory. */
export function mkdirEntry(path: Buffer, owner: Ownership): MkdirEntry {
  return { type: 'mkdir', path, ...attributesOf(owner, 0o755) };
}

/** The entry for a new file whose bytes are at `map`. */
export function fileEntry(path: Buffer, size: number, map: FileMap, attributes: FileAttributes): FileEntry {
  const flags = FILE_FLAGS[attributes.access ?? 'by-role'];
  return { type: 'file', path, size, flags, map, ...attributesOf(attributes, 0o644) };
}

function attributesOf(ownership: Ownership, defaultMode: number) {
  return { mode: ownership.mode ?? defaultMode & ~process.umask(), ...ownerOf(ownership) };
}

/** The user and group of what is created. */
export function ownerOf({ gid, uid }: Ownership): { uid: number; gid: number } {
  return {
    uid: uid ?? process.geteuid?.() ?? 0,
    gid: gid ?? process.getegid?.() ?? 0,
  };
}

/** Room for a file on the device. Throws FamfsError `device-full` when there is none. */
export function allocate(session: OwnerSession, path: Buffer, size: number, stripe?: StripeOptions): FileMap {
  const map = session.allocator.allocate(size, stripe, Math.random);
  if (map) return map;
  const { freeUnits, largestFreeUnits, unitBytes } = session.allocator.stats();
  throw new FamfsError(
    'device-full',
    `${printable(path)}: no room for ${size} bytes on ${session.device.path}: ` +
      `${freeUnits * unitBytes} bytes are free, ${largestFreeUnits * unitBytes} in one piece`,
    'famfs fsck tells how the space is used',
  );
}

/**
 * Checks that the bytes of a file that exists may be changed here, and that all of its devices are there.
 * Throws FamfsError `no-permission` for one that no host may write, and what Members.at throws.
 */
export function checkMayOverwrite(session: OwnerSession, ino: number, shown: string): void {
  const { members, tree } = session;
  if (fileAccess(tree.flags.get(ino)) === 'read-only') {
    throw new FamfsError(
      'no-permission',
      `${shown}: no host may write it, as it was made`,
      'copy to another name; a file of --read-only-everywhere keeps its contents',
    );
  }
  tree.eachExtent(ino, (devindex) => void members.at(devindex));
}

/** Throws FamfsError `size-differs` unless a file that exists has the wanted size. */
export function checkSameSize(path: string, existing: number, wanted: number): void {
  if (existing === wanted) return;
  throw new FamfsError(
    'size-differs',
    `${path}: exists with ${existing} bytes, not ${wanted}; famfs files never change size`,
    'choose another name',
  );
}
