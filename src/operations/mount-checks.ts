import { accessSync, closeSync, constants, openSync, realpathSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { DeviceScan } from '../log/device-scan';
import { readLogHeader } from '../log/header';
import { MAX_LOG_LENGTH } from '../log/layout';
import { loadSuperblock, type Superblock } from '../log/superblock';
import { leadsBelow } from '../members/below';
import { Members } from '../members/members';
import { type MemberProblem, memberError } from '../members/search';
import { directoryId } from '../server-contract';
import { mountAt } from './mounts';

/** What can be known to be wrong before a server is started, for errors that name it. */

/** A directory to mount on: its real path, and which one it is. */
export interface MountPoint {
  readonly directory: string;
  readonly id: string;
}

/**
 * Checks a directory to mount on. What is in it is hidden while something is mounted there, as with any mount. Throws
 * FamfsError `mount-failed`, `already-mounted` or `no-permission`.
 */
export function checkDirectory(path: string): MountPoint {
  const { directory, stats } = look(path);
  if (!stats.isDirectory()) throw new FamfsError('mount-failed', `${path}: not a directory`);
  const there = mountAt(directory);
  if (there) throw new FamfsError('already-mounted', `${path}: ${there.device} is mounted there`);
  if (process.geteuid?.() !== 0) checkWritable(path, directory);
  return { directory, id: directoryId(stats) };
}

function look(path: string): { directory: string; stats: Stats } {
  try {
    const directory = realpathSync(path);
    return { directory, stats: statSync(directory) };
  } catch (cause) {
    if (errnoOf(cause) === 'ENOTCONN') {
      const hint = `umount ${path} first`;
      throw new FamfsError('already-mounted', `${path}: the server of a former mount died`, hint, { cause });
    }
    throw new FamfsError(
      'mount-failed',
      `${path}: cannot be mounted on: ${errnoOf(cause)}`,
      'the directory must exist',
      { cause },
    );
  }
}

function checkWritable(path: string, directory: string): void {
  try {
    accessSync(directory, constants.W_OK);
  } catch (cause) {
    throw new FamfsError(
      'no-permission',
      `${path}: not allowed to mount on it`,
      'users may mount on directories that they may write to, root on any',
      { cause },
    );
  }
}

/** Where the devices of a file system are, and which of them cannot be used. */
export interface CheckedDevices {
  /** The primary's real path. */
  readonly device: string;
  /** Paths where secondary devices are to be looked for: where they are, then where they were said to be. */
  readonly devices: readonly string[];
  readonly absent: readonly MemberProblem[];
}

/** How devices are checked: `devices` are paths where secondary ones are looked for first. */
export interface DeviceChecks {
  readonly devices?: readonly string[] | undefined;
  readonly readOnly?: boolean | undefined;
  /** Take a file system some of whose secondary devices cannot be used. */
  readonly degraded?: boolean | undefined;
}

/**
 * Opens the primary device and all that its log names once.
 * Throws `usage` for one that a mount on `directory`, a real path, would hide, what opening it does, `not-famfs`, `bad-superblock` or `bad-log`, `mount-failed` for a log too long to be served,
 * `device-locked` when that may be so because another process is just making a file system on it, and `device-missing`,
 * `-damaged`, `-foreign` or `-truncated` for a secondary one.
 */
export function checkDevices(path: string, directory: string, options: DeviceChecks): CheckedDevices {
  const device = openDevice(path, { writable: false });
  try {
    checkOutside(device.path, directory);
    const superblock = superblockOf(path, device);
    checkLogLength(path, superblock);
    const checked = checkSecondaries(device, superblock, options);
    for (const found of checked.found) checkOutside(found, directory);
    return checked;
  } finally {
    device.close();
  }
}

function superblockOf(path: string, device: Device): Superblock {
  try {
    return loadSuperblock(device);
  } catch (error) {
    if (device.tryLock()) throw error;
    throw new FamfsError(
      'device-locked',
      `${path}: another famfs holds its lock, and there is no file system yet`,
      'mkfs may be at work: try again when it is done',
      { cause: error },
    );
  }
}

/** A server would have to ask itself for a device that is below its mount. */
function checkOutside(device: string, directory: string): void {
  if (!leadsBelow(device, directory)) return;
  throw new FamfsError(
    'usage',
    `${directory}: the device ${device} is in this directory, and a mount would hide it`,
    'mount on a directory that no device of the file system is in',
  );
}

function checkSecondaries(
  device: Device,
  superblock: Superblock,
  options: DeviceChecks,
): CheckedDevices & { readonly found: readonly string[] } {
  const given = (options.devices ?? []).map((path) => resolve(path));
  const scan = new DeviceScan(device, superblock);
  scan.to(readLogHeader(device, superblock));
  const members = new Members(device, superblock, scan.devices, given, { writable: !options.readOnly });
  try {
    const absent = members.problems();
    const [first] = absent;
    if (first && !options.degraded) throw refusal(device.path, first);
    const found = scan.devices.flatMap((_record, index) => (index > 0 && members.find(index)?.path) || []);
    return { device: device.path, found, devices: [...new Set([...found, ...given])], absent };
  } finally {
    members.closeSecondaries();
  }
}

function refusal(primary: string, problem: MemberProblem): FamfsError {
  const { code, hint, message } = memberError(primary, problem);
  return new FamfsError(code, message, `${hint}; with --degraded the files of the other devices are served`);
}

function checkLogLength(path: string, { logLength }: Superblock): void {
  if (logLength <= MAX_LOG_LENGTH) return;
  throw new FamfsError(
    'mount-failed',
    `${path}: its log of ${logLength} bytes is longer than the ${MAX_LOG_LENGTH} bytes that can be served`,
    'famfs ls, cat and export read it without a mount',
  );
}

const FUSE_DEVICE = '/dev/fuse';

/** Throws FamfsError `mount-failed` where there is no FUSE, `no-permission` where this user may not have it. */
export function checkFuse(): void {
  try {
    if (!statSync(FUSE_DEVICE).isCharacterDevice()) throw noFuse('not the FUSE device');
    closeSync(openSync(FUSE_DEVICE, constants.O_RDWR));
  } catch (cause) {
    if (cause instanceof FamfsError) throw cause;
    const code = errnoOf(cause);
    if (code !== 'EACCES' && code !== 'EPERM') throw noFuse(`cannot be opened: ${code}`, cause);
    throw new FamfsError(
      'no-permission',
      `${FUSE_DEVICE}: not allowed to open it`,
      'mount as root, or have root run: chmod 666 /dev/fuse; in a container, start it with --device /dev/fuse',
      { cause },
    );
  }
}

function noFuse(what: string, cause?: unknown): FamfsError {
  return new FamfsError(
    'mount-failed',
    `${FUSE_DEVICE}: ${what}, so nothing can be mounted`,
    'on a host: modprobe fuse; in a container: start it with --device /dev/fuse --cap-add SYS_ADMIN',
    { cause },
  );
}
