import { readEntries } from './entry-blocks';
import { readCounters } from './header';
import { LOG_ENTRY, logCapacity } from './layout';
import type { Store } from './store';
import { findSuperblock, type Superblock } from './superblock';

/**
 * Why a log cannot be followed any more: another file system was made over it, its superblock is gone, or its counters
 * went back or beyond what it can hold.
 */
export type Derailment = 'other-file-system' | 'no-superblock' | 'counters-went-back' | 'counters-too-high';

/** What a look at a log found: why it is over, or how many entries it has. */
export interface Look {
  readonly derailment?: Derailment;
  readonly end: number;
}

const BLOCK_ENTRIES = 256;

/**
 * One look at the counters of a log of which `known` entries are known. When they changed, the superblock is looked at
 * as well: entries carry no UUID, and those of another file system would pass for this one's.
 */
export function lookForMore(store: Store, superblock: Superblock, known: number): Look {
  const { nextIndex } = readCounters(store);
  if (nextIndex === known) return { end: known };
  const derailment = checkIdentity(store, superblock);
  if (derailment) return { derailment, end: known };
  if (nextIndex < known) return { derailment: 'counters-went-back', end: known };
  if (nextIndex > logCapacity(superblock.logLength)) return { derailment: 'counters-too-high', end: known };
  return { end: nextIndex };
}

/** Whether the superblock is still that of the file system. */
export function checkIdentity(store: Store, { uuid }: Superblock): Derailment | undefined {
  const { superblock, findings } = findSuperblock(store);
  if (findings.some(({ code }) => code === 'sb-magic' || code === 'sb-crc')) return 'no-superblock';
  return superblock.uuid === uuid ? undefined : 'other-file-system';
}

/** How often an entry that is counted is read, its cached lines dropped each time, before it is not there yet. */
const READS = 3;

/** The index of the first entry from `start` on that is not sound, or `end`. Cached lines are dropped first. */
export function soundEnd(store: Store, start: number, end: number): number {
  for (let first = start; first < end; first += BLOCK_ENTRIES) {
    const count = Math.min(BLOCK_ENTRIES, end - first);
    const bytes = readEntries(store, first, count);
    for (let i = 0; i < count; i++) {
      if (isSound(bytes, i * LOG_ENTRY.bytes, first + i) || isSoundAgain(store, first + i)) continue;
      return first + i;
    }
  }
  return end;
}

function isSoundAgain(store: Store, index: number): boolean {
  for (let read = 1; read < READS; read++) if (isSound(readEntries(store, index, 1), 0, index)) return true;
  return false;
}

function isSound(bytes: Buffer, base: number, index: number): boolean {
  const { crc, seqnum } = LOG_ENTRY.fields;
  return crc.verify(bytes, base) === undefined && seqnum.get(bytes, base) === index;
}
