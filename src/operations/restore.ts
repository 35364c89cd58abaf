import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { FamfsError } from '../errors';
import { differenceOf, putBack } from '../log/backup';
import { isError } from '../log/findings';
import { inspectHeaderBytes, readCounters } from '../log/header';
import { LOG_OFFSET, logCapacity } from '../log/layout';
import { findSuperblock } from '../log/superblock';
import { OpenBackup } from './backup-file';
import { checkNotMounted, unmountedDevice } from './mounts';
import { checkOwner, lockDevice, type WriteOptions } from './owner-session';

/** What a restore is to do. */
export interface RestorePlan {
  readonly device: string;
  readonly backup: string;
  /** Of the file system. */
  readonly uuid: string;
  /** When the backup was made, as ISO 8601 has it. */
  readonly time: string;
  /** Entries that the log counts now; unknown where superblock or log header are damaged. */
  readonly entriesBefore?: number;
  /** Entries that the backup's log counts. */
  readonly entries: number;
}

/** What a restore did. */
export interface RestoreResult extends RestorePlan {
  /** Bytes of superblock and log that lie in pieces which were not as in the backup, and were stored. */
  readonly bytesStored: number;
}

export interface RestoreOptions extends Pick<WriteOptions, 'onWait' | 'lockTimeout' | 'signal' | 'noSync'> {
  /** Restore to a device whose superblock is lost or is that of another file system. */
  readonly force?: boolean;
  /** Is told of what would be done, and asked whether to do it, while the device is locked. */
  readonly confirm: (plan: RestorePlan) => Promise<boolean>;
}

/**
 * Puts superblock and log of a backup back on the device that they came from: the log's entries first, then its header,
 * then the superblock, each durable before the next. What is there already is not stored. A kill on the way leaves the
 * former superblock, and a log that another restore makes whole.
 * Throws FamfsError `bad-backup`, `other-backup`, `device-mounted`, `not-owner`, `device-too-small`, `declined`, and what
 * opening and locking a device throws.
 */
export async function restore(file: string, path: string, options: RestoreOptions): Promise<RestoreResult> {
  const target = unmountedDevice(path);
  const backup = OpenBackup.open(file);
  try {
    const device = openDevice(target, { writable: true, noSync: options.noSync ?? false });
    try {
      await lockDevice(device, options);
      checkNotMounted(path, device.path);
      checkFits(device, backup, file, options.force ?? false);
      const plan = planOf(device, backup, file);
      if (!(await options.confirm(plan))) {
        throw new FamfsError('declined', `${path}: not restored`, 'answer y, or add --yes');
      }
      if (options.signal?.aborted) {
        throw new FamfsError('interrupted', `${path}: interrupted; nothing was restored`);
      }
      return { ...plan, bytesStored: putBack(device, backup) };
    } finally {
      device.close();
    }
  } finally {
    backup.close();
  }
}

/** Checks that the backup is of the file system on this device, that this host owns both, and that the log fits. */
function checkFits(device: Device, { superblock: saved }: OpenBackup, file: string, force: boolean): void {
  const { findings, superblock } = findSuperblock(device);
  const bad = findings.find(isError);
  if (!bad) checkOwner(device.path, superblock);
  checkOwner(file, saved);
  const problem = bad
    ? `its superblock is damaged (${bad.code}: ${bad.detail}), so it cannot be told whether the backup is its own`
    : differenceOf(superblock, saved);
  if (problem !== undefined && !force) {
    throw new FamfsError(
      'other-backup',
      `${device.path}: ${problem}`,
      'add --force if it is meant all the same',
    );
  }
  const least = LOG_OFFSET + saved.logLength;
  if (device.size < least) {
    throw new FamfsError(
      'device-too-small',
      `${device.path}: ${device.size} bytes; superblock and log of the backup take ${least}`,
    );
  }
}

function planOf(device: Device, backup: OpenBackup, file: string): RestorePlan {
  const { header, superblock } = backup;
  const sound = !findSuperblock(device).findings.some(isError);
  const counted = sound ? readCounters(device).nextIndex : Number.POSITIVE_INFINITY;
  const [first] = backup.pieces();
  const saved = first ? inspectHeaderBytes(first.bytes, superblock.logLength).counters.nextIndex : 0;
  const capacity = logCapacity(superblock.logLength);
  return {
    device: device.path,
    backup: file,
    uuid: header.uuid,
    time: new Date(header.time).toISOString(),
    ...(counted <= capacity ? { entriesBefore: counted } : {}),
    entries: Math.min(saved, capacity),
  };
}
