import { setTimeout as sleep } from 'node:timers/promises';
import { FamfsError } from '../errors';
import type { Verdict } from '../log/check-entry';
import { decodeEntry, type LogEntry } from '../log/entry';
import type { Finding } from '../log/findings';
import { readCounters, readLogHeader } from '../log/header';
import { LOG_ENTRY, logCapacity } from '../log/layout';
import { printable } from '../log/paths';
import { Replay } from '../log/replay';
import type { FileMap } from '../types';
import { type OpenTarget, openTarget } from './view';

/** The file system that a log belongs to, and how full the log is. Sizes in bytes. */
export interface LogDumpHeader {
  readonly device: string;
  readonly mountedOn?: string;
  readonly uuid: string;
  readonly ownerUuid: string;
  readonly logBytes: number;
  readonly unitBytes: number;
  readonly capacity: number;
  /** Entries that the counters tell of, as far as the log can hold them. */
  readonly entries: number;
  readonly nextSeqnum: number;
  /** What is wrong with the log's header. */
  readonly findings: readonly Finding[];
}

/** An entry of a log. What a damaged one holds is left out where it cannot be relied on. */
export interface DumpedEntry {
  readonly index: number;
  /** `unlinked`: sound in itself, but its path has no place in the tree. */
  readonly state: 'sound' | 'unlinked' | 'damaged';
  readonly type: 'file' | 'mkdir' | 'add-daxdev' | 'unknown';
  /** In printable form. */
  readonly path?: string;
  /** Bytes: of a file, or of the added device. */
  readonly size?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly flags?: number;
  readonly map?: FileMap;
  readonly devindex?: number;
  readonly deviceUuid?: string;
  readonly findings?: readonly Finding[];
  /** The entry's bytes in hexadecimal. */
  readonly raw?: string;
}

/** A whole log as one document. */
export interface LogDumpResult {
  readonly header: LogDumpHeader;
  readonly entries: readonly DumpedEntry[];
}

export interface LogDumpOptions {
  /** Index of the first entry that is wanted. */
  readonly from?: number;
  /** Index of the last one that is wanted. */
  readonly to?: number;
  /** With the bytes of damaged entries. */
  readonly raw?: boolean;
}

/** Entries replayed before they are handed out. */
const STRIDE = 4096;
const POLL_MS = 200;
/** Looks that find the same entry bad before it counts as damage and not as a store on its way. */
const LOOKS_AT_BAD_ENTRY = 3;

/** The entries of a log one after another, judged as `famfs fsck` does. Memory grows by the names and extents alone. */
export class LogDump {
  readonly header: LogDumpHeader;
  readonly #target: OpenTarget;
  readonly #replay: Replay;
  readonly #from: number;
  readonly #end: number;
  #findings: Finding[] = [];
  #ready: DumpedEntry[] = [];

  /** Opens a log by a device, a mount point or a path in a mount. Throws what View.open throws. */
  constructor(
    path: string,
    private readonly options: LogDumpOptions = {},
  ) {
    this.#target = openTarget(path);
    const { device, superblock } = this.#target;
    this.#from = options.from ?? 0;
    this.#end = options.to === undefined ? Number.POSITIVE_INFINITY : options.to + 1;
    const note = (found: Finding) => void this.#findings.push(found);
    this.#replay = new Replay(device, superblock, note, this.#take);
    try {
      this.header = this.#readHeader();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The entries that the counters told of when the log was opened. Ends early when `signal` is aborted. */
  *entries(signal?: AbortSignal): Generator<DumpedEntry> {
    const end = Math.min(this.header.entries, this.#end);
    for (let at = 0; at < end && !signal?.aborted; ) {
      at = Math.min(end, at + STRIDE);
      this.#replay.to(at);
      yield* this.#drain();
    }
  }

  /**
   * Entries appended since, in groups, as they come. Ends when `signal` is aborted or the last wanted entry was seen.
   * Throws FamfsError `bad-log` when the log cannot be followed any more.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<DumpedEntry[]> {
    let looksAtBad = 0;
    while (!signal.aborted && this.#replay.counts.entries < this.#end) {
      const known = this.#replay.counts.entries;
      const derailment = this.#replay.catchUp();
      if (derailment) throw this.#invalid(derailment);
      const ready = this.#drain();
      if (ready.length > 0) yield ready;
      const waiting = this.#replay.counts.entries < readCounters(this.#target.device).nextIndex;
      looksAtBad = waiting && this.#replay.counts.entries === known ? looksAtBad + 1 : 0;
      if (looksAtBad === LOOKS_AT_BAD_ENTRY) throw this.#invalid(`bad-entry, entry ${known}`);
      await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    }
  }

  close(): void {
    this.#target.device.close();
  }

  #readHeader(): LogDumpHeader {
    const { device, mount, superblock } = this.#target;
    const entries = readLogHeader(device, superblock, (found) => this.#findings.push(found));
    const { nextSeqnum } = readCounters(device);
    const findings = this.#findings;
    this.#findings = [];
    return {
      device: device.path,
      ...(mount ? { mountedOn: mount.directory } : {}),
      uuid: superblock.uuid,
      ownerUuid: superblock.ownerUuid,
      logBytes: superblock.logLength,
      unitBytes: superblock.allocUnit,
      capacity: logCapacity(superblock.logLength),
      entries,
      nextSeqnum: Math.min(nextSeqnum, Number.MAX_SAFE_INTEGER),
      findings,
    };
  }

  #drain(): DumpedEntry[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  readonly #take = (verdict: Verdict, bytes: Buffer, base: number, index: number): void => {
    const findings = this.#findings;
    if (findings.length > 0) this.#findings = [];
    if (index < this.#from || index >= this.#end) return;
    const sound = verdict === 'file' || verdict === 'mkdir' || verdict === 'add-daxdev';
    const unlinked = sound && findings.some(({ severity }) => severity === 'error');
    const raw = this.options.raw && !sound;
    this.#ready.push({
      index,
      state: unlinked ? 'unlinked' : sound ? 'sound' : 'damaged',
      ...(sound ? contents(decodeEntry(bytes, base)) : remains(verdict, bytes, base, findings)),
      ...(findings.length > 0 ? { findings } : {}),
      ...(raw ? { raw: bytes.toString('hex', base, base + LOG_ENTRY.bytes) } : {}),
    });
  };

  #invalid(reason: string): FamfsError {
    return new FamfsError(
      'bad-log',
      `${this.#target.device.path}: the log turned invalid (${reason}): nothing after entry ${this.#replay.counts.entries - 1} is shown`,
      'famfs fsck tells more',
    );
  }
}

function contents(entry: LogEntry): Omit<DumpedEntry, 'index' | 'state'> {
  if (entry.type === 'add-daxdev') {
    const { type, size, index: devindex, deviceUuid } = entry;
    return { type, size, devindex, deviceUuid };
  }
  return { ...entry, path: printable(entry.path) };
}

/** What can be said of a damaged entry: its type and path where the sum is right. Its findings tell its numbers. */
function remains(
  verdict: Verdict,
  bytes: Buffer,
  base: number,
  findings: readonly Finding[],
): Omit<DumpedEntry, 'index' | 'state'> {
  if (verdict === 'corrupt') return { type: 'unknown' };
  const type = (['file', 'mkdir'] as const)[LOG_ENTRY.fields.type.get(bytes, base)] ?? 'add-daxdev';
  const path = findings[0]?.path;
  return { type, ...(path === undefined ? {} : { path }) };
}
