import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
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
  { mode, replace }: WholeFileOptions,
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
    } finally {
      closeSync(fd);
    }
    putInPlace(temporary, path, replace);
  } finally {
    rmSync(temporary, { force: true });
  }
}

function checkReplaceable(path: Buffer): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there || there.isFile()) return;
  throw new FamfsError('exists', `${printable(path)}: exists and is not a regular file`);
}

function temporaryName(path: Buffer): Buffer {
  const directory = path.subarray(0, path.lastIndexOf(SLASH) + 1);
  return Buffer.concat([directory, Buffer.from(`.famfs-partial-${randomBytes(8).toString('hex')}`)]);
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
