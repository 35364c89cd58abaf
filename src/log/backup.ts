import { decode, encode } from './fields';
import { isError } from './findings';
import {
  BACKUP_HEADER,
  BACKUP_LOG_OFFSET,
  BACKUP_MAGIC,
  BACKUP_SUPERBLOCK_OFFSET,
  BACKUP_VERSION,
  LOG_HEADER,
  LOG_OFFSET,
  SUPERBLOCK,
} from './layout';
import { type Store, storeDurably } from './store';
import { findSuperblock, inspectSuperblock, type Superblock } from './superblock';

/** What a backup says of itself. */
export interface BackupHeader {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly time: number;
  readonly uuid: string;
  readonly deviceUuid: string;
  /** Bytes. */
  readonly logLength: number;
  /** CRC-32 of all that follows from BACKUP_SUPERBLOCK_OFFSET on. */
  readonly sum: number;
}

/** The bytes of a backup up to its log that begin with `header` and hold `superblock`. */
export function encodeBackupHeader(header: BackupHeader, superblock: Buffer): Buffer {
  const bytes = Buffer.alloc(BACKUP_LOG_OFFSET);
  encode(BACKUP_HEADER, bytes, 0, { magic: BACKUP_MAGIC, version: BACKUP_VERSION, ...header });
  BACKUP_HEADER.fields.crc.seal(bytes, 0);
  superblock.copy(bytes, BACKUP_SUPERBLOCK_OFFSET, 0, SUPERBLOCK.bytes);
  return bytes;
}

/** Bytes of a backup of a log of `logLength` bytes. */
export function backupSize(logLength: number): number {
  return BACKUP_LOG_OFFSET + logLength;
}

/** A backup that is what it says, but for the sum of its contents. */
export interface DecodedBackup {
  readonly header: BackupHeader;
  /** The 200 bytes of the superblock, and what they say. */
  readonly bytes: Buffer;
  readonly superblock: Superblock;
}

/**
 * Reads the first bytes of a backup, up to its log, whose file has `size` bytes. Returns in words why it is none, or
 * none that can be relied on.
 */
export function decodeBackup(start: Buffer, size: number): DecodedBackup | string {
  const { crc, magic, version } = BACKUP_HEADER.fields;
  if (start.length < BACKUP_LOG_OFFSET || magic.get(start, 0) !== BACKUP_MAGIC) {
    return 'not a backup of superblock and log';
  }
  if (version.get(start, 0) !== BACKUP_VERSION) {
    return `a backup of version ${version.big(start, 0)}, and only version ${BACKUP_VERSION} is known here`;
  }
  if (crc.verify(start, 0) !== undefined) return 'its header does not match its checksum';
  const header = decode(BACKUP_HEADER, start);
  const bytes = Buffer.from(
    start.subarray(BACKUP_SUPERBLOCK_OFFSET, BACKUP_SUPERBLOCK_OFFSET + SUPERBLOCK.bytes),
  );
  const { findings, superblock } = inspectSuperblock(bytes, Number.MAX_SAFE_INTEGER);
  const bad = findings.find(isError);
  if (bad) return `the superblock in it is damaged (${bad.code}: ${bad.detail})`;
  const { deviceUuid, logLength, uuid } = superblock;
  if (uuid !== header.uuid || deviceUuid !== header.deviceUuid || logLength !== header.logLength) {
    return 'its header and the superblock in it differ';
  }
  if (size !== backupSize(logLength)) {
    return `it has ${size} bytes, and must have ${backupSize(logLength)}`;
  }
  return { header, bytes, superblock };
}

/** A backup as putBack needs it. */
export interface SavedLog {
  readonly superblock: Superblock;
  /** The 200 bytes of the superblock. */
  readonly superblockBytes: Buffer;
  /** The log, a piece after the other. `offset` counts from its beginning; its header is in the first one. */
  pieces(): Iterable<{ readonly offset: number; readonly bytes: Buffer }>;
}

/** In words, how the file system on a device is not the one that was saved; undefined when it is. */
export function differenceOf(there: Superblock, saved: Superblock): string | undefined {
  if (there.uuid !== saved.uuid) {
    return `holds the file system ${there.uuid}, the backup is of ${saved.uuid}`;
  }
  if (there.deviceUuid !== saved.deviceUuid) {
    return `is the device ${there.deviceUuid}, the backup is of ${saved.deviceUuid}`;
  }
  return undefined;
}

/**
 * Puts back what was saved: the entries, then the log header, then the superblock, each durable before the next, and
 * nothing that is there already. Where another superblock is there, or none, it is wiped first: log entries do not tell
 * whose they are. Returns how many bytes were stored.
 */
export function putBack(store: Store, saved: SavedLog): number {
  const { findings, superblock } = findSuperblock(store);
  if (findings.some(isError) || differenceOf(superblock, saved.superblock) !== undefined) {
    storeDurably(store, 0, Buffer.alloc(SUPERBLOCK.bytes));
  }
  let stored = 0;
  let header = Buffer.alloc(0);
  for (const { bytes, offset } of saved.pieces()) {
    const skipped = offset === 0 ? LOG_HEADER.bytes : 0;
    if (offset === 0) header = Buffer.from(bytes.subarray(0, skipped));
    const at = LOG_OFFSET + offset + skipped;
    const entries = bytes.subarray(skipped);
    if (isThere(store, at, entries)) continue;
    store.store(at, entries);
    store.flush(at, entries.length);
    stored += entries.length;
  }
  store.fence();
  for (const [at, bytes] of [
    [LOG_OFFSET, header],
    [0, saved.superblockBytes],
  ] as const) {
    if (isThere(store, at, bytes)) continue;
    storeDurably(store, at, bytes);
    stored += bytes.length;
  }
  return stored;
}

function isThere(store: Store, offset: number, bytes: Buffer): boolean {
  store.invalidate(offset, bytes.length);
  return store.read(offset, bytes.length).equals(bytes);
}
