import { FamfsError } from '../errors';
import { encodeEntry, type LogEntry } from './entry';
import type { AppendStep } from './fence';
import { type Counters, storeCounters } from './header';
import { entryOffset, LOG_ENTRY, logCapacity } from './layout';
import { type Store, storeDurably } from './store';

/**
 * Appends entries behind those that `counters` count and returns the new counters. The data of files must have been
 * flushed and fenced before. The entries are stored and made durable first, then the counters: a kill in between
 * leaves bytes behind the end that nobody reads. `check` is called before each of these steps and when they are done,
 * with the counters that must be on the device then; what it throws ends the append.
 * Throws FamfsError `log-full`, and stores nothing, when they do not all fit.
 */
export function appendEntries(
  store: Store,
  logLength: number,
  counters: Counters,
  entries: readonly LogEntry[],
  check: (step: AppendStep, counters: Counters) => void = () => {},
): Counters {
  const room = logCapacity(logLength) - counters.nextIndex;
  if (entries.length > room) throw logFull(store.path, entries.length, room);
  if (entries.length === 0) return counters;
  const bytes = Buffer.alloc(entries.length * LOG_ENTRY.bytes);
  entries.forEach((entry, i) => {
    encodeEntry(entry, counters.nextSeqnum + i, bytes, i * LOG_ENTRY.bytes);
  });
  const offset = entryOffset(counters.nextIndex);
  check('entries', counters);
  storeDurably(store, offset, bytes);
  const raised = {
    nextSeqnum: counters.nextSeqnum + entries.length,
    nextIndex: counters.nextIndex + entries.length,
  };
  check('counters', counters);
  storeCounters(store, raised);
  check('done', raised);
  return raised;
}

/** The error for a log with `room` entries left where `needed` are asked for. */
export function logFull(path: string, needed: number, room: number): FamfsError {
  return new FamfsError(
    'log-full',
    `${path}: the log is full: ${needed} ${needed === 1 ? 'entry is' : 'entries are'} needed, ${room} left`,
    'entries are never freed: copy the data out and make the file system anew with a larger --loglen',
  );
}
