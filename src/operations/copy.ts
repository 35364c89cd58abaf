import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { checkStripe } from '../alloc/allocator';
import { FamfsError } from '../errors';
import { eachRun } from '../log/file-map';
import { printable } from '../log/paths';
import { KIND } from '../log/tree';
import type { FileMap, StripeOptions } from '../types';
import { type CopyFailure, CopyPlanner, failureOf, type PlannedItem } from './copy-plan';
import { allocate, fileEntry, inFileSystem, mkdirEntry, type Ownership } from './create';
import type { OwnerSession, WriteOptions } from './owner-session';
import { sameContents } from './same-contents';
import { stripeDefaults } from './stripe-defaults';

export interface CopyOptions extends WriteOptions, Ownership {
  readonly recursive?: boolean;
  /** The destination is the copy itself, also when it is a directory that exists. */
  readonly noTargetDirectory?: boolean;
  /** Leave files alone that exist with the source's size (and, with `verify`, its contents). */
  readonly resume?: boolean;
  readonly verify?: boolean;
  /** Pieces copied at the same time. */
  readonly threads?: number;
  readonly stripe?: StripeOptions;
  /** Called when the work is known, before the first byte. */
  readonly onPlan?: (totalBytes: number) => void | Promise<void>;
  readonly onProgress?: (bytes: number, target: string) => void;
}

export interface CopyResult {
  directories: number;
  files: number;
  overwritten: number;
  /** Left alone by --resume. */
  skipped: number;
  bytes: number;
  readonly failures: CopyFailure[];
}

const PIECE_BYTES = 8 * 2 ** 20;
/** A batch is copied, flushed and logged as one: about the bytes and files that a kill may cost. */
const BATCH_BYTES = 256 * 2 ** 20;
const BATCH_ITEMS = 512;
const DEFAULT_THREADS = 4;

/**
 * Copies sources into a mounted famfs, as `cp` does: into `destination` when it is a directory, else as it. Files
 * that exist with the source's size are overwritten in place. What concerns one source is in `failures` and the rest
 * is copied; what concerns the device is thrown, with all finished files in place.
 */
export async function copy(
  sources: readonly string[],
  destination: string,
  options: CopyOptions,
): Promise<CopyResult> {
  return inFileSystem(destination, options, async (session, relative) => {
    const { stripe = await stripeDefaults(session, options) } = options;
    if (stripe) checkStripe(stripe, session.device.size, session.superblock.allocUnit);
    const planner = new CopyPlanner(session, options.recursive ?? false);
    planSources(planner, session, sources, destination, relative, options);
    const { plan } = planner;
    checkFits(session, plan.items, plan.entries);
    await options.onPlan?.(plan.bytes);
    const striped = stripe ? { ...options, stripe } : options;
    return new Copier(session, striped, plan.failures).run(plan.items);
  });
}

function planSources(
  planner: CopyPlanner,
  session: OwnerSession,
  sources: readonly string[],
  destination: string,
  relative: Buffer,
  options: CopyOptions,
): void {
  const ino = session.tree.resolve(relative);
  const intoDirectory = ino !== 0 && session.tree.kind.get(ino) === KIND.directory;
  if (options.noTargetDirectory) {
    const [source, ...more] = sources;
    if (source === undefined || more.length > 0)
      throw new FamfsError('usage', '-T takes one source and one destination');
    if (intoDirectory) planner.addContents(source, relative);
    else planAs(planner, session, source, relative, destination);
    return;
  }
  if (intoDirectory) {
    for (const source of sources) {
      const name = Buffer.from(basename(resolve(source)));
      planner.add(source, relative.length === 0 ? name : Buffer.concat([relative, Buffer.from('/'), name]));
    }
    return;
  }
  const [source, ...more] = sources;
  if (source === undefined || more.length > 0 || destination.endsWith('/')) {
    const what = ino === 0 ? 'does not exist' : 'is not a directory';
    throw new FamfsError(
      'no-parent',
      `${destination}: ${what}`,
      'several sources need a directory as destination',
    );
  }
  planAs(planner, session, source, relative, destination);
}

function planAs(
  planner: CopyPlanner,
  session: OwnerSession,
  source: string,
  target: Buffer,
  shown: string,
): void {
  const parent = session.tree.resolve(target.subarray(0, Math.max(target.lastIndexOf('/'), 0)));
  if (parent === 0 || session.tree.kind.get(parent) !== KIND.directory) {
    throw new FamfsError(
      'no-parent',
      `${shown}: its parent directory does not exist`,
      'famfs mkdir -p makes it',
    );
  }
  planner.add(source, target);
}

/** Throws `log-full` or `device-full`, before anything is written, when a plan cannot fit. */
function checkFits(session: OwnerSession, items: readonly PlannedItem[], entries: number): void {
  session.needRoom(entries);
  const { freeUnits, unitBytes } = session.allocator.stats();
  let needed = 0;
  for (const item of items)
    if (item.kind === 'new-file') needed += Math.max(1, Math.ceil(item.size / unitBytes));
  if (needed <= freeUnits) return;
  throw new FamfsError(
    'device-full',
    `${session.device.path}: the copy needs ${needed * unitBytes} bytes in units of ${unitBytes}, ${freeUnits * unitBytes} are free`,
    'nothing was copied; copy less, or to a larger device',
  );
}

interface Transfer {
  readonly item: PlannedItem;
  readonly map: FileMap;
  readonly source: FileHandle;
  left: number;
  failure?: CopyFailure;
}

class Copier {
  readonly #result: CopyResult;

  constructor(
    private readonly session: OwnerSession,
    private readonly options: CopyOptions,
    failures: CopyFailure[],
  ) {
    this.#result = { directories: 0, files: 0, overwritten: 0, skipped: 0, bytes: 0, failures };
  }

  async run(items: readonly PlannedItem[]): Promise<CopyResult> {
    for (let start = 0; start < items.length; ) {
      if (this.options.signal?.aborted) break;
      const end = batchEnd(items, start);
      try {
        await this.#copyBatch(items.slice(start, end));
      } catch (error) {
        if (!(error instanceof FamfsError)) throw error;
        throw new FamfsError(error.code, `${error.message}; ${this.#state(items)}`, error.hint, {
          cause: error,
        });
      }
      start = end;
    }
    if (!this.options.signal?.aborted) return this.#result;
    const hint = 'the same command with --resume goes on from here';
    throw new FamfsError('interrupted', `interrupted: ${this.#state(items)}`, hint);
  }

  #state(items: readonly PlannedItem[]): string {
    const { directories, files, overwritten, skipped } = this.#result;
    return `${directories + files + overwritten + skipped} of ${items.length} files and directories are done`;
  }

  async #copyBatch(items: readonly PlannedItem[]): Promise<void> {
    const transfers = new Map<PlannedItem, Transfer>();
    let deviceError: unknown;
    try {
      for (const item of items) await this.#begin(item, transfers);
      await this.#transferAll([...transfers.values()]);
    } catch (error) {
      deviceError = error;
    }
    for (const transfer of transfers.values()) await transfer.source.close();
    this.#commit(items, transfers);
    if (deviceError) throw deviceError;
  }

  async #begin(item: PlannedItem, transfers: Map<PlannedItem, Transfer>): Promise<void> {
    if (item.kind === 'directory') return;
    let source: FileHandle | undefined;
    try {
      source = await open(item.source, constants.O_RDONLY | constants.O_NOCTTY);
      await this.#checkUnchanged(item, source);
      if (item.existing && this.options.resume && (await this.#isSame(item.existing.map, item, source))) {
        await source.close();
        this.#result.skipped++;
        this.options.onProgress?.(item.size, printable(item.target));
        return;
      }
      const map = item.existing?.map ?? allocate(this.session, item.target, item.size, this.options.stripe);
      transfers.set(item, { item, map, source, left: item.size });
    } catch (error) {
      await source?.close();
      this.#result.failures.push(failureOf(item.source, error));
    }
  }

  async #checkUnchanged(item: PlannedItem, source: FileHandle): Promise<void> {
    const { size } = await source.stat();
    if (size === item.size) return;
    throw new FamfsError(
      'source',
      `${printable(item.source)}: changed from ${item.size} to ${size} bytes during the copy`,
    );
  }

  async #isSame(map: FileMap, item: PlannedItem, source: FileHandle): Promise<boolean> {
    return !this.options.verify || sameContents(this.session.device, map, item.size, source);
  }

  /** Copies pieces of all files with several of them under way; whatever thread is free takes the next piece. */
  async #transferAll(transfers: readonly Transfer[]): Promise<void> {
    const pieces = eachPiece(transfers);
    const worker = async () => {
      for (const { transfer, position, length } of pieces) {
        if (this.options.signal?.aborted) return;
        if (transfer.failure) continue;
        await this.#transferPiece(transfer, position, length);
      }
    };
    const workers = Array.from({ length: this.options.threads ?? DEFAULT_THREADS }, worker);
    const outcomes = await Promise.allSettled(workers);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #transferPiece(transfer: Transfer, position: number, length: number): Promise<void> {
    const { item, map, source } = transfer;
    const runs: { offset: number; length: number }[] = [];
    eachRun(map, position, length, (_devindex, offset, count) => runs.push({ offset, length: count }));
    let at = position;
    try {
      for (const run of runs) {
        const count = await this.session.device.fill(run.offset, source.fd, at, run.length);
        at += count;
        if (count < run.length) {
          throw new FamfsError('source', `${printable(item.source)}: became shorter during the copy`);
        }
      }
      transfer.left -= length;
      this.options.onProgress?.(length, printable(item.target));
    } catch (error) {
      if (error instanceof FamfsError && error.code === 'device-io') throw error;
      transfer.failure = failureOf(item.source, error);
      this.#result.failures.push(this.#explain(item, transfer.failure));
    }
  }

  #explain(item: PlannedItem, failure: CopyFailure): CopyFailure {
    if (item.kind !== 'overwrite') return failure;
    return {
      ...failure,
      message: `${failure.message}; ${printable(item.target)} is now half old and half new`,
    };
  }

  /** Logs what is whole: directories in their order, and each file whose data is all there. */
  #commit(items: readonly PlannedItem[], transfers: ReadonlyMap<PlannedItem, Transfer>): void {
    const entries = [];
    for (const item of items) {
      const owner = { ...this.options, mode: this.options.mode ?? item.mode };
      const transfer = transfers.get(item);
      if (item.kind === 'directory') entries.push(mkdirEntry(item.target, { ...owner, mode: item.mode }));
      else if (transfer) {
        const whole = transfer.left === 0 && !transfer.failure;
        if (item.existing) this.session.overwritten.add(item.existing.ino);
        if (whole || item.existing) this.session.flushData(transfer.map);
        else this.session.allocator.release(transfer.map);
        if (whole && item.kind === 'new-file')
          entries.push(fileEntry(item.target, item.size, transfer.map, owner));
        this.#count(item, whole);
      }
    }
    this.session.device.fence();
    this.session.commit(entries);
    this.#result.directories += entries.filter((entry) => entry.type === 'mkdir').length;
  }

  #count(item: PlannedItem, whole: boolean): void {
    if (!whole) return;
    if (item.kind === 'overwrite') this.#result.overwritten++;
    else this.#result.files++;
    this.#result.bytes += item.size;
  }
}

function batchEnd(items: readonly PlannedItem[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < items.length && end - start < BATCH_ITEMS) {
    bytes += (items[end] as PlannedItem).size;
    if (end > start && bytes > BATCH_BYTES) break;
    end++;
  }
  return end;
}

function* eachPiece(transfers: readonly Transfer[]) {
  for (const transfer of transfers) {
    for (let position = 0; position < transfer.item.size; position += PIECE_BYTES) {
      yield { transfer, position, length: Math.min(PIECE_BYTES, transfer.item.size - position) };
    }
  }
}
