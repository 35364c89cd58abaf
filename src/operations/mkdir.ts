import { FamfsError } from '../errors';
import { pathForLog, printable } from '../log/paths';
import { KIND } from '../log/tree';
import { checkNewPath, mkdirEntry, type Ownership } from './create';
import { EntryBatch } from './entry-batch';
import { inMounts, type Placed } from './in-mounts';
import type { OwnerSession, WriteOptions } from './owner-session';
import { type PathFailure, PathFailures } from './path-failures';

export interface MkdirOptions extends WriteOptions, Ownership {
  /** Make missing parents too; then a directory that exists is no error. */
  readonly parents?: boolean;
  /** Called for each of several paths that cannot be made. */
  readonly onFailure?: (failure: PathFailure) => void;
}

export interface MkdirResult {
  /** Paths of the directories made, relative to the mount point. */
  readonly created: string[];
  readonly failures: PathFailure[];
}

const SLASH = 0x2f;
/** Entries that are logged at a time. */
const BATCH_ENTRIES = 4096;

/**
 * Makes directories. What concerns one of several is in `failures`, and the rest is made; what concerns the only one,
 * or the device or its log, is thrown, and what was made before stays.
 */
export async function mkdir(paths: readonly string[], options: MkdirOptions): Promise<MkdirResult> {
  const failures = new PathFailures(paths.length, options.onFailure);
  const created: string[] = [];
  const items = paths.map((path) => ({ path }));
  await inMounts(items, options, failures, (session, placed) => {
    const batch = new EntryBatch(session);
    try {
      for (const one of placed) {
        try {
          created.push(...makeOne(session, batch, one, options).map(printable));
        } catch (error) {
          failures.note(one.item.path, error);
        }
        if (batch.length >= BATCH_ENTRIES) batch.commit();
      }
    } finally {
      batch.commit();
    }
  });
  return { created, failures: failures.list };
}

function makeOne(
  session: OwnerSession,
  batch: EntryBatch,
  { item, relative }: Placed<{ path: string }>,
  options: MkdirOptions,
): readonly Buffer[] {
  batch.settle(relative);
  const missing = options.parents ? missingDirectories(session, relative) : [relative];
  if (!options.parents) {
    if (relative.length === 0) throw new FamfsError('exists', `${item.path}: is the mount point`);
    checkNewPath(session, relative, 'directory');
  }
  batch.needRoom(missing.length);
  for (const directory of missing) batch.add(mkdirEntry(directory, options));
  return missing;
}

/** The directories on the way to `path`, itself included, that do not exist, the outermost first. */
function missingDirectories(session: OwnerSession, path: Buffer): Buffer[] {
  if (path.length === 0) return [];
  pathForLog(path, 'directory');
  const missing: Buffer[] = [];
  for (let end = path.indexOf(SLASH); ; end = path.indexOf(SLASH, end + 1)) {
    const directory = end === -1 ? path : path.subarray(0, end);
    const ino = session.tree.resolve(directory);
    if (ino === 0) missing.push(directory);
    else if (session.tree.kind.get(ino) !== KIND.directory) {
      throw new FamfsError('no-parent', `${printable(directory)}: exists and is not a directory`);
    }
    if (end === -1) return missing;
  }
}
