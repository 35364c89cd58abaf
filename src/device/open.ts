import { closeSync, constants, fstatSync, openSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, FamfsError } from '../errors';
import { pathBytes, pathText } from '../path-bytes';
import { ioError } from './checks';
import { DaxDevice } from './dax-device';
import { daxModeOf, wrongMode } from './dax-mode';
import { daxNodeOf, numberIn } from './dax-sysfs';
import type { Device, OpenOptions } from './device';
import { FileDevice } from './file-device';

const SYSFS = '/sys';

/**
 * Opens a devdax character device or a regular file as a device.
 * Throws FamfsError `no-device` or `no-permission`, with the path, when it is neither or cannot be opened,
 * `dax-mode` when it is a DAX device in a mode in which it cannot be mapped, and `device-io` when the system tells nothing
 * of it.
 */
export function openDevice(path: string, options: OpenOptions): Device {
  const fd = open(options.through ?? path, options.writable);
  try {
    return deviceOn(fd, path, options);
  } catch (error) {
    closeSync(fd);
    const isOwn = error instanceof FamfsError || errnoOf(error) === undefined;
    throw isOwn ? error : ioError(path, 'open it', error);
  }
}

function deviceOn(fd: number, path: string, options: OpenOptions): Device {
  const stats = fstatSync(fd);
  const name = () =>
    options.through === undefined ? pathText(realpathSync.native(pathBytes(path), 'buffer')) : path;
  if (stats.isFile()) return new FileDevice(name(), fd, stats.size, options);
  if (stats.isCharacterDevice()) {
    const { align, size } = daxExtent(path, stats);
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
    return openSync(pathBytes(path), access | constants.O_NOCTTY | constants.O_NONBLOCK);
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
    const problem = code === 'ENXIO' ? modeProblem(path) : undefined;
    if (problem) throw problem;
    const detail = code === 'EISDIR' ? `${code}, it is a directory` : code;
    throw new FamfsError('no-device', `${path}: cannot be opened: ${detail}`, undefined, { cause });
  }
}

/** Size and alignment in bytes of an open devdax device, which stat(2) does not tell: sysfs has them. */
function daxExtent(path: string, stats: Stats): { size: number; align: number } {
  const node = daxNodeOf(stats, SYSFS);
  if (!node) {
    throw new FamfsError(
      'no-device',
      `${path}: a character device, but not a devdax one`,
      'ndctl list -X or daxctl list shows the devdax devices of this host',
    );
  }
  if (daxModeOf(node.driver) === 'famfs') throw wrongMode(path, node);
  const size = numberIn(join(node.directory, 'size'));
  const align = numberIn(join(node.directory, 'align'));
  if (!size || !align || size % align !== 0) {
    const shown = `size ${size ?? 'unknown'}, alignment ${align ?? 'unknown'}`;
    throw new FamfsError('no-device', `${path}: ${shown}: not what a devdax device has`);
  }
  return { size, align };
}

/** Why a device cannot be opened, when that is because of its mode: ENXIO without a driver, or with kmem. */
function modeProblem(path: string): FamfsError | undefined {
  const node = daxNodeOf(statSync(path), SYSFS);
  return node && daxModeOf(node.driver) !== 'devdax' ? wrongMode(path, node) : undefined;
}
