import { FamfsError } from '../errors';
import { decode, encode, exactText, verify } from './fields';
import { type Finding, finding } from './findings';
import { LOG_HEADER, LOG_MAGIC, LOG_OFFSET, logCapacity } from './layout';
import { type Store, storeDurably } from './store';
import type { Superblock } from './superblock';

/** The two numbers of the log header that every append raises. */
export interface Counters {
  readonly nextSeqnum: number;
  readonly nextIndex: number;
}

const { nextSeqnum, nextIndex } = LOG_HEADER.fields;
const COUNTERS_OFFSET = LOG_OFFSET + nextSeqnum.offset;
const COUNTERS_BYTES = nextSeqnum.length + nextIndex.length;

/** The 48 bytes of a log header, sealed with its checksum. `length` in bytes, header included. */
export function encodeHeader(length: number, counters: Counters = { nextSeqnum: 0, nextIndex: 0 }): Buffer {
  const bytes = Buffer.alloc(LOG_HEADER.bytes);
  encode(LOG_HEADER, bytes, 0, { magic: LOG_MAGIC, length, lastIndex: logCapacity(length) - 1, ...counters });
  LOG_HEADER.fields.crc.seal(bytes, 0);
  return bytes;
}

/** Reads and checks the log header against the superblock's log length. */
export function inspectHeader(store: Store, logLength: number): { counters: Counters; findings: Finding[] } {
  store.invalidate(LOG_OFFSET, LOG_HEADER.bytes);
  return inspectHeaderBytes(store.read(LOG_OFFSET, LOG_HEADER.bytes), logLength);
}

/** Checks the 48 bytes of a log header against the log's length. */
export function inspectHeaderBytes(
  bytes: Buffer,
  logLength: number,
): { counters: Counters; findings: Finding[] } {
  const findings: Finding[] = [];
  verify(LOG_HEADER, bytes, 0, ({ code, detail }) => findings.push(finding(code, detail)));
  const header = decode(LOG_HEADER, bytes);
  const text = (name: keyof typeof LOG_HEADER.fields) => exactText(LOG_HEADER.fields[name], bytes, 0);
  const wrong = LOG_HEADER.fields.crc.verify(bytes, 0);
  if (wrong)
    findings.push(
      finding('log-crc', wrong === 'crc' ? 'the sum does not match' : 'its upper half is not zero'),
    );
  if (header.length !== logLength) {
    findings.push(finding('log-length', `the header says ${text('length')}, the superblock ${logLength}`));
  }
  const capacity = logCapacity(logLength);
  if (header.lastIndex !== capacity - 1) {
    findings.push(finding('log-last-index', `is ${text('lastIndex')}, must be ${capacity - 1}`));
  }
  if (header.nextIndex > capacity) {
    findings.push(
      finding('log-next-index', `${text('nextIndex')} entries are counted, the log holds ${capacity}`),
    );
  }
  if (header.nextSeqnum !== header.nextIndex) {
    findings.push(
      finding('log-next-seqnum', `is ${text('nextSeqnum')}, the next index is ${text('nextIndex')}`),
    );
  }
  return { counters: { nextSeqnum: header.nextSeqnum, nextIndex: header.nextIndex }, findings };
}

/**
 * Reads the counters of a log, telling what is wrong with its header. Returns how many entries there are to read.
 * Throws FamfsError `bad-log` when the header cannot be told from noise.
 */
export function readLogHeader(
  device: Store & { readonly path: string },
  { logLength }: Pick<Superblock, 'logLength'>,
  onFinding?: (finding: Finding) => void,
): number {
  const { counters, findings } = inspectHeader(device, logLength);
  for (const found of findings) onFinding?.(found);
  const noLog = findings.find((found) => found.code === 'log-magic');
  if (noLog) {
    throw new FamfsError(
      'bad-log',
      `${device.path}: the log cannot be read (${noLog.code}: ${noLog.detail})`,
      'famfs fsck tells all that is wrong',
    );
  }
  return Math.min(counters.nextIndex, logCapacity(logLength));
}

/** Reads the counters alone: the cheap look whether there is something new. */
export function readCounters(store: Store): Counters {
  store.invalidate(COUNTERS_OFFSET, COUNTERS_BYTES);
  const bytes = store.read(COUNTERS_OFFSET, COUNTERS_BYTES);
  return {
    nextSeqnum: nextSeqnum.get(bytes, -nextSeqnum.offset),
    nextIndex: nextIndex.get(bytes, -nextSeqnum.offset),
  };
}

/** Stores the counters and makes them durable: the act by which appended entries begin to exist. */
export function storeCounters(store: Store, counters: Counters): void {
  const bytes = Buffer.alloc(COUNTERS_BYTES);
  nextSeqnum.set(bytes, -nextSeqnum.offset, counters.nextSeqnum);
  nextIndex.set(bytes, -nextSeqnum.offset, counters.nextIndex);
  storeDurably(store, COUNTERS_OFFSET, bytes);
}
