import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { errnoOf, FamfsError } from '../errors';
import { printable } from '../log/paths';

export interface WholeFileOptions {
  /** Permission bits, whatever the umask. */
  readonly mode: number;
  /** Take the place of a file that exists. */
  readonly replace: boolean;
  /** Wait until contents and name would be there after a crash of the host. */
  readonly durable?: boolean;
}

const SLASH = 0x2f;

/**
 * Has `write` fill a file under another name in its directory, and gives it its own when it is whole: that leads to the
 * former contents or to all of the new ones. No link is followed. A kill leaves a file `.famfs-partial-...`.
 * Throws FamfsError `exists` for what is no regular file, such as /dev/null, the system's error, EEXIST among them, and
 * what `write` throws.
 */
export async function writeWhole(
  path: Buffer,
  { durable, mode, replace }: WholeFileOptions,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  checkReplaceable(path);
  const temporary = temporaryName(path);
  try {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      await write(fd);
      fchmodSync(fd, mode);
      if (durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    putInPlace(temporary, path, replace);
  } finally {
    rmSync(temporary, { force: true });
  }
  if (durable) syncDirectory(directoryOf(path));
}

/** An error of writing `path` with the path in it: the system's becomes `source`, or `exists`. Defects stay as they are. */
export function asWriteFailure(path: string, error: unknown): unknown {
  const errno = errnoOf(error);
  if (error instanceof FamfsError || errno === undefined) return error;
  const options = { cause: error };
  if (errno === 'EEXIST') return new FamfsError('exists', `${path}: exists already`, undefined, options);
  return new FamfsError('source', `${path}: cannot be written: ${errno}`, undefined, options);
}

function checkReplaceable(path: Buffer): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there || there.isFile()) return;
  throw new FamfsError('exists', `${printable(path)}: exists and is not a regular file`);
}

function temporaryName(path: Buffer): Buffer {
  return Buffer.concat([directoryOf(path), Buffer.from(`.famfs-partial-${randomBytes(8).toString('hex')}`)]);
}

/** The directory of a path with a slash behind it; nothing for that of the process. */
function directoryOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf(SLASH) + 1);
}

function syncDirectory(path: Buffer): void {
  const fd = openSync(path.length === 0 ? '.' : path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives a file its name; without `replace` not one that is taken. */
function putInPlace(temporary: Buffer, path: Buffer, replace: boolean): void {
  if (!replace) {
    try {
      linkSync(temporary, path);
      return;
    } catch (error) {
      const noLinksHere = ['EPERM', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '');
      if (!noLinksHere || lstatSync(path, { throwIfNoEntry: false })) throw error;
    }
  }
  renameSync(temporary, path);
}
