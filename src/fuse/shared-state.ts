import { ftruncateSync } from 'node:fs';
import type { Derailment } from '../log/follow';
import { logCapacity } from '../log/layout';
import { INO } from '../log/tree';
import { bufferAt, mapShared, memoryFile } from '../native/libc';
import { OVERRIDE_BYTES, OverrideTable } from './overrides';
import { SharedSet } from './shared-set';
import { WORKER_PAGE_BYTES, WorkerPage } from './worker-page';

/** Workers a server can have. */
export const MOST_WORKERS = 16;

const HEADER_BYTES = 8192;

/** Words of the header, by index. */
const WORD = { pause: 0, wantedEntries: 1, frozen: 2, logLevel: 3, maps: 5 } as const;
/** Words of the header that are sets of devices by index, first and behind the last. */
const FAILED_DEVICES = [64, 544] as const;
const KERNEL_DEVICES = [544, 1024] as const;
const UNFOUND_DEVICES = [1024, 1504] as const;

const MAPS_ACCEPTED = 1;

/** What was decided about telling the kernel where a file is. */
export const MAP_STATE = { undecided: 0, described: 1, plain: 2 } as const;

/** Why what is served does not follow the log any more. Stored as their index plus 1. */
export const FREEZE_REASONS = [
  'other-file-system',
  'no-superblock',
  'counters-went-back',
  'counters-too-high',
  'bad-entry',
] as const satisfies readonly (Derailment | 'bad-entry')[];
export type FreezeReason = (typeof FREEZE_REASONS)[number];

/** After these the bytes on the device are not known to be this file system's. */
const FOREIGN: ReadonlySet<FreezeReason | undefined> = new Set([
  'other-file-system',
  'no-superblock',
] as const);

/**
 * Memory that the supervisor and its workers share: what one says and the others see at once, without a message or a
 * system call on the way of a request. Layout: a header, a page for each worker, the table of changed attributes,
 * a byte for each inode: what the kernel was told of where it is.
 */
export class SharedState {
  readonly workers: readonly WorkerPage[];
  readonly overrides: OverrideTable;
  readonly #words: Int32Array;
  readonly #failedDevices: SharedSet;
  readonly #kernelDevices: SharedSet;
  readonly #unfoundDevices: SharedSet;
  readonly #mapStates: Uint8Array;

  /** Maps the state that `fd` is open on; `logLength` in bytes, of the file system that is served. */
  constructor(
    readonly fd: number,
    logLength: number,
  ) {
    const inodes = inodesOf(logLength);
    const bytes = sharedBytes(logLength);
    const memory = bufferAt(mapShared(fd, 0, bytes, true), bytes);
    this.#words = new Int32Array(memory.buffer, memory.byteOffset, HEADER_BYTES / 4);
    this.#failedDevices = new SharedSet(this.#words.subarray(...FAILED_DEVICES));
    this.#kernelDevices = new SharedSet(this.#words.subarray(...KERNEL_DEVICES));
    this.#unfoundDevices = new SharedSet(this.#words.subarray(...UNFOUND_DEVICES));
    this.workers = Array.from({ length: MOST_WORKERS }, (_, i) => {
      const start = HEADER_BYTES + i * WORKER_PAGE_BYTES;
      return new WorkerPage(memory.subarray(start, start + WORKER_PAGE_BYTES));
    });
    const table = memory.subarray(HEADER_BYTES + MOST_WORKERS * WORKER_PAGE_BYTES);
    this.overrides = new OverrideTable(table.subarray(0, inodes * OVERRIDE_BYTES));
    this.#mapStates = table.subarray(inodes * OVERRIDE_BYTES);
  }

  /**
   * Makes new state, all zero, in memory that has no name and ends with its last process. It is not in /dev/shm: when that
   * is full, the first touch of a page is SIGBUS, and in containers it is small.
   */
  static create(logLength: number): SharedState {
    const fd = memoryFile('famfs-state');
    ftruncateSync(fd, sharedBytes(logLength));
    return new SharedState(fd, logLength);
  }

  /** The number of the pause that workers are asked for; 0 while they shall serve. */
  get pause(): number {
    return Atomics.load(this.#words, WORD.pause);
  }

  set pause(number: number) {
    Atomics.store(this.#words, WORD.pause, number);
  }

  /** Log entries known to be there: a worker that has fewer replays before it answers. */
  get wantedEntries(): number {
    return Atomics.load(this.#words, WORD.wantedEntries);
  }

  /** Raises the number of entries known to be there. */
  wantEntries(count: number): void {
    for (let known = this.wantedEntries; known < count; known = this.wantedEntries) {
      Atomics.compareExchange(this.#words, WORD.wantedEntries, known, count);
    }
  }

  /** Why what is served stays as it is, if it does: the log turned invalid. */
  get frozen(): FreezeReason | undefined {
    return FREEZE_REASONS[Atomics.load(this.#words, WORD.frozen) - 1];
  }

  /** True when another file system was made over this one: its bytes must not be served. */
  get foreign(): boolean {
    return FOREIGN.has(this.frozen);
  }

  /** Once the bytes are known to be another file system's, no other reason takes the place of that. */
  freeze(reason: FreezeReason): void {
    const next = FREEZE_REASONS.indexOf(reason) + 1;
    for (;;) {
      const now = Atomics.load(this.#words, WORD.frozen);
      if (FOREIGN.has(FREEZE_REASONS[now - 1]) && !FOREIGN.has(reason)) return;
      if (Atomics.compareExchange(this.#words, WORD.frozen, now, next) === now) return;
    }
  }

  /** True once a page of the primary device could not be read or written: all files answer EIO from then on. */
  get deviceFailed(): boolean {
    return this.hasFailed(0);
  }

  /** True once a page of device `index` could not be read or written: its files answer EIO from then on. */
  hasFailed(index: number): boolean {
    return this.#failedDevices.has(index);
  }

  /** A device whose index is too high to be noted takes the primary, and so all files, with it. */
  failDevice(index: number): void {
    this.#failedDevices.add(this.#failedDevices.holds(index) ? index : 0);
  }

  /** Notes that a worker could not use secondary device `index`, so that the supervisor looks for it too. */
  noteUnfound(index: number): void {
    if (this.#unfoundDevices.holds(index)) this.#unfoundDevices.add(index);
  }

  /** Whether a worker noted a device as one that it could not use, since this was asked last. */
  takeUnfound(index: number): boolean {
    return this.#unfoundDevices.take(index);
  }

  /** True once the kernel was told of secondary device `index`: it can map files there. */
  isInKernel(index: number): boolean {
    return this.#kernelDevices.has(index);
  }

  /** Notes that the kernel was told of a secondary device. One whose index is too high to be noted is never used. */
  putInKernel(index: number): void {
    if (this.#kernelDevices.holds(index)) this.#kernelDevices.add(index);
  }

  /** Index into LOG_LEVELS. */
  get logLevel(): number {
    return Atomics.load(this.#words, WORD.logLevel);
  }

  set logLevel(level: number) {
    Atomics.store(this.#words, WORD.logLevel, level);
  }

  /** The errno with which the kernel refused file maps as such; 0 when it did not. */
  get mapsErrno(): number {
    return Math.max(0, -Atomics.load(this.#words, WORD.maps));
  }

  /** Notes that the kernel took a file's map. */
  acceptMaps(): void {
    Atomics.compareExchange(this.#words, WORD.maps, 0, MAPS_ACCEPTED);
  }

  /** Notes that it refused one. True when that ends maps for all files: none was taken before, or refused. */
  refuseMaps(errno: number): boolean {
    return Atomics.compareExchange(this.#words, WORD.maps, 0, -errno) === 0;
  }

  /** One of MAP_STATE. Once it is decided it stays so. */
  mapState(ino: number): number {
    return this.#mapStates[ino] ?? MAP_STATE.plain;
  }

  setMapState(ino: number, state: number): void {
    this.#mapStates[ino] = state;
  }
}

function sharedBytes(logLength: number): number {
  return HEADER_BYTES + MOST_WORKERS * WORKER_PAGE_BYTES + inodesOf(logLength) * (OVERRIDE_BYTES + 1);
}

function inodesOf(logLength: number): number {
  return INO.first + logCapacity(logLength);
}
