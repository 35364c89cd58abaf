import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { SUPERBLOCK } from '../log/layout';
import { type Identity, identify } from '../log/secondary';
import { inspectSuperblock, readSuperblockBytes, type Superblock } from '../log/superblock';
import { pathBytes, pathText } from '../path-bytes';

/** A mounted famfs. `id` names the mount for its run directory: the st_dev of its files. */
export interface Mount {
  readonly id: string;
  readonly directory: string;
  /** The device's path as the mount has it. */
  readonly device: string;
  readonly readOnly: boolean;
  /** The user who mounted it. */
  readonly uid: number;
}

const FAMFS_TYPES = ['fuse.famfs', 'fuseblk.famfs'];

/** What the kernel answers for a mount whose server is gone. */
const SERVER_GONE = ['ENOTCONN', 'ECONNABORTED'];

/** The error for a mount whose server does not serve it. */
export function noServer(directory: string, what: string, cause?: unknown): FamfsError {
  const hint = `famfs umount ${directory}, then mount it again; its log may tell more`;
  return new FamfsError('no-server', `${directory}: its server ${what}`, hint, { cause });
}

/** The error for a path that the system refused, where that is because the server of its mount is dead. */
export function deadServer(path: string, cause: unknown): FamfsError | undefined {
  if (!SERVER_GONE.includes(errnoOf(cause) ?? '')) return undefined;
  const absolute = resolve(path);
  const mount = mountAbove(listMounts(), absolute);
  return noServer(mount?.directory ?? path, 'is dead', cause);
}

/** The kernel's table of mounts. Throws FamfsError `device-io` where there is no /proc. */
function mountTable(): string {
  const path = '/proc/self/mountinfo';
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const hint = 'famfs needs it to see what is mounted: mount -t proc proc /proc';
    throw new FamfsError('device-io', `${path}: cannot be read: ${errnoOf(cause)}`, hint, { cause });
  }
}

/** All famfs mounts that this process sees, oldest first. Throws as mountTable(). */
export function listMounts(): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountTable().split('\n')) {
    const [before, after] = line.split(' - ');
    if (!before || !after) continue;
    const [, , id, , directory, options] = before.split(' ');
    const [type, device, fuseOptions] = after.split(' ');
    if (!type || !FAMFS_TYPES.includes(type) || !id || !directory || !device) continue;
    mounts.push({
      id: id.replace(':', '-'),
      directory: unescapeOctal(directory),
      device: unescapeOctal(device),
      readOnly: (options ?? '').split(',').includes('ro'),
      uid: Number(/(?:^|,)user_id=(\d+)/.exec(fuseOptions ?? '')?.[1] ?? 0),
    });
  }
  return mounts;
}

/**
 * The mount whose mount point is `directory`, if it is one. A directory that is named by its real path is not touched:
 * its server may be dead or stuck.
 */
export function mountAt(directory: string): Mount | undefined {
  const mounts = listMounts();
  const at = (path: string) => mounts.findLast((mount) => mount.directory === path);
  return at(resolve(directory)) ?? at(realPathOrSelf(directory));
}

/** The mounts of a device, found by identity and not by name alone, oldest first. */
export function mountsOfDevice(path: string): Mount[] {
  const wanted = deviceIdentity(path);
  return listMounts().filter(
    (mount) => mount.device === path || (wanted && deviceIdentity(mount.device) === wanted),
  );
}

/** The oldest mount of a device, if there is one. */
export function mountOfDevice(path: string): Mount | undefined {
  return mountsOfDevice(path)[0];
}

/**
 * Throws FamfsError `device-mounted` when the device that was given as `path` is mounted on this host, or is a secondary
 * device of a file system that is.
 */
export function checkNotMounted(path: string, device = path): void {
  const mount = mountOfDevice(device);
  const above = mount ?? mountOfSecondary(device);
  if (!above) return;
  const what = mount ? 'mounted' : 'a device of the file system that is mounted';
  throw new FamfsError(
    'device-mounted',
    `${path}: ${what} on ${above.directory}`,
    `famfs umount ${above.directory} first, if nothing on it is needed`,
  );
}

/** The mount of the file system that a secondary device says it is part of. Servers are not asked: one may be stuck. */
function mountOfSecondary(path: string): Mount | undefined {
  const { role, uuid } = identityOf(path) ?? {};
  if (role !== 'secondary') return undefined;
  return listMounts().find(({ device }) => identityOf(device)?.uuid === uuid);
}

function identityOf(path: string): Identity | undefined {
  try {
    const device = openDevice(path, { writable: false });
    try {
      return identify(readSuperblockBytes(device));
    } finally {
      device.close();
    }
  } catch {
    return undefined;
  }
}

/** The device that `path` is, which is not mounted. Throws FamfsError `device-mounted`, and what targetOf throws. */
export function unmountedDevice(path: string): string {
  const { device, mount } = targetOf(path);
  if (mount) checkNotMounted(path, mount.device);
  checkNotMounted(path, device);
  return device;
}

/** A path in a mounted famfs: the mount and the path's bytes relative to the mount point. */
export interface Location {
  readonly mount: Mount;
  readonly relative: Buffer;
}

/**
 * Finds the mount that `path` is in, also where the path, or its parents, do not exist yet. Symbolic links are followed.
 * Throws FamfsError `not-mounted` for paths elsewhere, `no-server` where the server is dead, `bad-path` for an empty one,
 * `no-parent` for a file with a slash behind it.
 */
export function locate(path: string): Location {
  return new Locator().locate(path);
}

/** The mount that an absolute path is in or names. */
function mountAbove(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts.findLast(
    ({ directory }) => path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`),
  );
}

/** Locates many paths: looks at the list of mounts, and at each directory, once. */
export class Locator {
  readonly #mounts = listMounts();
  readonly #realPaths = new Map<string, string>();

  /** As the function `locate`. */
  locate(path: string): Location {
    if (path === '') throw new FamfsError('bad-path', 'an empty path names nothing');
    const absolute = resolve(path);
    const plain = absolute === '/' ? absolute : join(this.#realPath(dirname(absolute)), basename(absolute));
    // There are no links in famfs: the last component can be one elsewhere alone.
    const real = mountAbove(this.#mounts, plain) ? plain : realPathOrSelf(plain);
    const mount = mountAbove(this.#mounts, real);
    if (!mount) {
      throw new FamfsError(
        'not-mounted',
        `${path}: not in a mounted famfs`,
        'famfs mount DEVICE DIRECTORY mounts one',
      );
    }
    if (path.endsWith('/')) checkIsNoFile(path);
    return { mount, relative: pathBytes(real.slice(mount.directory.length).replace(/^\//, '')) };
  }

  #realPath(directory: string): string {
    let real = this.#realPaths.get(directory);
    if (real === undefined) {
      real = realPathOfExisting(directory);
      this.#realPaths.set(directory, real);
    }
    return real;
  }
}

/**
 * Checks that a mount serves the file system that its device's path leads to: the device file may have been replaced,
 * and what is appended to the new one would not show in the mount.
 * Throws FamfsError `not-mounted` when it does not, `device-io` when the mount cannot read its device any more, and
 * `no-server` when its server is dead.
 */
export function checkIsMounted(mount: Mount, onDevice: Superblock): void {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  try {
    const fd = openSync(join(mount.directory, '.meta/.superblock'), 'r');
    try {
      readSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const dead = deadServer(mount.directory, cause);
    if (dead) throw dead;
    throw new FamfsError(
      'device-io',
      `${mount.directory}: cannot read its device ${mount.device}: ${errnoOf(cause)}`,
      `famfs status ${mount.directory} tells why`,
      { cause },
    );
  }
  if (inspectSuperblock(bytes, bytes.length).superblock.uuid === onDevice.uuid) return;
  throw new FamfsError(
    'not-mounted',
    `${mount.directory}: serves another file system than ${mount.device} holds by now`,
    `famfs umount ${mount.directory}, then mount the device again`,
  );
}

/** What a verb was given: the directory of a mount, or a device, which may be mounted somewhere. */
export interface Target {
  readonly device: string;
  readonly mount?: Mount;
}

/**
 * Tells a mounted famfs, given by a path in it, from a device.
 * Throws FamfsError `no-device` when the path does not exist, `not-mounted` for directories of other file systems, and
 * `no-server` for a mount whose server is dead.
 */
export function targetOf(path: string): Target {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(pathBytes(path)).isDirectory();
  } catch (cause) {
    const dead = deadServer(path, cause);
    if (dead) throw dead;
    throw new FamfsError(
      'no-device',
      `${path}: ${errnoOf(cause) === 'ENOENT' ? 'no such device, file or directory' : errnoOf(cause)}`,
      undefined,
      { cause },
    );
  }
  if (!isDirectory) return { device: path };
  const at = mountAt(path);
  const mount = at ?? locate(join(path, '.')).mount;
  return { device: mount.device, mount };
}

/** Throws FamfsError `no-parent` for a file with a slash behind its name, as the system does. */
function checkIsNoFile(path: string): void {
  try {
    statSync(pathBytes(path));
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOTDIR') return;
    throw new FamfsError('no-parent', `${path}: is not a directory`, 'without the slash it names the file', {
      cause,
    });
  }
}

function realPathOfExisting(path: string): string {
  try {
    return realPath(path);
  } catch (cause) {
    const missing = ['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '');
    if (!missing || path === '/') {
      const dead = deadServer(path, cause);
      if (dead) throw dead;
      throw new FamfsError('not-mounted', `${path}: ${errnoOf(cause)}`, undefined, { cause });
    }
    return join(realPathOfExisting(dirname(path)), basename(path));
  }
}

/** As realpath(3). Throws the system's error. */
export function realPath(path: string): string {
  return pathText(realpathSync.native(pathBytes(path), 'buffer'));
}

function realPathOrSelf(path: string): string {
  try {
    return realPath(path);
  } catch {
    return resolve(path);
  }
}

/** Device number for device nodes, device and inode for files: equal for two paths of one device. */
function deviceIdentity(path: string): string | undefined {
  try {
    const stats = statSync(pathBytes(path));
    return stats.isCharacterDevice() ? `c${stats.rdev}` : `f${stats.dev}:${stats.ino}`;
  } catch {
    return undefined;
  }
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
