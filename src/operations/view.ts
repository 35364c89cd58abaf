import { closeSync, constants, openSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { Pool } from '../alloc/pool';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { type Finding, isError } from '../log/findings';
import { readLogHeader } from '../log/header';
import { LOG_OFFSET, logCapacity, SUPERBLOCK_REGION } from '../log/layout';
import { printable } from '../log/paths';
import { Replay } from '../log/replay';
import { loadSuperblock, type Superblock } from '../log/superblock';
import { INO, KIND, type Tree } from '../log/tree';
import { Members } from '../members/members';
import { pathBytes } from '../path-bytes';
import { readFully } from '../read-fully';
import { extentsOf, type FileMap } from '../types';
import { checkIsMounted, locate, type Mount, mountAt, mountOfDevice, realPath, targetOf } from './mounts';
import { readMapped } from './same-contents';
import { poolOf } from './space';

/** How a view is opened. */
export interface ViewOptions {
  /** Path below the target; `.` and `..` in it are resolved, and nothing is above the root. */
  readonly path?: string | undefined;
  /** Leave out the check that the mount still serves what its device holds: the server is not asked anything. */
  readonly unchecked?: boolean;
  /** Where to look first for secondary devices. */
  readonly devices?: readonly string[] | undefined;
  /** Called with everything that is wrong with log header and entries. */
  readonly onFinding?: (finding: Finding) => void;
}

/** What a verb that looks was given: a device, and the mount and the path in it where it was given by these. */
interface Place {
  readonly device: string;
  readonly mount?: Mount;
  readonly relative: Buffer;
}

/**
 * A file system as its log describes it at one moment: the device open for reading without a lock, and the log replayed.
 * What is in the tree has passed EntryChecker: extents lie on their device, outside superblock and log, and hold the
 * size of their file; names are no `.` or `..` and have no slash.
 */
export class View {
  private constructor(
    readonly device: Device,
    readonly superblock: Superblock,
    readonly replay: Replay,
    /** All devices of the file system, `device` being the primary. */
    readonly members: Members,
    /** Where the file system is mounted, if it is. */
    readonly mount: Mount | undefined,
    /** The mount that was asked for; undefined where the device was. */
    readonly through: Mount | undefined,
    /** The path that was asked for, from the root of the file system; empty for the root. */
    readonly path: Buffer,
    /** Entries of the log that are damaged, and so not in the tree. */
    readonly notShown: number,
  ) {}

  /**
   * Opens a file system by its device, its mount point or a path in a mount. A damaged log gives what is sound in it.
   * Throws FamfsError `bad-log` when not even the log's header can be told from noise, `not-famfs` and
   * `bad-superblock`, `not-mounted` for a mount whose device holds another file system by now, and what opening a
   * device throws.
   */
  static open(target: string, options: ViewOptions = {}): View {
    const { device, superblock, mount, through, relative } = openTarget(target, options);
    try {
      const { replay, notShown } = replayLog(device, superblock, options.onFinding);
      const path = below(relative, options.path);
      const members = new Members(device, superblock, replay.devices, options.devices);
      return new View(device, superblock, replay, members, mount, through, path, notShown);
    } catch (error) {
      device.close();
      throw error;
    }
  }

  get tree(): Tree {
    return this.replay.tree;
  }

  /** The space of all devices that are attached. */
  pool(): Pool {
    return poolOf(this);
  }

  /** Entries that the log has room for. */
  get capacity(): number {
    return logCapacity(this.superblock.logLength);
  }

  /** The inode at a path from the root. Throws FamfsError `not-found`. */
  find(path: Buffer = this.path): number {
    const ino = this.tree.resolve(path);
    if (ino !== 0) return ino;
    throw new FamfsError(
      'not-found',
      `${printable(path)}: no such file or directory on ${this.device.path}`,
      this.notShown > 0 ? 'entries of the log are damaged; famfs fsck tells which' : undefined,
    );
  }

  /** The inode of the file at a path from the root. Throws FamfsError `not-found`, and `source` for a directory. */
  findFile(path: Buffer = this.path): number {
    const ino = this.find(path);
    if (this.tree.kind.get(ino) !== KIND.directory) return ino;
    throw new FamfsError('source', `${printable(path) || '/'}: is a directory`);
  }

  /** Where the bytes of a file are, superblock and log among the files. */
  mapOf(ino: number): FileMap {
    if (ino === INO.superblock) return metaMap(0, SUPERBLOCK_REGION);
    if (ino === INO.log) return metaMap(LOG_OFFSET, this.superblock.logLength);
    return this.tree.map(ino);
  }

  /** The path of an inode in the mount that the view was asked for by, or undefined where it was asked by a device. */
  pathInMount(ino: number): Buffer | undefined {
    if (!this.through) return undefined;
    return Buffer.concat([Buffer.from(join(this.through.directory, '/')), this.tree.path(ino)]);
  }

  /**
   * Opens a file for reading: in the mount that the view was asked for by, whose caches may be ahead of the device,
   * or else straight on the device. Close it before the view.
   * Throws FamfsError `device-missing` and its like for a file on a device that cannot be used.
   */
  openFile(ino: number): ReadableFile {
    const size = this.tree.size.get(ino);
    const path = this.pathInMount(ino);
    if (path) return openServed(path, size);
    const map = this.mapOf(ino);
    this.#needDevices(ino, map);
    const read = (position: number, target: Buffer) => readMapped(this.members, map, position, target);
    return { size, read, close: () => {} };
  }

  close(): void {
    this.members.close();
  }

  /** Throws FamfsError `device-missing` and its like, with the path of the file, for a device that cannot be used. */
  #needDevices(ino: number, map: FileMap): void {
    try {
      for (const { devindex } of extentsOf(map)) this.members.at(devindex);
    } catch (cause) {
      if (!(cause instanceof FamfsError)) throw cause;
      const message = `${printable(this.tree.path(ino))}: ${cause.message}`;
      throw new FamfsError(cause.code, message, cause.hint, { cause });
    }
  }
}

/** A file that is open for reading. `size` and `position` in bytes. */
export interface ReadableFile {
  readonly size: number;
  /** Fills `target`, which must end within the file. Throws FamfsError `device-io`. */
  readonly read: (position: number, target: Buffer) => void;
  readonly close: () => void;
}

/** Opens a file of a mount, which must have `size` bytes there. */
function openServed(path: Buffer, size: number): ReadableFile {
  const failed = (what: string, cause?: unknown) =>
    new FamfsError('device-io', `${printable(path)}: ${what}`, undefined, { cause });
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw failed(`cannot be opened: ${errnoOf(cause)}`, cause);
  }
  const read = (position: number, target: Buffer) => {
    let count: number;
    try {
      count = readFully(fd, target, position);
    } catch (cause) {
      throw failed(`cannot be read at ${position} or behind: ${errnoOf(cause)}`, cause);
    }
    if (count < target.length) throw failed(`ends at ${position + count}, the log says ${size} bytes`);
  };
  return { size, read, close: () => closeSync(fd) };
}

/** A file system whose log was not read yet. */
export interface OpenTarget {
  readonly device: Device;
  readonly superblock: Superblock;
  /** Where the file system is mounted, if it is. */
  readonly mount: Mount | undefined;
  /** The mount that was given as the target, if it was not the device. */
  readonly through: Mount | undefined;
  /** The path that was asked for, from the root of the file system. */
  readonly relative: Buffer;
}

/** Opens a file system as View.open does, without its log. The caller closes the device. */
export function openTarget(target: string, options: Pick<ViewOptions, 'unchecked'> = {}): OpenTarget {
  const { device: path, mount, relative } = placeOf(target);
  const device = openDevice(path, { writable: false });
  try {
    const superblock = loadSuperblock(device);
    if (mount && !options.unchecked) checkIsMounted(mount, superblock);
    return { device, superblock, mount: mount ?? mountOfDevice(path), through: mount, relative };
  } catch (error) {
    device.close();
    throw error;
  }
}

/** Runs `work` on a view, which is closed when it ends. */
export async function withView<T>(
  target: string,
  options: ViewOptions,
  work: (view: View) => T | Promise<T>,
): Promise<T> {
  const view = View.open(target, options);
  try {
    return await work(view);
  } finally {
    view.close();
  }
}

function placeOf(target: string): Place {
  const root = Buffer.alloc(0);
  const at = mountAt(target);
  if (at) return { device: at.device, mount: at, relative: root };
  try {
    const { mount, relative } = locate(existingPath(target));
    return { device: mount.device, mount, relative };
  } catch (error) {
    if (!(error instanceof FamfsError) || error.code !== 'not-mounted') throw error;
    return { ...targetOf(target), relative: root };
  }
}

function existingPath(path: string): string {
  try {
    return realPath(path);
  } catch {
    return path;
  }
}

/** A path given for a file system that is not mounted, from its root: without slashes at its ends, `.` and `..`. */
export function pathInside(path: string): Buffer {
  return pathBytes(posix.normalize(`/${path}`).replace(/^\/|\/$/g, ''));
}

function below(relative: Buffer, path = ''): Buffer {
  const inside = pathInside(path);
  if (relative.length === 0 || inside.length === 0) return inside.length === 0 ? relative : inside;
  return Buffer.concat([relative, Buffer.from('/'), inside]);
}

function replayLog(device: Device, superblock: Superblock, onFinding?: (finding: Finding) => void) {
  const end = readLogHeader(device, superblock, onFinding);
  let notShown = 0;
  let last: number | undefined;
  const replay = new Replay(device, superblock, (found) => {
    onFinding?.(found);
    if (!isError(found) || found.entry === last) return;
    last = found.entry;
    notShown++;
  });
  replay.to(end);
  return { replay, notShown };
}

function metaMap(offset: number, length: number): FileMap {
  return { kind: 'simple', extents: [{ devindex: 0, offset, length }] };
}
