import { FamfsError } from '../errors';
import { fileAccess } from '../log/file-flags';
import { printable } from '../log/paths';
import { KIND } from '../log/tree';
import type { FileMap } from '../types';
import { checkNewPath, fileEntry, inFileSystem, type Ownership } from './create';
import { locate } from './mounts';
import type { OwnerSession, WriteOptions } from './owner-session';

export interface CloneResult {
  readonly path: string;
  readonly source: string;
  readonly size: number;
  readonly map: FileMap;
}

/**
 * Makes a file that takes the same space as another one of its file system: what is written to one is in the other. The
 * log stays sound, so that files can be added as before, but fsck finds `ext-overlap`.
 * Throws FamfsError `not-mounted` when the two are not in one mount, `not-found`, and `source` for a directory.
 */
export function clone(
  source: string,
  destination: string,
  options: WriteOptions & Ownership,
): Promise<CloneResult> {
  return inFileSystem(destination, options, (session, relative) => {
    const { mount, relative: from } = locate(source);
    if (mount.id !== locate(destination).mount.id) {
      throw new FamfsError('not-mounted', `${source}: not in the file system of ${destination}`);
    }
    const ino = fileAt(session, from);
    if (relative.length === 0) throw new FamfsError('exists', `${destination}: is the mount point`);
    checkNewPath(session, relative);
    const { tree } = session;
    const size = tree.size.get(ino);
    const map = tree.map(ino);
    const access = fileAccess(tree.flags.get(ino));
    session.commit([fileEntry(relative, size, map, { mode: tree.mode.get(ino), access, ...options })]);
    return { path: printable(relative), source: printable(from), size, map };
  });
}

function fileAt(session: OwnerSession, path: Buffer): number {
  const ino = session.tree.resolve(path);
  if (ino === 0) throw new FamfsError('not-found', `${printable(path)}: no such file`);
  if (session.tree.kind.get(ino) === KIND.file) return ino;
  throw new FamfsError('source', `${printable(path) || '/'}: not a file that the log holds`);
}
