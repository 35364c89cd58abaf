import { type ErrorCode, FamfsError } from '../errors';
import type { LogEntry } from './entry';
import { type Counters, readCounters } from './header';
import { printable } from './paths';
import type { Store } from './store';
import { findSuperblock, readSuperblockBytes, type Superblock } from './superblock';

/** What comes next in an append when the fence is asked: data or entries are stored, then the counters, then it is done. */
export type AppendStep = 'entries' | 'counters' | 'done';

interface Breach {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

/**
 * Keeps a host that is not the owner any more from writing. Hosts have no lock in common, so the owner looks before and
 * after each step of an append whether the superblock still names it and the counters are what it left. What happens
 * between a look and the store behind it, it cannot see: docs/SHARING.md tells what that may cost.
 */
export class Fence {
  #error: FamfsError | undefined;
  /** A superblock that was found to be right: to compare its bytes takes a small part of reading them anew. */
  #right: Buffer | undefined;

  /** `superblock` is that of the file system when the session began. */
  constructor(
    private readonly store: Store,
    private readonly superblock: Superblock,
  ) {}

  /**
   * Throws FamfsError `owner-changed` or `two-owners` when this host does not own the log alone any more, and from then
   * on always. `counters` are what this host left, or raised when the append is done.
   */
  check(step: AppendStep, counters: Counters, entries: readonly LogEntry[]): void {
    if (this.#error) throw this.#error;
    const breach = this.#breach(counters);
    if (!breach) return;
    const first = step === 'done' ? counters.nextIndex - entries.length : counters.nextIndex;
    const message = `${this.store.path}: ${breach.what}; ${DOUBT[step](rangeOf(first, entries))}`;
    this.#error = new FamfsError(breach.code, message, breach.hint);
    throw this.#error;
  }

  #breach(counters: Counters): Breach | undefined {
    return this.#breachOfSuperblock() ?? this.#breachOfCounters(counters);
  }

  #breachOfSuperblock(): Breach | undefined {
    if (this.#right?.equals(readSuperblockBytes(this.store))) return undefined;
    const { bytes, superblock, findings } = findSuperblock(this.store);
    if (findings.some(({ code }) => code === 'sb-magic' || code === 'sb-crc'))
      return ownerChanged('its superblock is gone or damaged');
    if (superblock.uuid !== this.superblock.uuid) return ownerChanged('another file system was made over it');
    if (superblock.ownerUuid !== this.superblock.ownerUuid)
      return ownerChanged(`the host with system UUID ${superblock.ownerUuid} became its owner`);
    this.#right = bytes;
    return undefined;
  }

  #breachOfCounters(counters: Counters): Breach | undefined {
    const { nextIndex, nextSeqnum } = readCounters(this.store);
    if (nextIndex === counters.nextIndex && nextSeqnum === counters.nextSeqnum) return undefined;
    return twoOwners(`its log counts ${nextIndex} entries where this host left ${counters.nextIndex}`);
  }
}

const DOUBT: Readonly<Record<AppendStep, (range: string) => string>> = {
  entries: () => 'what was under way is not logged',
  counters: (range) => `${range} not logged, but may be stored over what the other host logged there`,
  done: (range) => `${range} logged, but may be lost to what the other host logged there`,
};

function rangeOf(first: number, entries: readonly LogEntry[]): string {
  const last = first + entries.length - 1;
  const from = pathOf(entries[0]);
  if (last <= first) return `entry ${first}${from} is`;
  return `entries ${first}${from} to ${last}${pathOf(entries.at(-1))} are`;
}

function pathOf(entry: LogEntry | undefined): string {
  return entry && 'path' in entry ? ` (${printable(entry.path)})` : '';
}

function ownerChanged(what: string): Breach {
  const hint = 'famfs fsck and famfs ls on the new owner tell what is there; stop famfs here';
  return { code: 'owner-changed', what, hint };
}

function twoOwners(what: string): Breach {
  const hint = 'find the other host with this system UUID, give it one of its own, then run famfs fsck';
  return { code: 'two-owners', what, hint };
}
