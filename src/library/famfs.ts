import { setTimeout as sleep } from 'node:timers/promises';
import type { Run } from '../device/contiguous';
import { roleHere } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { eachRun } from '../log/file-map';
import { printable } from '../log/paths';
import { KIND } from '../log/tree';
import { readMapped } from '../operations/same-contents';
import type { View } from '../operations/view';
import { extentsOf, type FileMap } from '../types';
import { type Entry, entriesBelow, entriesFrom, entryOf } from './entry';
import { FileMapping, type MapOptions } from './file-mapping';

/** A path from the root of the file system, with or without a slash at its beginning; bytes where it is no UTF-8. */
export type Path = string | Buffer;

export interface ListOptions {
  /** Also what is in the directories below. */
  readonly recursive?: boolean;
}

/** Part of a file, in bytes. */
export interface ReadOptions {
  /** Where to begin; 0 unless told. */
  readonly offset?: number;
  /** How much; all that follows unless told. Fewer come at the end of the file. */
  readonly length?: number;
}

export interface FollowOptions {
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Milliseconds between two looks at the log; 100 unless told. */
  readonly intervalMs?: number;
}

/** What a file system is, and how much is in it. Sizes in bytes. */
export interface FamfsInfo {
  /** Path of the device. */
  readonly device: string;
  readonly deviceBytes: number;
  /** Where it is mounted on this host, as far as was known when it was opened. */
  readonly mountedOn?: string;
  readonly uuid: string;
  /** System UUID of the host that may add files. */
  readonly ownerUuid: string;
  /** Whether this host is that one. */
  readonly role: 'owner' | 'client';
  /** Files take multiples of this. */
  readonly allocationUnit: number;
  /** Log entries that were read, and how many there is room for. */
  readonly logEntries: number;
  readonly logCapacity: number;
  readonly files: number;
  readonly directories: number;
  /** Log entries that were damaged when it was opened; their files are missing. */
  readonly damagedEntries: number;
}

const DEFAULT_INTERVAL_MS = 100;
/** A Buffer of Node.js 20 holds no more. */
const MOST_BYTES = 2 ** 32;
const SLASH = 0x2f;

/**
 * A famfs file system, open for reading: its log as of the time it was opened, or of the last `refresh`. Made by
 * `openDevice`. Calls after `close` throw FamfsError `no-device`.
 */
export class Famfs {
  readonly #path: string;
  #openView: View | undefined;

  private constructor(view: View) {
    this.#path = view.device.path;
    this.#openView = view;
  }

  /** @internal */
  static on(view: View): Famfs {
    return new Famfs(view);
  }

  /** What the file system is and how much is in it. */
  get info(): FamfsInfo {
    const { capacity, device, mount, notShown, replay, superblock, tree } = this.#view;
    return {
      device: device.path,
      deviceBytes: device.size,
      ...(mount ? { mountedOn: mount.directory } : {}),
      uuid: superblock.uuid,
      ownerUuid: superblock.ownerUuid,
      role: roleHere(superblock.ownerUuid),
      allocationUnit: superblock.allocUnit,
      logEntries: replay.counts.entries,
      logCapacity: capacity,
      files: tree.fileCount,
      directories: tree.directoryCount,
      damagedEntries: notShown,
    };
  }

  /** A file or directory. Throws FamfsError `not-found`. */
  stat(path: Path): Entry {
    return entryOf(this.#view.tree, this.#view.find(relative(path)));
  }

  /**
   * What is in a directory, the root's unless told: its entries in the order in which they were made; with `recursive`,
   * what is in a directory comes right behind it. `.meta` is not among it.
   * Throws FamfsError `not-found` and, for a file, `no-parent`.
   */
  list(path: Path = '', options: ListOptions = {}): IterableIterator<Entry> {
    const { tree } = this.#view;
    const ino = this.#view.find(relative(path));
    if (tree.kind.get(ino) === KIND.directory) return entriesBelow(tree, ino, options.recursive ?? false);
    throw new FamfsError('no-parent', `${shown(path)}: is not a directory`);
  }

  /**
   * Maps a file, contiguously even where its bytes lie in several places on the device. Nothing is copied or read.
   * Throws FamfsError `not-found`; `source` for a directory; `device-missing` and its like for a file on a device that
   * cannot be used; `device-io` when the system refuses or, with `populate`, a page cannot be read.
   */
  map(path: Path, options: MapOptions = {}): FileMapping {
    const { members, superblock } = this.#view;
    const { map, size } = this.#file(path);
    const unit = superblock.allocUnit;
    const runs: Run[] = [];
    eachRun(map, 0, Math.ceil(size / unit) * unit, (devindex, offset, length) => {
      runs.push({ device: members.at(devindex), offset, length });
    });
    return FileMapping.of(shown(path), runs, size, options);
  }

  /**
   * Copies bytes out of a file, up to 4 GiB at a time, past the caches of this host's processors. A page that cannot be
   * read is an error. Throws FamfsError `not-found`; `source` for a directory; `device-io`; and RangeError for an offset
   * or length that is no whole number from 0 on, and for more bytes than a Buffer holds.
   */
  read(path: Path, options: ReadOptions = {}): Buffer {
    const { map, size } = this.#file(path);
    const offset = wholeNumber('offset', options.offset ?? 0);
    const available = Math.max(0, size - offset);
    const length = Math.min(available, wholeNumber('length', options.length ?? available));
    if (length > MOST_BYTES) {
      throw new RangeError(
        `${shown(path)}: ${length} bytes do not fit in a Buffer of ${MOST_BYTES}: give offset and length`,
      );
    }
    const target = Buffer.alloc(length);
    readMapped(this.#view.members, map, offset, target);
    return target;
  }

  /**
   * Drops what this host's processors have cached of a file, so that mappings show what another host wrote in place.
   * Nothing to do where the device is a file. Throws as `map`.
   */
  invalidate(path: Path): void {
    const { members } = this.#view;
    for (const { devindex, length, offset } of extentsOf(this.#file(path).map)) {
      members.at(devindex).invalidate(offset, length);
    }
  }

  /**
   * Takes up what was logged since. Returns the new files and directories, in log order.
   * Throws FamfsError `bad-log` when the log is not the one that was opened any more: close and open again.
   */
  refresh(): Entry[] {
    const { device, replay, tree } = this.#view;
    const first = tree.lastIno + 1;
    const derailment = replay.catchUp();
    if (!derailment) return [...entriesFrom(tree, first)];
    throw new FamfsError(
      'bad-log',
      `${device.path}: the log is not the one that was opened (${derailment})`,
      'famfs fsck tells what is there now',
    );
  }

  /** New files and directories as they are logged, until the signal or the end of the loop. Throws as `refresh`. */
  async *follow(options: FollowOptions = {}): AsyncGenerator<Entry, void, undefined> {
    const { intervalMs = DEFAULT_INTERVAL_MS, signal } = options;
    while (!signal?.aborted) {
      yield* this.refresh();
      await sleep(intervalMs, undefined, { ...(signal ? { signal } : {}) }).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    }
  }

  /** Closes the device. Mappings stay until they are closed themselves. Closing again does nothing. */
  close(): void {
    this.#openView?.close();
    this.#openView = undefined;
  }

  /** Closes the file system, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Size of a file in bytes, and where they are. */
  #file(path: Path): { size: number; map: FileMap } {
    const view = this.#view;
    const ino = view.findFile(relative(path));
    return { size: view.tree.size.get(ino), map: view.mapOf(ino) };
  }

  get #view(): View {
    if (this.#openView) return this.#openView;
    throw new FamfsError('no-device', `${this.#path}: was closed by this program`);
  }
}

/** The path as the log has it. */
function relative(path: Path): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path) : path;
  return bytes[0] === SLASH ? bytes.subarray(1) : bytes;
}

function shown(path: Path): string {
  return printable(relative(path));
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} is ${value}, not a whole number of bytes`);
}
