import { setImmediate as nextTurn } from 'node:timers/promises';
import { FamfsError } from '../errors';
import { printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import type { FileMap, StripeOptions } from '../types';
import {
  allocate,
  checkMayOverwrite,
  checkNewPath,
  checkSameSize,
  type FileAttributes,
  fileEntry,
} from './create';
import { EntryBatch } from './entry-batch';
import { inMounts, type Placed } from './in-mounts';
import type { OwnerSession, WriteOptions } from './owner-session';
import { type PathFailure, PathFailures } from './path-failures';
import { checkSeed, storeRandom } from './random-contents';
import { stripeFor } from './stripe-defaults';

/** A file that is wanted. */
export interface FileRequest {
  readonly path: string;
  /** Bytes. May be left out for a file that exists. */
  readonly size?: number;
  /** Which contents it gets; left out, a new file reads as zeros and one that exists stays as it is. */
  readonly seed?: number;
}

export interface CreatOptions extends WriteOptions, FileAttributes {
  /** How to spread the files; left out, as the file system's .meta/.alloc.cfg says. */
  readonly stripe?: StripeOptions;
  /** Leave `files` of the result empty, and keep none of what `onFiles` was told: there may be millions. */
  readonly unlisted?: boolean;
  /** Called with files once they are logged. */
  readonly onFiles?: (files: readonly CreatedFile[]) => void;
  /** Called for each of several files that cannot be made. */
  readonly onFailure?: (failure: PathFailure) => void;
  readonly onProgress?: (bytes: number, name: string) => void;
}

export interface CreatedFile {
  /** Relative to the mount point. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly map: FileMap;
  /** False when the file was there with this size already. */
  readonly created: boolean;
  /** What its contents were made from, if they were. */
  readonly seed?: number;
}

export interface CreatResult {
  readonly files: CreatedFile[];
  readonly failures: PathFailure[];
}

/** A batch is flushed and logged as one: about the files, and bytes of contents, that a kill may cost. */
const BATCH_FILES = 4096;
const BATCH_BYTES = 256 * 2 ** 20;
/** Bytes of contents between two looks at signals. */
const TURN_BYTES = 16 * 2 ** 20;

/**
 * Creates files, all those of one file system in one session. One that exists with the same size is left as it is, or
 * given new contents where there is a seed. What concerns one of several files is in `failures` and the rest is made;
 * what concerns the only one, or the device or its log, is thrown, and what was made before stays.
 */
export async function creat(requests: readonly FileRequest[], options: CreatOptions): Promise<CreatResult> {
  for (const { seed } of requests) if (seed !== undefined) checkSeed(seed);
  const failures = new PathFailures(requests.length, options.onFailure);
  const files: CreatedFile[] = [];
  let made = 0;
  const onFiles = (done: readonly CreatedFile[]) => {
    made += done.length;
    if (!options.unlisted) for (const file of done) files.push(file);
    options.onFiles?.(done);
  };
  try {
    await inMounts(requests, options, failures, async (session, placed) => {
      const stripe = await stripeFor(session, options);
      const attributes = { ...options, onFiles, ...(stripe ? { stripe } : {}) };
      await new Creator(session, attributes, failures).run(placed);
    });
  } catch (error) {
    if (!(error instanceof FamfsError) || requests.length === 1 || made === 0) throw error;
    const message = `${error.message}; ${made} of ${requests.length} files are there`;
    throw new FamfsError(error.code, message, error.hint, { cause: error });
  }
  return { files, failures: failures.list };
}

/** Creates files in one file system. */
class Creator {
  readonly #batch: EntryBatch;
  /** Files that are not logged yet, or whose new contents are not durable yet. */
  #waiting: CreatedFile[] = [];
  #bytes = 0;
  #turnBytes = 0;
  /** Files that there was nothing free for, behind the one of which that is told. */
  readonly #unmade: string[] = [];
  #full = false;

  constructor(
    private readonly session: OwnerSession,
    private readonly options: CreatOptions,
    private readonly failures: PathFailures,
  ) {
    this.#batch = new EntryBatch(session, () => this.#report());
  }

  async run(placed: readonly Placed<FileRequest>[]): Promise<void> {
    try {
      for (const one of placed) {
        await this.#tryOne(one);
        if (this.#waiting.length >= BATCH_FILES || this.#bytes >= BATCH_BYTES) {
          this.#commit();
          await nextTurn();
        }
      }
      this.#noteUnmade();
    } finally {
      this.#commit();
    }
  }

  async #tryOne(one: Placed<FileRequest>): Promise<void> {
    try {
      this.#checkNotInterrupted('interrupted');
      const file = await this.#make(one);
      this.#waiting.push(file);
    } catch (error) {
      const nothingFree =
        error instanceof FamfsError &&
        error.code === 'device-full' &&
        this.session.allocator.stats().freeUnits === 0;
      if (nothingFree && this.#full) this.#unmade.push(one.item.path);
      else this.failures.note(one.item.path, error);
      this.#full ||= nothingFree;
    }
  }

  /** There may be thousands, all for one reason. */
  #noteUnmade(): void {
    const [first, ...others] = this.#unmade;
    if (first === undefined) return;
    const what = others.length === 0 ? first : `${first} and ${others.length} more`;
    const message = `${what}: not made: nothing is free on ${this.session.device.path}`;
    this.failures.note(first, new FamfsError('device-full', message));
  }

  async #make({ item: { path, seed, size }, relative }: Placed<FileRequest>): Promise<CreatedFile> {
    const { session } = this;
    this.#batch.settle(relative);
    const ino = session.tree.resolve(relative);
    if (ino >= INO.first && session.tree.kind.get(ino) === KIND.file) {
      return this.#keep(ino, path, relative, size, seed);
    }
    checkNewFile(session, path, relative);
    if (size === undefined) throw noSize(path);
    this.#batch.needRoom(1);
    const map = allocate(session, relative, size, this.options.stripe);
    if (seed === undefined) session.zeroData(map, size);
    else {
      await this.#fill(map, size, seed, relative);
      session.zeroBehind(map, size);
    }
    this.#batch.add(fileEntry(relative, size, map, this.options));
    return fileOf(relative, size, map, true, seed);
  }

  async #keep(
    ino: number,
    path: string,
    relative: Buffer,
    wanted: number | undefined,
    seed: number | undefined,
  ): Promise<CreatedFile> {
    const { session } = this;
    const size = session.tree.size.get(ino);
    if (wanted !== undefined) checkSameSize(path, size, wanted);
    const map = session.tree.map(ino);
    if (seed !== undefined) {
      checkMayOverwrite(session, ino, path);
      session.overwritten.add(ino);
      await this.#fill(map, size, seed, relative);
    }
    return fileOf(relative, size, map, false, seed);
  }

  async #fill(map: FileMap, size: number, seed: number, relative: Buffer): Promise<void> {
    const name = printable(relative);
    this.session.checkStillOwner();
    await storeRandom(this.session.members, map, size, seed, async (bytes) => {
      this.session.checkStillOwner();
      this.#bytes += bytes;
      this.#turnBytes += bytes;
      this.options.onProgress?.(bytes, name);
      if (this.#turnBytes < TURN_BYTES) return;
      this.#turnBytes = 0;
      await nextTurn();
      this.#checkNotInterrupted(`interrupted while the contents of ${name} were written`);
    });
    this.session.flushData(map);
  }

  #checkNotInterrupted(message: string): void {
    if (this.options.signal?.aborted) throw new FamfsError('interrupted', message);
  }

  #commit(): void {
    if (this.#bytes > 0) this.session.fence();
    this.#bytes = 0;
    this.#batch.commit();
  }

  #report(): void {
    const done = this.#waiting;
    this.#waiting = [];
    if (done.length > 0) this.options.onFiles?.(done);
  }
}

function checkNewFile(session: OwnerSession, path: string, relative: Buffer): void {
  if (relative.length === 0) throw new FamfsError('exists', `${path}: is the mount point`);
  if (path.endsWith('/')) {
    throw new FamfsError('bad-path', `${path}: a slash at the end names a directory, not a file`);
  }
  checkNewPath(session, relative);
}

function noSize(path: string): FamfsError {
  const hint = 'give one with --size; famfs creat --help shows how';
  return new FamfsError('usage', `${path}: does not exist, and a new file needs a size`, hint);
}

function fileOf(relative: Buffer, size: number, map: FileMap, created: boolean, seed?: number): CreatedFile {
  return { path: printable(relative), size, map, created, ...(seed === undefined ? {} : { seed }) };
}
