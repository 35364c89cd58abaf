import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { basename } from 'node:path';
import { errnoOf, FamfsError } from '../errors';
import { DaxDevice } from './dax-device';
import type { Device, OpenOptions } from './device';
import { FileDevice } from './file-device';

/**
 * Opens a devdax character device or a regular file as a device.
 * Throws FamfsError `no-device` or `no-permission`, with the path, when it is neither or cannot be opened.
 */
export function openDevice(path: string, options: OpenOptions): Device {
  const fd = open(options.through ?? path, options.writable);
  try {
    return deviceOn(fd, path, options);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function deviceOn(fd: number, path: string, options: OpenOptions): Device {
  const stats = fstatSync(fd);
  const name = () => (options.through === undefined ? realpathSync(path) : path);
  if (stats.isFile()) return new FileDevice(name(), fd, stats.size, options);
  if (stats.isCharacterDevice()) {
    const { align, size } = daxAttributes(path, stats);
    return new DaxDevice(name(), fd, size, options, align);
  }
  throw new FamfsError(
    'no-device',
    `${path}: neither a devdax device nor a regular file`,
    'give a /dev/daxX.Y device or a file; famfs mkfs --create SIZE FILE makes one',
  );
}

function open(path: string, writable: boolean): number {
  // O_NONBLOCK changes nothing for devices and files, and keeps a FIFO given by mistake from blocking for ever.
  const access = writable ? constants.O_RDWR : constants.O_RDONLY;
  try {
    return openSync(path, access | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = errnoOf(cause);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
      const hint = 'run as root, or have yourself given access to the device';
      throw new FamfsError(
        'no-permission',
        `${path}: not allowed to open it for ${writable ? 'writing' : 'reading'}`,
        hint,
        { cause },
      );
    }
    if (code === 'ENOENT')
      throw new FamfsError('no-device', `${path}: no such device or file`, undefined, { cause });
    const detail = code === 'EISDIR' ? `${code}, it is a directory` : code;
    throw new FamfsError('no-device', `${path}: cannot be opened: ${detail}`, undefined, { cause });
  }
}

/** Size and alignment in bytes of an open devdax device, which stat(2) does not tell: sysfs has them. */
function daxAttributes(path: string, stats: Stats): { size: number; align: number } {
  const major = Math.floor(stats.rdev / 256) & 0xfff;
  const minor = (stats.rdev & 0xff) + (Math.floor(stats.rdev / 2 ** 20) & 0xfff) * 256;
  const sysfs = `/sys/dev/char/${major}:${minor}`;
  if (readSubsystem(sysfs) !== 'dax') {
    throw new FamfsError(
      'no-device',
      `${path}: a character device, but not a devdax one`,
      'ndctl list -X or daxctl list shows the devdax devices of this host',
    );
  }
  const size = readNumber(`${sysfs}/size`);
  const align = readNumber(`${sysfs}/align`);
  if (align <= 0 || size % align !== 0) {
    throw new FamfsError('no-device', `${path}: size ${size} is no multiple of its alignment ${align}`);
  }
  return { size, align };
}

function readSubsystem(sysfs: string): string | undefined {
  try {
    return basename(readlinkSync(`${sysfs}/subsystem`));
  } catch {
    return undefined;
  }
}

function readNumber(path: string): number {
  const value = Number(readFileSync(path, 'utf8').trim());
  if (!Number.isSafeInteger(value)) throw new FamfsError('no-device', `${path}: not a number`);
  return value;
}
