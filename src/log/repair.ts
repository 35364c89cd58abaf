import { isZero } from '../zeros';
import { BLOCK_ENTRIES, readEntries } from './entry-blocks';
import { exactText } from './fields';
import { type Finding, type FindingCode, isError } from './findings';
import { encodeHeader, inspectHeaderBytes } from './header';
import { LOG_ENTRY, LOG_HEADER, LOG_OFFSET, logCapacity } from './layout';
import { overlapsIn } from './overlaps';
import { entryOfIno, Replay } from './replay';
import { type Store, storeDurably } from './store';
import type { Superblock } from './superblock';

const { fields: HEADER } = LOG_HEADER;
const { crc: CRC, seqnum: SEQNUM } = LOG_ENTRY.fields;
/** What is found wrong in a header besides its counters: these are in doubt then, too. */
const CONSTANT_CODES: readonly FindingCode[] = ['log-magic', 'log-crc', 'log-length', 'log-last-index'];
/** What is found wrong with a path that an earlier entry has taken. */
const TAKEN_CODES: readonly FindingCode[] = [
  'path-directory-again',
  'path-directory-over-file',
  'path-duplicate',
  'path-file-over-directory',
];
const COUNTERS_OFFSET = HEADER.nextSeqnum.offset;
const IN_HEX: readonly string[] = ['magic', 'crc'];

/** One field of the log header that is given another value. Offset on the device, and length, in bytes. */
export interface RepairAct {
  readonly field: keyof typeof HEADER;
  readonly offset: number;
  readonly length: number;
  readonly from: string;
  readonly to: string;
  readonly why: string;
}

/** What can be put right in a log header, and what that costs. */
export interface HeaderPlan {
  readonly before: Buffer;
  readonly after: Buffer;
  /** In the order of the fields; none when there is nothing to do. */
  readonly acts: readonly RepairAct[];
  /** Entries that are counted afterwards. */
  readonly count: number;
  /** Entries behind these that may have been counted, hold something and cannot be read. */
  readonly givesUp: number;
  /** Whether no entry is given up and none is counted that readers did not see before. */
  readonly safe: boolean;
  /** Why the header is left as it is although something is wrong with it. */
  readonly doubt?: string;
}

/** The end of a log as its entries tell it: see `endOfLog`. */
interface LogEnd {
  /** Index behind the last entry that can be read. */
  readonly end: number;
  /** Of the entries behind it that were looked at, those that hold something. */
  readonly unreadable: number;
}

/**
 * Plans the repair of the log header of a file system whose superblock is sound. What the header repeats of the
 * superblock is made from that. The counters become the number of entries up to the last one that can be read, as far as
 * either of them counts; all of them when more than the counters is wrong. Counters that agree stand when entries behind
 * them contradict those that they count, or one another: an append that was cut off left these, and their space was given
 * out since. Entries are never changed.
 */
export function planHeader(store: Store, superblock: Superblock): HeaderPlan {
  const { logLength } = superblock;
  store.invalidate(LOG_OFFSET, LOG_HEADER.bytes);
  const before = store.read(LOG_OFFSET, LOG_HEADER.bytes);
  const { counters, findings } = inspectHeaderBytes(before, logLength);
  const nothing = {
    before,
    after: before,
    acts: [],
    count: Math.min(logCapacity(logLength), counters.nextIndex),
    givesUp: 0,
    safe: true,
  };
  if (isOfAnotherLog(before, logLength)) {
    const doubt = `the header is sound for a log of ${exactText(HEADER.length, before, 0)} bytes, and the superblock for one of ${logLength}: one of them is of another file system`;
    return { ...nothing, doubt };
  }
  const lost = findings.some(({ code }) => CONSTANT_CODES.includes(code));
  const capacity = logCapacity(logLength);
  const { nextIndex, nextSeqnum } = counters;
  const claimed = lost ? capacity : Math.min(capacity, Math.max(nextIndex, nextSeqnum));
  const found = endOfLog(store, claimed);
  const least = Math.min(nextIndex, nextSeqnum);
  const left = firstContradiction(store, superblock, least, found.end);
  if (left !== undefined && !lost) {
    return {
      ...nothing,
      doubt: `the counters differ, and entry ${left} between them contradicts an earlier one`,
    };
  }
  const { end, unreadable } =
    left !== undefined && nextIndex === nextSeqnum ? { end: nextIndex, unreadable: 0 } : found;
  const raised = nextIndex < end;
  const hole = raised && !lost ? firstUnsound(store, nextIndex, end) : undefined;
  if (hole !== undefined) {
    return { ...nothing, doubt: `the counters differ, and entry ${hole} between them cannot be read` };
  }
  if (end === nextIndex && !findings.some(isError)) return nothing;
  const after = encodeHeader(logLength, { nextIndex: end, nextSeqnum: end });
  const why = (field: string) => reasonOf(field, { end, unreadable, counted: nextIndex, raised });
  const acts = actsBetween(before, after, why);
  return { before, after, acts, count: end, givesUp: unreadable, safe: unreadable === 0 && !raised };
}

/**
 * Carries a plan out, durably: a kill leaves the former header or the new one, a power cut one of which another plan makes
 * the same. As long as more than the counters is wrong all entries count, so that the counters are stored first.
 */
export function storeHeader(store: Store, { after, before }: HeaderPlan): void {
  if (before.subarray(0, COUNTERS_OFFSET).equals(after.subarray(0, COUNTERS_OFFSET))) {
    storeDurably(store, LOG_OFFSET, after);
    return;
  }
  storeDurably(store, LOG_OFFSET + COUNTERS_OFFSET, after.subarray(COUNTERS_OFFSET));
  storeDurably(store, LOG_OFFSET, after.subarray(0, COUNTERS_OFFSET));
}

/** A header that passes its own checksum and says the same of another log length twice. */
function isOfAnotherLog(header: Buffer, logLength: number): boolean {
  const length = HEADER.length.get(header, 0);
  return (
    HEADER.crc.verify(header, 0) === undefined &&
    length !== logLength &&
    HEADER.lastIndex.get(header, 0) === logCapacity(length) - 1
  );
}

/** Looks at the entries below `claimed` from the last one back, until there is one that passes its checksum. */
function endOfLog(store: Store, claimed: number): LogEnd {
  let unreadable = 0;
  for (let end = claimed; end > 0; ) {
    const count = Math.min(BLOCK_ENTRIES, end);
    const bytes = readEntries(store, end - count, count);
    if (isZero(bytes)) {
      end -= count;
      continue;
    }
    for (let slot = count - 1; slot >= 0; slot--, end--) {
      const base = slot * LOG_ENTRY.bytes;
      if (CRC.verify(bytes, base) !== 'crc') return { end, unreadable };
      if (!isZero(bytes.subarray(base, base + LOG_ENTRY.bytes))) unreadable++;
    }
  }
  return { end: 0, unreadable };
}

/** The index of the first entry from `start` up to `end` that cannot be read, or is not the one it should be. */
function firstUnsound(store: Store, start: number, end: number): number | undefined {
  for (let index = start; index < end; index++) {
    const bytes = readEntries(store, index, 1);
    if (CRC.verify(bytes, 0) !== undefined || SEQNUM.get(bytes, 0) !== index) return index;
  }
  return undefined;
}

/** The index of an entry from `start` up to `end` that takes the space or the path of one before it. */
function firstContradiction(
  store: Store,
  superblock: Superblock,
  start: number,
  end: number,
): number | undefined {
  if (start === 0 || start >= end) return undefined;
  let first: number | undefined;
  const replay = new Replay(store, superblock, ({ code, entry = 0 }: Finding) => {
    if (entry >= start && TAKEN_CODES.includes(code)) first ??= entry;
  });
  replay.to(end);
  for (const { later } of overlapsIn(replay.tree))
    if (entryOfIno(later) >= start) first ??= entryOfIno(later);
  return first;
}

function actsBetween(before: Buffer, after: Buffer, why: (field: string) => string): RepairAct[] {
  return Object.entries(HEADER).flatMap(([name, { length, offset }]) => {
    if (before.subarray(offset, offset + length).equals(after.subarray(offset, offset + length))) return [];
    const field = name as keyof typeof HEADER;
    const from = shown(field, before);
    return [{ field, offset: LOG_OFFSET + offset, length, from, to: shown(field, after), why: why(name) }];
  });
}

function shown(field: keyof typeof HEADER, header: Buffer): string {
  return IN_HEX.includes(field)
    ? `0x${HEADER[field].big(header, 0).toString(16)}`
    : exactText(HEADER[field], header, 0);
}

interface Counted extends LogEnd {
  /** What the next index says. */
  readonly counted: number;
  readonly raised: boolean;
}

function reasonOf(field: string, { counted, end, raised, unreadable }: Counted): string {
  if (field === 'magic') return 'every log begins with it';
  if (field === 'length') return 'is the log length of the superblock';
  if (field === 'lastIndex') return 'follows from the log length';
  if (field === 'crc') return 'is the sum of the bytes before it';
  if (raised) return `${entries(end - counted, counted)} there and whole`;
  if (unreadable > 0) return `behind that no entry can be read; ${unreadable} of them hold something`;
  if (field === 'nextSeqnum' && counted === end) return 'is always the next index';
  return `no entry from ${end} on was ever stored`;
}

function entries(count: number, first: number): string {
  return count === 1 ? `entry ${first} is` : `entries ${first} to ${first + count - 1} are`;
}
