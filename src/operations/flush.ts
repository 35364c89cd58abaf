import { closeSync, fstatSync, fsyncSync, openSync } from 'node:fs';
import { errnoOf, FamfsError } from '../errors';
import { KIND } from '../log/tree';
import { pathBytes } from '../path-bytes';
import { groupByMount, type Placed } from './in-mounts';
import { nudge } from './nudge';
import { type PathFailure, PathFailures } from './path-failures';
import { type View, withView } from './view';

export interface FlushOptions {
  readonly onFile?: (file: FlushedFile) => void;
  /** Called for each of several files that cannot be flushed. */
  readonly onFailure?: (failure: PathFailure) => void;
}

export interface FlushedFile {
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
}

export interface FlushResult {
  readonly files: FlushedFile[];
  readonly failures: PathFailure[];
}

/**
 * Writes back what this host changed in files and may still hold in caches, in the kernel's and the processor's, and
 * drops what they hold: the next read sees what is in the memory. What concerns one of several files is in `failures`.
 * Throws FamfsError `not-mounted`, `source`, or `device-missing` and its like for the only one, `device-io` where a device
 * fails.
 */
export async function flush(paths: readonly string[], options: FlushOptions): Promise<FlushResult> {
  const failures = new PathFailures(paths.length, options.onFailure);
  const files: FlushedFile[] = [];
  const items = paths.map((path) => ({ path }));
  for (const { mount, placed } of groupByMount(items, failures)) {
    const flushed = await withView(mount.directory, {}, (view) => flushIn(view, placed, failures));
    await nudge([mount], [...flushed.keys()]);
    for (const file of flushed.values()) {
      files.push(file);
      options.onFile?.(file);
    }
  }
  return { files, failures: failures.list };
}

/** Flushes files of one mount. Returns them by inode. */
function flushIn(
  { members, tree }: View,
  placed: readonly Placed<{ path: string }>[],
  failures: PathFailures,
): Map<number, FlushedFile> {
  const flushed = new Map<number, FlushedFile>();
  for (const { item, relative } of placed) {
    try {
      const ino = tree.resolve(relative);
      tree.eachExtent(ino, (devindex) => void members.at(devindex));
      const size = writeBack(item.path);
      if (tree.kind.get(ino) !== KIND.file) throw notRegular(item.path);
      tree.eachExtent(ino, (devindex, offset, length) => members.at(devindex).flush(offset, length));
      flushed.set(ino, { path: item.path, size });
    } catch (error) {
      failures.note(item.path, error);
    }
  }
  members.fence();
  return flushed;
}

/** Has the kernel hand pages that were changed through mappings to the server. Returns the size of the file. */
function writeBack(path: string): number {
  let fd: number | undefined;
  try {
    fd = openSync(pathBytes(path), 'r');
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw notRegular(path);
    fsyncSync(fd);
    return stats.size;
  } catch (cause) {
    if (cause instanceof FamfsError) throw cause;
    throw new FamfsError('source', `${path}: cannot be flushed: ${errnoOf(cause)}`, undefined, { cause });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function notRegular(path: string): FamfsError {
  return new FamfsError('source', `${path}: not a regular file of the file system`);
}
