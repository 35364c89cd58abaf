import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import type { Device } from '../device/device';
import { errnoOf, FamfsError } from '../errors';
import {
  type BackupHeader,
  backupSize,
  type DecodedBackup,
  decodeBackup,
  encodeBackupHeader,
} from '../log/backup';
import { BACKUP_LOG_OFFSET, BACKUP_SUPERBLOCK_OFFSET, LOG_OFFSET } from '../log/layout';
import type { Superblock } from '../log/superblock';
import { pathBytes } from '../path-bytes';
import { readFully } from '../read-fully';
import { isZero } from '../zeros';
import { writeWhole } from './write-whole';

/** Pieces are multiples of a page, so that one of zeros can be a hole. */
const PIECE_BYTES = 2 ** 16;
const OWNER_ONLY = 0o600;

const writeAt = promisify(write);

/** Throws FamfsError `exists` for a path that is taken: a backup never takes the place of anything. */
export function checkUnused(path: string): void {
  try {
    lstatSync(pathBytes(path));
  } catch {
    return; // what else is wrong with it, the system says when the file is made
  }
  throw new FamfsError('exists', `${path}: exists already`, 'name another file for the backup');
}

/**
 * Saves a superblock and the whole log of a device in a new file, durably. Runs of zeros become holes. Nothing, or a
 * file `.famfs-partial-...` after a kill, is there of one that is not whole.
 * Throws FamfsError `exists` for a name that is taken and `backup-failed` when it cannot be written.
 */
export async function saveBackup(
  path: string,
  device: Device,
  bytes: Buffer,
  superblock: Superblock,
): Promise<void> {
  const { deviceUuid, logLength, uuid } = superblock;
  try {
    await writeWhole(pathBytes(path), { mode: OWNER_ONLY, replace: false, durable: true }, async (fd) => {
      ftruncateSync(fd, backupSize(logLength));
      const header = { time: Date.now(), uuid, deviceUuid, logLength, sum: 0 };
      const start = encodeBackupHeader(header, bytes);
      let sum = crc32(start.subarray(BACKUP_SUPERBLOCK_OFFSET));
      for (let at = 0; at < logLength; at += PIECE_BYTES) {
        const piece = device.read(LOG_OFFSET + at, Math.min(PIECE_BYTES, logLength - at));
        sum = crc32(piece, sum);
        if (!isZero(piece)) await writeAll(fd, piece, BACKUP_LOG_OFFSET + at);
      }
      await writeAll(fd, encodeBackupHeader({ ...header, sum }, bytes), 0);
    });
  } catch (cause) {
    const errno = errnoOf(cause);
    if (cause instanceof FamfsError || errno === undefined) throw cause;
    if (errno === 'EEXIST') checkUnused(path);
    const hint = 'name another place with --backup; without a backup nothing is changed';
    throw new FamfsError('backup-failed', `${path}: cannot be written: ${errno}`, hint, { cause });
  }
}

/** A backup whose checksums are right, open for reading. */
export class OpenBackup {
  private constructor(
    private readonly fd: number,
    private readonly path: string,
    private readonly decoded: DecodedBackup,
  ) {}

  /** Throws FamfsError `bad-backup` for what is none, or is damaged. */
  static open(path: string): OpenBackup {
    const fd = openForReading(path);
    try {
      const { size } = fstatSync(fd);
      const start = Buffer.alloc(Math.min(size, BACKUP_LOG_OFFSET));
      readFully(fd, start, 0);
      const decoded = decodeBackup(start, size);
      if (typeof decoded === 'string') throw badBackup(path, decoded);
      const backup = new OpenBackup(fd, path, decoded);
      backup.#checkSum(start);
      return backup;
    } catch (error) {
      closeSync(fd);
      if (errnoOf(error) === undefined || error instanceof FamfsError) throw error;
      throw badBackup(path, `cannot be read: ${errnoOf(error)}`);
    }
  }

  get header(): BackupHeader {
    return this.decoded.header;
  }

  get superblock(): Superblock {
    return this.decoded.superblock;
  }

  /** The 200 bytes of the superblock. */
  get superblockBytes(): Buffer {
    return this.decoded.bytes;
  }

  /** The log, a piece after the other. `offset` counts from its beginning. Throws FamfsError `bad-backup`. */
  *pieces(): Generator<{ readonly offset: number; readonly bytes: Buffer }> {
    const { logLength } = this.superblock;
    for (let offset = 0; offset < logLength; offset += PIECE_BYTES) {
      const bytes = Buffer.alloc(Math.min(PIECE_BYTES, logLength - offset));
      if (readFully(this.fd, bytes, BACKUP_LOG_OFFSET + offset) !== bytes.length) {
        throw badBackup(this.path, 'became shorter while it was read');
      }
      yield { offset, bytes };
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #checkSum(start: Buffer): void {
    let sum = crc32(start.subarray(BACKUP_SUPERBLOCK_OFFSET));
    for (const { bytes } of this.pieces()) sum = crc32(bytes, sum);
    if (sum !== this.header.sum) throw badBackup(this.path, 'its contents do not match their checksum');
  }
}

function badBackup(path: string, what: string): FamfsError {
  return new FamfsError('bad-backup', `${path}: ${what}`, 'give a file that famfs fsck --repair made, whole');
}

function openForReading(path: string): number {
  try {
    // O_NONBLOCK keeps a FIFO given by mistake from blocking for ever.
    return openSync(pathBytes(path), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const errno = errnoOf(cause);
    const code = errno === 'EACCES' ? 'no-permission' : 'bad-backup';
    throw new FamfsError(code, `${path}: cannot be opened: ${errno}`, undefined, { cause });
  }
}

async function writeAll(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await writeAt(fd, bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
