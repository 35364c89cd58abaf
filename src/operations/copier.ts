import { closeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type ErrorCode, errnoOf, FamfsError } from '../errors';
import { printable } from '../log/paths';
import { batchEnd, threadsWorth } from './copy-batches';
import type { CopyAction, CopyOptions, CopyResult } from './copy-options';
import { type CopyFailure, failureOf, type PlannedItem } from './copy-plan';
import { CopyRounds } from './copy-rounds';
import { CopyThreads } from './copy-threads';
import {
  checkNotGrown,
  eachPiece,
  type OpenedSource,
  openSourceOf,
  type Piece,
  SMALL_BYTES,
  type Transfer,
  transferPiece,
} from './copy-transfer';
import { allocate, checkMayOverwrite, fileEntry, mkdirEntry, ownerOf } from './create';
import type { OwnerSession } from './owner-session';
import { differsFromFile } from './same-contents';

/** Pieces that are copied at once by default: by threads of which each keeps a processor busy, fewer where there are fewer. */
const DEFAULT_PIECES = 4;

/** Errors that end the copy, and not that of one file alone. */
const ABOUT_THE_DEVICE: readonly ErrorCode[] = ['device-io', 'owner-changed', 'two-owners'];

export interface CopierOptions extends CopyOptions {
  /** The copy of a directory is the destination itself, which is not there yet. */
  readonly makesDestination?: boolean;
}

/** Carries out a plan, batch by batch. */
export class Copier {
  readonly #result: CopyResult;
  readonly #threads = new CopyThreads();
  readonly #rounds: CopyRounds;
  /** Files that were being overwritten when the copy ended. */
  readonly #torn: string[] = [];

  /** `failures` are those of the plan; what fails on the way is added. */
  constructor(
    private readonly session: OwnerSession,
    private readonly options: CopierOptions,
    failures: CopyFailure[],
  ) {
    this.#result = { directories: 0, files: 0, overwritten: 0, skipped: 0, bytes: 0, failures };
    this.#rounds = new CopyRounds(session.members, this.#threads, {
      stopped: () => options.signal?.aborted ?? false,
      check: () => session.checkStillOwner(),
      onDone: (piece) => this.#pieceDone(piece),
    });
  }

  /**
   * Copies, and logs each batch when all of it is durable. Throws FamfsError `interrupted` after the signal, and what
   * concerns the device, with all finished files in place.
   */
  async run(items: readonly PlannedItem[]): Promise<CopyResult> {
    const { threads = Math.min(DEFAULT_PIECES, availableParallelism()) } = this.options;
    this.#threads.start(Math.min(threadsWorth(items), threads));
    try {
      await this.#copyAll(items);
    } finally {
      this.#threads.close();
    }
    if (!this.options.signal?.aborted) return this.#result;
    const hint = `the same command with ${this.#flagsToGoOn(items)} goes on from here`;
    throw new FamfsError('interrupted', `interrupted: ${this.#state(items)}`, hint);
  }

  #flagsToGoOn(items: readonly PlannedItem[]): string {
    // Sizes alone do not tell a file that was to be overwritten from one that was.
    const resume = items.some(({ kind }) => kind === 'overwrite') ? '--resume --verify' : '--resume';
    // A destination that is there by then would be copied into.
    return this.options.makesDestination ? `-T ${resume}` : resume;
  }

  async #copyAll(items: readonly PlannedItem[]): Promise<void> {
    for (let start = 0; start < items.length; ) {
      if (this.options.signal?.aborted) break;
      try {
        start += await this.#copyBatch(items.slice(start, batchEnd(items, start)));
      } catch (error) {
        if (!(error instanceof FamfsError)) throw error;
        throw new FamfsError(error.code, `${error.message}; ${this.#state(items)}`, error.hint, {
          cause: error,
        });
      }
    }
  }

  /** Tells what run() would do, down to the place of each file, and writes nothing. */
  async rehearse(items: readonly PlannedItem[]): Promise<CopyResult> {
    const actions: CopyAction[] = [];
    for (const item of items) {
      const action = await this.#rehearsed(item);
      if (action === undefined) continue;
      actions.push({
        action,
        source: printable(item.source),
        target: printable(item.target),
        size: item.size,
      });
      if (action !== 'skip') this.#count(item, action);
    }
    return { ...this.#result, dryRun: true, items: actions };
  }

  async #rehearsed(item: PlannedItem): Promise<CopyAction['action'] | undefined> {
    const { failures, skipped } = this.#result;
    const failed = failures.length;
    const transfers = new Map<PlannedItem, Transfer>();
    await this.#begin(item, transfers);
    for (const { opened } of transfers.values()) if (opened) closeSync(opened.source);
    if (failures.length > failed) return undefined;
    return this.#result.skipped > skipped ? 'skip' : item.kind;
  }

  #state(items: readonly PlannedItem[]): string {
    const { directories, files, overwritten, skipped } = this.#result;
    const done = `${directories + files + overwritten + skipped} of ${items.length} files and directories are done`;
    return this.#torn.length === 0 ? done : `${done}; ${halfNew(this.#torn.join(', '))}`;
  }

  /** Copies and logs files and directories. Returns how many: fewer when no more sources can be open at a time. */
  async #copyBatch(items: readonly PlannedItem[]): Promise<number> {
    const transfers = new Map<PlannedItem, Transfer>();
    let begun = 0;
    let deviceError: unknown;
    try {
      while (begun < items.length && (await this.#begin(items[begun] as PlannedItem, transfers))) begun++;
      await this.#transferAll([...transfers.values()]);
      for (const transfer of transfers.values())
        if (transfer.opened && transfer.left === 0 && !transfer.failure)
          await this.#guarded(transfer, async () => checkNotGrown(transfer));
      if (this.options.verify) for (const transfer of transfers.values()) await this.#verify(transfer);
    } catch (error) {
      deviceError = error;
    }
    for (const { opened } of transfers.values()) if (opened) closeSync(opened.source);
    this.#commit(items.slice(0, begun), transfers);
    if (deviceError) throw deviceError;
    return begun;
  }

  /** False, with nothing done, when a source cannot be opened before others are closed. */
  async #begin(item: PlannedItem, transfers: Map<PlannedItem, Transfer>): Promise<boolean> {
    if (item.kind === 'directory') return true;
    let opened: OpenedSource | undefined;
    try {
      if (!this.#isQuick(item)) opened = openSourceOf(item);
      if (opened && (await this.#isThere(item, opened.source))) {
        closeSync(opened.source);
        this.#count(item, 'skip');
        this.options.onProgress?.(item.size, () => printable(item.target));
        return true;
      }
      if (item.existing) checkMayOverwrite(this.session, item.existing.ino, printable(item.target));
      const map = item.existing?.map ?? allocate(this.session, item.target, item.size, this.options.stripe);
      transfers.set(item, { item, map, opened, left: item.size });
    } catch (error) {
      if (opened) closeSync(opened.source);
      if (errnoOf(error) === 'EMFILE' && transfers.size > 0) return false;
      this.#result.failures.push(failureOf(item.source, error));
    }
    return true;
  }

  /** Whether a file is opened only while it is copied, by whatever thread does. */
  #isQuick({ kind, size, solid }: PlannedItem): boolean {
    const { dryRun, verify } = this.options;
    if (kind !== 'new-file' || dryRun || verify || this.#rounds.cold) return false;
    return solid && size > 0 && size <= SMALL_BYTES;
  }

  /** Whether --resume leaves a file alone. */
  async #isThere(item: PlannedItem, source: number): Promise<boolean> {
    const { resume, verify } = this.options;
    if (!item.existing || !resume) return false;
    if (!verify) return true;
    return (await differsFromFile(this.session.members, item.existing.map, item.size, source)) === undefined;
  }

  /** Copies all files by threads as far as they can, and what they leave by this one and the system's pool. */
  async #transferAll(transfers: readonly Transfer[]): Promise<void> {
    const { signal, threads = DEFAULT_PIECES } = this.options;
    const left = await this.#rounds.run(eachPiece(transfers));
    if (!signal?.aborted)
      for (const { transfer } of left) await this.#guarded(transfer, () => openLate(transfer));
    const pieces = left.values();
    const worker = async () => {
      for (const piece of pieces) {
        if (signal?.aborted) return;
        if (piece.transfer.failure) continue;
        await this.#guarded(piece.transfer, async () => {
          this.session.checkStillOwner();
          await transferPiece(this.session.members, piece);
          this.#pieceDone(piece);
        });
      }
    };
    const workers = Array.from({ length: threads }, worker);
    const outcomes = await Promise.allSettled(workers);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #pieceDone({ length, transfer }: Piece): void {
    transfer.left -= length;
    this.options.onProgress?.(length, () => printable(transfer.item.target));
  }

  /** Compares what the device returns, once it has been written back, with the source. */
  async #verify(transfer: Transfer): Promise<void> {
    const { item, map, opened } = transfer;
    if (!opened || transfer.left > 0 || transfer.failure || this.options.signal?.aborted) return;
    await this.#guarded(transfer, async () => {
      this.session.flushData(map);
      this.session.fence();
      const offset = await differsFromFile(this.session.members, map, item.size, opened.source);
      if (offset === undefined) return;
      throw new FamfsError(
        'differs',
        `${printable(item.source)}: ${printable(item.target)} differs from it at offset ${offset} when read back`,
      );
    });
  }

  /** Runs `work` for a file: what goes wrong with the source fails the file, what goes wrong with the device is thrown. */
  async #guarded(transfer: Transfer, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof FamfsError && ABOUT_THE_DEVICE.includes(error.code)) throw error;
      if (transfer.failure) return;
      transfer.failure = failureOf(transfer.item.source, error);
      this.#result.failures.push(explained(transfer, transfer.failure));
    }
  }

  /** Logs what is whole: directories in their order, and each file whose data is all there. */
  #commit(items: readonly PlannedItem[], transfers: ReadonlyMap<PlannedItem, Transfer>): void {
    const { gid, uid } = ownerOf(this.options);
    const entries = [];
    const done: PlannedItem[] = [];
    for (const item of items) {
      const transfer = transfers.get(item);
      if (item.kind === 'directory') {
        entries.push(mkdirEntry(item.target, { uid, gid, mode: item.mode }));
        done.push(item);
      } else if (transfer && this.#keep(transfer)) {
        const attributes = { uid, gid, mode: this.options.mode ?? item.mode };
        if (item.kind === 'new-file')
          entries.push(fileEntry(item.target, item.size, transfer.map, attributes));
        done.push(item);
      }
    }
    this.session.fence();
    this.session.commit(entries);
    for (const item of done) this.#count(item, item.kind);
  }

  /** Whether a file is whole. What came of one that is not is flushed where it is seen, and given back otherwise. */
  #keep({ failure, item, left, map, opened }: Transfer): boolean {
    const whole = left === 0 && !failure;
    if (item.existing) this.session.overwritten.add(item.existing.ino);
    if (item.existing && !failure && left > 0 && left < item.size) this.#torn.push(printable(item.target));
    // A file that was never opened here was stored with its last page filled up.
    if (whole && !item.existing && opened) this.session.zeroBehind(map, item.size);
    if (whole || item.existing) this.session.flushData(map);
    else this.session.allocator.release(map);
    return whole;
  }

  #count(item: PlannedItem, action: CopyAction['action']): void {
    if (action === 'skip') this.#result.skipped++;
    else if (action === 'directory') this.#result.directories++;
    else {
      if (action === 'overwrite') this.#result.overwritten++;
      else this.#result.files++;
      this.#result.bytes += item.size;
    }
    this.options.onDone?.(action, printable(item.target));
  }
}

async function openLate(transfer: Transfer): Promise<void> {
  if (!transfer.failure) transfer.opened ??= openSourceOf(transfer.item);
}

function explained({ item, left }: Transfer, failure: CopyFailure): CopyFailure {
  if (item.kind !== 'overwrite' || left === 0) return failure;
  return { ...failure, message: `${failure.message}; ${halfNew(printable(item.target))}` };
}

function halfNew(names: string): string {
  return `${names} is now half old and half new`;
}
