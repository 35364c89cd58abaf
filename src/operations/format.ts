import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { ensureSystemUuid } from '../device/system-uuid';
import { errnoOf, FamfsError } from '../errors';
import { appendEntries } from '../log/append';
import { encodeHeader } from '../log/header';
import {
  DEFAULT_ALLOC_UNIT,
  DEFAULT_LOG_LENGTH,
  LOG_OFFSET,
  logCapacity,
  MAX_LOG_LENGTH,
  MIN_DEVICE_SIZE,
  MIN_LOG_LENGTH,
  SUPERBLOCK,
} from '../log/layout';
import { storeDurably } from '../log/store';
import { decodeSuperblock, encodeSuperblock } from '../log/superblock';
import { isPowerOfTwo } from '../numbers';
import { type DaxModeOptions, type SwitchedMode, withDaxMode } from './dax-mode';
import { checkNotMounted } from './mounts';
import { lockDevice, type WriteOptions } from './owner-session';
import { type AddedDevice, checkNotFamfs, entryOf, NewSecondaries } from './secondaries';

export interface FormatOptions extends WriteOptions, DaxModeOptions {
  /** Bytes; a power of two from 8 MiB to 16 GiB. */
  readonly logLength?: number;
  /** Make over an existing file system, whoever owns it. */
  readonly force?: boolean;
  /** Accept a device below 4 GiB, which the reference does not read. */
  readonly small?: boolean;
  /** Make new sparse files of this many bytes first. */
  readonly create?: number;
  /** Devices that hold files beside the primary one. */
  readonly secondaries?: readonly string[];
}

export interface FormatResult extends SwitchedMode {
  readonly device: string;
  readonly uuid: string;
  readonly ownerUuid: string;
  readonly deviceBytes: number;
  readonly logBytes: number;
  readonly logEntries: number;
  readonly allocUnitBytes: number;
  readonly secondaries: readonly AddedDevice[];
}

export interface KillResult extends SwitchedMode {
  readonly device: string;
}

/**
 * Makes an empty famfs. The old superblock goes first, then the whole log is zeroed and made durable, then the header,
 * the superblocks of secondary devices and their entries, and last the superblock: entries carry no file system UUID,
 * so a stale one would pass for real.
 */
export async function format(path: string, options: FormatOptions = {}): Promise<FormatResult> {
  const logLength = options.logLength ?? DEFAULT_LOG_LENGTH;
  if (!isPowerOfTwo(logLength) || logLength < MIN_LOG_LENGTH || logLength > MAX_LOG_LENGTH) {
    throw new FamfsError(
      'usage',
      `log length ${logLength}: must be a power of two from 8 MiB to 16 GiB`,
      'for example --loglen 64M',
    );
  }
  const created: string[] = [];
  try {
    if (options.create !== undefined) {
      for (const file of [path, ...(options.secondaries ?? [])]) {
        createSparse(file, options.create);
        created.push(file);
      }
    }
    return await onLockedDevice(path, options, (device) => {
      checkSize(device, logLength, options);
      checkReplaceable(device, options);
      const secondaries = new NewSecondaries(device, options);
      try {
        secondaries.open(options.secondaries ?? []);
        return writeFileSystem(device, logLength, secondaries);
      } finally {
        secondaries.close();
      }
    });
  } catch (error) {
    for (const file of created) rmSync(file, { force: true });
    throw error;
  }
}

/** Wipes the superblock, so that there is no file system any more. The data stays where it was. */
export async function kill(path: string, options: FormatOptions): Promise<KillResult> {
  if (!options.force) {
    throw new FamfsError(
      'usage',
      `${path}: --kill ends the file system and everything in it`,
      'add --force if that is meant',
    );
  }
  return onLockedDevice(path, options, (device) => {
    wipeSuperblock(device);
    return { device: device.path };
  });
}

function onLockedDevice<T extends object>(
  path: string,
  options: FormatOptions,
  work: (device: Device) => T,
): Promise<T & SwitchedMode> {
  return withDaxMode(path, options, () => whileLocked(path, options, work));
}

async function whileLocked<T>(path: string, options: FormatOptions, work: (device: Device) => T): Promise<T> {
  const device = openDevice(path, { writable: true, noSync: options.noSync ?? false });
  try {
    checkNotMounted(path, device.path);
    await lockDevice(device, options);
    checkNotMounted(path, device.path);
    return work(device);
  } finally {
    device.close();
  }
}

function createSparse(path: string, bytes: number): void {
  try {
    const fd = openSync(path, 'wx', 0o644);
    try {
      ftruncateSync(fd, bytes);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EEXIST') {
      throw new FamfsError(
        'exists',
        `${path}: exists already`,
        'leave out --create to use it, or name another file',
        { cause },
      );
    }
    throw new FamfsError('no-device', `${path}: cannot be created: ${code}`, undefined, { cause });
  }
}

function checkSize(device: Device, logLength: number, options: FormatOptions): void {
  if (device.size < MIN_DEVICE_SIZE && !options.small) {
    throw new FamfsError(
      'device-too-small',
      `${device.path}: ${device.size} bytes; famfs wants 4 GiB or more`,
      'use a larger device, or --small if no other implementation has to read it',
    );
  }
  const least = LOG_OFFSET + logLength + DEFAULT_ALLOC_UNIT;
  if (device.size < least) {
    throw new FamfsError(
      'device-too-small',
      `${device.path}: ${device.size} bytes do not hold a log of ${logLength} bytes and one file (${least} bytes)`,
      logLength > MIN_LOG_LENGTH ? 'choose a smaller --loglen or a larger device' : 'choose a larger device',
    );
  }
}

function checkReplaceable(device: Device, options: FormatOptions): void {
  if (options.force) return;
  checkNotFamfs(device);
}

function writeFileSystem(device: Device, logLength: number, secondaries: NewSecondaries): FormatResult {
  const ownerUuid = ensureSystemUuid();
  const uuid = crypto.randomUUID();
  wipeSuperblock(device);
  device.zero(LOG_OFFSET, logLength);
  device.flush(LOG_OFFSET, logLength);
  device.fence();
  storeDurably(device, LOG_OFFSET, encodeHeader(logLength));
  const superblock = encodeSuperblock({
    logLength,
    allocUnit: DEFAULT_ALLOC_UNIT,
    uuid,
    deviceUuid: crypto.randomUUID(),
    ownerUuid,
    flags: 0,
    primarySize: device.size,
    primaryName: device.path,
  });
  const added = secondaries.write(decodeSuperblock(superblock), 1);
  appendEntries(device, logLength, { nextSeqnum: 0, nextIndex: 0 }, added.map(entryOf));
  storeDurably(device, 0, superblock);
  return {
    device: device.path,
    uuid,
    ownerUuid,
    deviceBytes: device.size,
    logBytes: logLength,
    logEntries: logCapacity(logLength),
    allocUnitBytes: DEFAULT_ALLOC_UNIT,
    secondaries: added,
  };
}

function wipeSuperblock(device: Device): void {
  storeDurably(device, 0, Buffer.alloc(SUPERBLOCK.bytes));
}
