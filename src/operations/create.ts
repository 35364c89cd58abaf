import { FamfsError } from '../errors';
import type { FileEntry, MkdirEntry } from '../log/entry';
import { FILE_FLAGS_DEFAULT } from '../log/layout';
import { pathForLog, printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import type { FileMap, StripeOptions } from '../types';
import { checkIsMounted, locate, mountsOfDevice } from './mounts';
import { nudge } from './nudge';
import { OwnerSession, type WriteOptions } from './owner-session';

/** Owner and mode of what is created. Left out: the process's user and group, and the verb's own mode. */
export interface Ownership {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

const SLASH = 0x2f;

/**
 * Runs `work` as the owner of the file system that `path` is in; `relative` is the path inside it. What it appends
 * shows in the mount when this returns.
 */
export async function inFileSystem<T>(
  path: string,
  options: WriteOptions,
  work: (session: OwnerSession, relative: Buffer) => T | Promise<T>,
): Promise<T> {
  const { mount, relative } = locate(path);
  const session = await OwnerSession.open(mount.device, options);
  const { room } = session;
  try {
    checkIsMounted(mount, session.superblock);
    return await work(session, relative);
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
export function checkNewPath(session: OwnerSession, path: Buffer): void {
  const stored = pathForLog(path);
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
  return { type: 'mkdir', path, ...ownerOf(owner, 0o755) };
}

/** The entry for a new file whose bytes are at `map`. */
export function fileEntry(path: Buffer, size: number, map: FileMap, owner: Ownership): FileEntry {
  return { type: 'file', path, size, flags: FILE_FLAGS_DEFAULT, map, ...ownerOf(owner, 0o644) };
}

function ownerOf({ mode, uid, gid }: Ownership, defaultMode: number) {
  return {
    mode: mode ?? defaultMode & ~process.umask(),
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

export interface MkdirResult {
  /** Paths of the directories made, relative to the mount point. */
  readonly created: string[];
}

/** Makes a directory, or with `parents` all that are missing; then an existing one is no error. */
export async function mkdir(
  path: string,
  options: WriteOptions & Ownership & { readonly parents?: boolean },
): Promise<MkdirResult> {
  return inFileSystem(path, options, (session, relative) => {
    const missing = options.parents ? missingDirectories(session, relative) : [relative];
    if (!options.parents) {
      if (relative.length === 0) throw new FamfsError('exists', `${path}: is the mount point`);
      checkNewPath(session, relative);
    }
    session.commit(missing.map((directory) => mkdirEntry(directory, options)));
    return { created: missing.map(printable) };
  });
}

/** The directories on the way to `path`, itself included, that do not exist, the outermost first. */
function missingDirectories(session: OwnerSession, path: Buffer): Buffer[] {
  if (path.length === 0) return [];
  pathForLog(path);
  const missing: Buffer[] = [];
  for (let end = path.indexOf(SLASH); ; end = path.indexOf(SLASH, end + 1)) {
    const directory = end === -1 ? path : path.subarray(0, end);
    const ino = session.tree.resolve(directory);
    if (ino === 0) missing.push(directory);
    else if (session.tree.kind.get(ino) !== KIND.directory) {
      throw new FamfsError('no-parent', `${printable(directory)}: exists and is not a directory`);
    }
    if (end === -1) return missing;
  }
}

export interface CreatResult {
  readonly path: string;
  readonly size: number;
  readonly map: FileMap;
  /** False when the file was there with this size already, and nothing was done. */
  readonly created: boolean;
}

/**
 * Creates a file of `size` bytes that reads as zeros. One of the same size that exists is left as it is.
 * Throws FamfsError `size-differs` when one of another size does.
 */
export async function creat(
  path: string,
  size: number,
  options: WriteOptions & Ownership & { readonly stripe?: StripeOptions },
): Promise<CreatResult> {
  return inFileSystem(path, options, (session, relative) => {
    const existing = session.tree.resolve(relative);
    if (existing >= INO.first && session.tree.kind.get(existing) === KIND.file) {
      checkSameSize(path, session.tree.size.get(existing), size);
      return { path: printable(relative), size, map: session.tree.map(existing), created: false };
    }
    if (relative.length === 0) throw new FamfsError('exists', `${path}: is the mount point`);
    if (path.endsWith('/')) {
      throw new FamfsError('bad-path', `${path}: a slash at the end names a directory, not a file`);
    }
    checkNewPath(session, relative);
    session.needRoom(1);
    const map = allocate(session, relative, size, options.stripe);
    session.zeroData(map);
    session.commit([fileEntry(relative, size, map, options)]);
    return { path: printable(relative), size, map, created: true };
  });
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
