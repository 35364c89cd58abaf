import { LOG_HEADER, LOG_OFFSET } from '../../src/log/layout';
import type { CrashEvent } from './crash-record';
import { LOG_LENGTH } from './crash-recording';

/** A way to do an operation wrongly, made of the recording of one that was done right. */
export interface Defect {
  readonly name: string;
  /** The operation that is done wrongly. */
  readonly of: string;
  /** What the judge must say. */
  readonly found: RegExp;
  edit(events: readonly CrashEvent[]): CrashEvent[];
}

const COUNTERS = LOG_OFFSET + LOG_HEADER.fields.nextSeqnum.offset;

type Part = 'superblock' | 'header' | 'counters' | 'entries' | 'log' | 'data' | 'other';

/** What an event is about. */
function partOf(event: CrashEvent): Part | undefined {
  if (event.kind === 'ack' || event.kind === 'fence') return undefined;
  if (event.device > 0) return event.offset === 0 ? 'other' : 'data';
  if (event.offset < LOG_OFFSET) return 'superblock';
  if (event.offset >= LOG_OFFSET + LOG_LENGTH) return 'data';
  if (event.offset === COUNTERS) return 'counters';
  if (event.offset > LOG_OFFSET) return 'entries';
  const length = event.kind === 'store' ? event.bytes.length : event.length;
  return length === LOG_LENGTH ? 'log' : 'header';
}

/** Leaves out the flushes of a part. */
function withoutFlush(part: Part) {
  return (events: readonly CrashEvent[]) =>
    events.filter((event) => event.kind !== 'flush' || partOf(event) !== part);
}

/** Leaves out all fences between the last event of a part and whatever is stored next, or the end. */
function withoutFenceBehind(part: Part) {
  return (events: readonly CrashEvent[]) => {
    const last = events.findLastIndex((event) => partOf(event) === part);
    const rest = events.slice(last + 1);
    const next = rest.findIndex((event) => partOf(event) !== undefined);
    const upTo = next === -1 ? rest.length : next;
    const kept = rest.filter((event, i) => event.kind !== 'fence' || i >= upTo);
    return [...events.slice(0, last + 1), ...kept];
  };
}

/** Does all of a part, each step with a fence of its own, only before the first, or behind the last, of another one. */
function moved(part: Part, where: 'before' | 'behind', other: Part) {
  return (events: readonly CrashEvent[]) => {
    const steps = events.filter((event) => partOf(event) === part);
    const device = steps[0] && 'device' in steps[0] ? steps[0].device : 0;
    const rest = events.filter((event) => partOf(event) !== part);
    const first = rest.findIndex((event) => partOf(event) === other);
    const last = rest.findLastIndex((event) => partOf(event) === other);
    const fence: CrashEvent = { kind: 'fence', device };
    const at = where === 'before' ? first : last + 1;
    return [...rest.slice(0, at), ...(where === 'behind' ? [fence] : []), ...steps, fence, ...rest.slice(at)];
  };
}

/** The superblock is stored, durably, where it was wiped, before the log is zeroed. */
function superblockFirst(events: readonly CrashEvent[]): CrashEvent[] {
  const zeroing = events.findIndex((event) => partOf(event) === 'log');
  const isSuperblock = (event: CrashEvent) => partOf(event) === 'superblock';
  const rest = events.slice(zeroing);
  const fence: CrashEvent = { kind: 'fence', device: 0 };
  return [
    ...events.slice(0, zeroing),
    ...rest.filter(isSuperblock),
    fence,
    ...rest.filter((event) => !isSuperblock(event)),
  ];
}

/** Of a takeover, the two stores: the owner's UUID first. */
function ownerFirst(events: readonly CrashEvent[]): CrashEvent[] {
  const stores = events.filter(({ kind }) => kind === 'store').reverse();
  return events.map((event) => (event.kind === 'store' ? (stores.shift() as CrashEvent) : event));
}

function withoutWipe(events: readonly CrashEvent[]): CrashEvent[] {
  return events.slice(events.findIndex((event) => partOf(event) === 'log'));
}

const BYTES = /wrong bytes/;
const ENTRY = /entry-crc|entry-seqnum|entry-type|path-/;
const LOST = /is lost/;

/** Ways to go wrong, each of which must be found. */
export const DEFECTS: readonly Defect[] = [
  ...['creat', 'creat --seed', 'creat --multi', 'creat striped', 'cp -r', 'cp over files'].map((of) => ({
    name: 'data are not flushed',
    of,
    found: BYTES,
    edit: withoutFlush('data'),
  })),
  { name: 'no fence behind the data', of: 'cp over files', found: BYTES, edit: withoutFenceBehind('data') },
  { name: 'the entry before the data', of: 'creat', found: BYTES, edit: moved('data', 'behind', 'counters') },
  {
    name: 'the entry before the data',
    of: 'creat --multi',
    found: BYTES,
    edit: moved('data', 'behind', 'counters'),
  },
  { name: 'entries are not flushed', of: 'mkdir', found: ENTRY, edit: withoutFlush('entries') },
  { name: 'entries are not flushed', of: 'cp -r', found: ENTRY, edit: withoutFlush('entries') },
  { name: 'no fence behind the entries', of: 'mkdir', found: ENTRY, edit: withoutFenceBehind('entries') },
  { name: 'no fence behind the entries', of: 'mkdir -p', found: ENTRY, edit: withoutFenceBehind('entries') },
  {
    name: 'the counters before the entries',
    of: 'mkdir',
    found: ENTRY,
    edit: moved('counters', 'before', 'entries'),
  },
  { name: 'the counters are not flushed', of: 'mkdir', found: LOST, edit: withoutFlush('counters') },
  { name: 'the counters are not flushed', of: 'cp -r', found: LOST, edit: withoutFlush('counters') },
  { name: 'no fence behind the counters', of: 'clone', found: LOST, edit: withoutFenceBehind('counters') },
  {
    name: 'the old superblock is not wiped',
    of: 'mkfs --force',
    found: /log-|old0: is lost/,
    edit: withoutWipe,
  },
  {
    name: 'the superblock before the log',
    of: 'mkfs --force',
    found: /log-|nobody made it/,
    edit: superblockFirst,
  },
  { name: 'the log is not flushed', of: 'mkfs --force', found: /old entries/, edit: withoutFlush('log') },
  { name: 'the header is not flushed', of: 'mkfs', found: /log-/, edit: withoutFlush('header') },
  { name: 'the superblock is not flushed', of: 'mkfs', found: /sb-/, edit: withoutFlush('superblock') },
  {
    name: 'no fence behind the superblock',
    of: 'mkfs',
    found: /sb-/,
    edit: withoutFenceBehind('superblock'),
  },
  {
    name: "the other device's superblock is not flushed",
    of: 'device add',
    found: /dev-/,
    edit: withoutFlush('other'),
  },
  {
    name: "the other device's superblock last",
    of: 'device add',
    found: /dev-/,
    edit: moved('other', 'behind', 'counters'),
  },
  {
    name: 'the owner before the checksum',
    of: 'owner --take',
    found: /cannot be taken over again/,
    edit: ownerFirst,
  },
  {
    name: 'the superblock is not flushed',
    of: 'owner --take',
    found: /former owner/,
    edit: withoutFlush('superblock'),
  },
];
