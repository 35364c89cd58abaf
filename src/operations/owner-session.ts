import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../alloc/pool';
import type { Device } from '../device/device';
import { describeHost, whereHostIs } from '../device/host-names';
import { type LockHolder, lockHolder } from '../device/lock-holder';
import { openDevice } from '../device/open';
import { systemUuid } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { appendEntries, logFull } from '../log/append';
import type { LogEntry } from '../log/entry';
import { Fence } from '../log/fence';
import { eachRun } from '../log/file-map';
import { type Finding, isError } from '../log/findings';
import { type Counters, inspectHeader } from '../log/header';
import { logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock, type Superblock } from '../log/superblock';
import type { Tree } from '../log/tree';
import { Members } from '../members/members';
import { extentsOf, type FileMap, type PlacementPolicy } from '../types';
import { poolOf } from './space';

/** How a verb that writes opens its device. */
export interface WriteOptions {
  readonly noSync?: boolean;
  /** Called once, when another process has had the lock for a while; with that process, where the host tells. */
  readonly onWait?: (device: string, holder?: LockHolder) => void;
  /** Seconds to wait for the lock, at most; 0 for not at all. Left out, for ever. */
  readonly lockTimeout?: number;
  /** Runs a wait for the lock with a signal that ends it, where the verb has no `signal` all the time. */
  readonly interruptible?: (wait: (signal: AbortSignal) => Promise<void>) => Promise<void>;
  /** Called with what the work goes on in spite of. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
  /** Which of several devices new files go to. */
  readonly policy?: PlacementPolicy;
}

/** The largest page of the processors that famfs runs on, in bytes. */
const LARGEST_PAGE_BYTES = 65_536;

const BETWEEN_LOOKS_MS = 5;
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 250;
const TELL_AFTER_MS = 1000;

/**
 * Waits for a device's exclusive lock.
 * Throws FamfsError `interrupted` when a signal ends the wait, and `device-locked` when it takes too long.
 */
export async function lockDevice(device: Device, options: WriteOptions): Promise<void> {
  if (device.tryLock()) return;
  const { interruptible, signal } = options;
  if (signal || !interruptible) return waitForLock(device, options, signal);
  return interruptible((interrupt) => waitForLock(device, options, interrupt));
}

async function waitForLock(
  device: Device,
  { lockTimeout = Number.POSITIVE_INFINITY, onWait }: WriteOptions,
  signal?: AbortSignal,
): Promise<void> {
  const started = performance.now();
  let told = false;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const waited = performance.now() - started;
    if (waited >= lockTimeout * 1000) throw stillLocked(device, lockTimeout);
    if (waited >= TELL_AFTER_MS && !told) {
      told = true;
      onWait?.(device.path, lockHolder(device.path));
    }
    await sleep(Math.min(wait, lockTimeout * 1000 - waited));
    if (signal?.aborted) {
      throw new FamfsError(
        'interrupted',
        `${device.path}: interrupted while waiting for its lock; nothing was done`,
      );
    }
    if (device.tryLock()) return;
  }
}

function stillLocked(device: Device, seconds: number): FamfsError {
  const holder = lockHolder(device.path);
  const who = holder ? `process ${holder.pid} (${holder.command})` : 'another process';
  return new FamfsError(
    'device-locked',
    `${device.path}: ${who} held its lock for all of ${seconds} s; nothing was done`,
    'try again when it has ended, or with a longer --lock-timeout',
  );
}

/**
 * The owner's exclusive access to a file system: the device locked, its log replayed, its free space known. Held by
 * one process at a time, from open() to close().
 */
export class OwnerSession {
  /** Inodes whose bytes were changed in place: caches above the device do not know of it. */
  readonly overwritten = new Set<number>();
  readonly #fence: Fence;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #failure: { readonly error: unknown } | undefined;

  private constructor(
    readonly device: Device,
    readonly superblock: Superblock,
    /** All devices of the file system, `device` being the primary. */
    readonly members: Members,
    readonly allocator: Pool,
    private readonly replay: Replay,
    private counters: Counters,
  ) {
    this.#fence = new Fence(device, superblock);
  }

  /**
   * Opens a device for appending.
   * Throws FamfsError `not-owner` on a client, `bad-log` when the log is damaged, and what opening a device throws.
   */
  static async open(path: string, options: WriteOptions = {}): Promise<OwnerSession> {
    const device = openDevice(path, { writable: true, noSync: options.noSync ?? false });
    try {
      const superblock = loadSuperblock(device);
      checkOwner(device.path, superblock);
      await lockDevice(device, options);
      const locked = loadSuperblock(device);
      checkOwner(device.path, locked);
      return OwnerSession.#begin(device, locked, options);
    } catch (error) {
      device.close();
      throw error;
    }
  }

  static #begin(device: Device, superblock: Superblock, options: WriteOptions): OwnerSession {
    let firstError: Finding | undefined;
    const { counters, findings } = inspectHeader(device, superblock.logLength);
    const note = (found: Finding) => {
      if (isError(found)) firstError ??= found;
    };
    findings.forEach(note);
    if (firstError) throw badLog(device.path, firstError);
    const replay = new Replay(device, superblock, note);
    replay.to(counters.nextIndex);
    if (!replay.appendable && firstError) throw badLog(device.path, firstError);
    const { devices, tree } = replay;
    const opened = { writable: true, noSync: options.noSync ?? false };
    const members = new Members(device, superblock, devices, [], opened);
    for (const problem of members.problems()) options.onWarning?.(`${problem.detail}; no file goes there`);
    const allocator = poolOf({ superblock, tree, members }, options.policy);
    return new OwnerSession(device, superblock, members, allocator, replay, counters);
  }

  /** With all that was committed, which is taken in when it is first asked for. */
  get tree(): Tree {
    const { nextIndex } = this.counters;
    if (nextIndex > this.replay.counts.entries) this.replay.to(nextIndex);
    return this.replay.tree;
  }

  /** Entries that can still be appended. */
  get room(): number {
    return logCapacity(this.superblock.logLength) - this.counters.nextIndex;
  }

  /** Throws FamfsError `log-full` when fewer than `entries` entries are left behind `waiting` others. */
  needRoom(entries: number, waiting = 0): void {
    const room = this.room - waiting;
    if (entries > room) throw logFull(this.device.path, entries, room);
  }

  /** Begins to write back the data of a file. */
  flushData(map: FileMap): void {
    for (const { devindex, length, offset } of extentsOf(map))
      this.members.at(devindex).flush(offset, length);
  }

  /**
   * Makes a new file of `size` bytes read as zeros to the end of its last page, and begins to write that back: no bytes
   * of an earlier file system shine through. What a map takes behind that page is never shown.
   */
  zeroData(map: FileMap, size: number): void {
    this.checkStillOwner();
    const shown = shownBytes(size);
    for (const { devindex, length, offset } of extentsOf(map)) {
      const device = this.members.at(devindex);
      device.zero(offset, Math.min(length, shown));
      device.flush(offset, Math.min(length, shown));
    }
  }

  /**
   * Makes what lies behind the `size` bytes of a new file zeros to the end of its last page, and begins to write that
   * back: a kernel that maps the device shows whole pages.
   */
  zeroBehind(map: FileMap, size: number): void {
    const room = extentsOf(map).reduce((sum, { length }) => sum + length, 0);
    const shown = Math.min(shownBytes(size), room);
    if (shown === size) return;
    eachRun(map, size, shown - size, (devindex, offset, length) => {
      const device = this.members.at(devindex);
      device.zero(offset, length);
      device.flush(offset, length);
    });
  }

  /**
   * Waits until what was flushed, on any device, is durable. Once that failed it always throws the same, and so does
   * commit(): the kernel tells once that it lost data, and then takes what is in memory for what is on the device.
   */
  fence(): void {
    this.#unlessFailed(() => this.members.fence());
  }

  #unlessFailed(work: () => void): void {
    if (this.#failure) throw this.#failure.error;
    try {
      work();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  /**
   * Looks whether this host still owns the log, alone, unless it did a moment ago. For before data is stored: a new
   * owner may give out the same space.
   * Throws FamfsError `owner-changed` or `two-owners`, after which nothing can be appended.
   */
  checkStillOwner(): void {
    const now = performance.now();
    if (now - this.#lookedAt < BETWEEN_LOOKS_MS) return;
    this.#fence.check('entries', this.counters, []);
    this.#lookedAt = now;
  }

  /**
   * Makes flushed data durable, then appends entries for it: the files exist when this returns.
   * Throws FamfsError `owner-changed` or `two-owners` when this host does not own the log alone any more, and what fence()
   * throws.
   */
  commit(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    this.fence();
    const { logLength } = this.superblock;
    this.#unlessFailed(() => {
      this.counters = appendEntries(this.device, logLength, this.counters, entries, (step, counters) =>
        this.#fence.check(step, counters, entries),
      );
    });
  }

  close(): void {
    this.device.unlock();
    this.members.close();
  }
}

/** Up to which byte a kernel that maps the device shows a file of `size` bytes: the end of its last page. */
function shownBytes(size: number): number {
  return Math.ceil(size / LARGEST_PAGE_BYTES) * LARGEST_PAGE_BYTES;
}

/** Throws FamfsError `not-owner` unless this host owns the file system. */
export function checkOwner(path: string, superblock: Superblock): void {
  const here = systemUuid();
  if (here === superblock.ownerUuid) return;
  throw new FamfsError(
    'not-owner',
    `${path}: this host (system UUID ${here ?? 'none'}) is a client; the owner is ${describeHost(superblock.ownerUuid)}`,
    `run this on the owner: ${whereHostIs(superblock.ownerUuid)}`,
  );
}

function badLog(path: string, found: Finding): FamfsError {
  const where = found.entry === undefined ? '' : ` in entry ${found.entry}`;
  return new FamfsError(
    'bad-log',
    `${path}: the log is damaged${where} (${found.code}: ${found.detail}), so nothing may be appended`,
    'famfs fsck tells all that is wrong',
  );
}
