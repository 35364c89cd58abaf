import { printable } from '../log/paths';
import { INO, KIND, type Tree } from '../log/tree';

/** A file or directory. */
export interface Entry {
  /** Path from the root of the file system, without a slash at its beginning; '' is the root. */
  readonly path: string;
  /** The exact bytes of the path, which is shown with escapes where it has control characters or is no UTF-8. */
  readonly pathBytes: Buffer;
  readonly kind: 'file' | 'directory';
  /** Bytes; 0 for a directory. */
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Inode number: the same on every host, for as long as the file system exists. */
  readonly ino: number;
}

/** What a tree tells of an inode. */
export function entryOf(tree: Tree, ino: number): Entry {
  const pathBytes = tree.path(ino);
  return {
    path: printable(pathBytes),
    pathBytes,
    kind: isDirectory(tree, ino) ? 'directory' : 'file',
    size: tree.size.get(ino),
    mode: tree.mode.get(ino),
    uid: tree.uid.get(ino),
    gid: tree.gid.get(ino),
    ino,
  };
}

/**
 * What is in a directory: its entries in log order, and with `recursive` what is in a directory right behind it. The
 * root's `.meta` is left out.
 */
export function* entriesBelow(tree: Tree, directory: number, recursive: boolean): Generator<Entry> {
  for (let ino = tree.firstChild.get(directory); ino !== 0; ino = tree.nextSibling.get(ino)) {
    if (ino === INO.meta) continue;
    yield entryOf(tree, ino);
    if (recursive && isDirectory(tree, ino)) yield* entriesBelow(tree, ino, true);
  }
}

/** Files and directories of log entries from `first` on, in log order. Inodes without a place are left out. */
export function* entriesFrom(tree: Tree, first: number): Generator<Entry> {
  for (let ino = Math.max(first, INO.first); ino <= tree.lastIno; ino++) {
    if (tree.kind.get(ino) !== KIND.none) yield entryOf(tree, ino);
  }
}

function isDirectory(tree: Tree, ino: number): boolean {
  return tree.kind.get(ino) === KIND.directory;
}
