import { printable } from '../log/paths';
import { INO, KIND, type Tree } from '../log/tree';
import type { FileMap } from '../types';
import type { View } from './view';

/** A file or directory as the log has it. `size` in bytes; of a directory, 0. */
export interface ListedEntry {
  /** From the root of the file system; empty for the root. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  /** Permission bits in four octal digits. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly inode: number;
  /** Present when maps were asked for, of files. */
  readonly map?: FileMap;
}

export interface ListResult {
  readonly device: string;
  readonly entries: ListedEntry[];
  /** Entries of the log that are damaged, and so not listed. */
  readonly notShown: number;
}

export interface ListOptions {
  readonly recursive?: boolean;
  readonly maps?: boolean;
}

/**
 * Lists the directory that a view was opened at, or the one file, in the order of the bytes of names. The file
 * system's own `.meta` is listed only where the view was opened in it.
 * Throws FamfsError `not-found`.
 */
export function* list(view: View, options: ListOptions = {}): Generator<ListedEntry> {
  const start = view.find();
  if (view.tree.kind.get(start) !== KIND.directory) yield entryOf(view, start, options);
  else yield* listDirectory(view, start, options);
}

function* listDirectory(view: View, directory: number, options: ListOptions): Generator<ListedEntry> {
  for (const child of childrenByName(view.tree, directory)) {
    if (child === INO.meta) continue;
    yield entryOf(view, child, options);
    if (options.recursive && view.tree.kind.get(child) === KIND.directory) {
      yield* listDirectory(view, child, options);
    }
  }
}

/** The inodes in a directory, in the order of the bytes of their names. */
export function childrenByName(tree: Tree, directory: number): number[] {
  const children: { ino: number; name: Buffer }[] = [];
  for (let ino = tree.firstChild.get(directory); ino !== 0; ino = tree.nextSibling.get(ino)) {
    children.push({ ino, name: tree.name(ino) });
  }
  return children.sort((a, b) => a.name.compare(b.name)).map(({ ino }) => ino);
}

function entryOf(view: View, ino: number, { maps }: ListOptions): ListedEntry {
  const { tree } = view;
  const isDirectory = tree.kind.get(ino) === KIND.directory;
  return {
    path: printable(tree.path(ino)),
    kind: isDirectory ? 'directory' : 'file',
    mode: tree.mode.get(ino).toString(8).padStart(4, '0'),
    uid: tree.uid.get(ino),
    gid: tree.gid.get(ino),
    size: tree.size.get(ino),
    inode: ino,
    ...(maps && !isDirectory ? { map: view.mapOf(ino) } : {}),
  };
}
