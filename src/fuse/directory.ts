import { KIND, type Tree } from '../log/tree';
import { EINVAL, Refusal } from './errno';
import { DIRENT_BYTES, ENTRY_OUT_BYTES, writeNumber } from './protocol';

const DT_DIR = 4;
const DT_REG = 8;
const ALIGNMENT = 8;
const DOT = Buffer.from('.');
const DOT_DOT = Buffer.from('..');

/** Cookies of a directory stream: 1 behind ".", 2 behind "..", then a child's inode number plus this. */
const CHILD_COOKIE = 2;

/** Writes struct fuse_entry_out for a child; what "." and ".." get is all zeros. */
export type EntryWriter = (ino: number, out: Buffer, at: number) => void;

/**
 * Fills `out` with the entries of a directory behind the one that `cookie` names. With `writeEntry` (READDIRPLUS) each
 * has its attributes before it. Returns the bytes written: 0 at the end. Children come in log order, so that a child
 * appended while the directory is read comes last and no entry is missed or doubled. A cookie that is none of this
 * directory's is its end. Throws Refusal EINVAL, as getdents(2) does, when not even the next entry has room.
 */
export function listDirectory(
  tree: Tree,
  directory: number,
  cookie: number,
  out: Buffer,
  writeEntry?: EntryWriter,
): number {
  let used = 0;
  const put = (ino: number, name: Buffer, next: number, isChild: boolean): boolean => {
    const prefix = writeEntry ? ENTRY_OUT_BYTES : 0;
    const length = prefix + padded(DIRENT_BYTES + name.length);
    if (used + length > out.length) return false;
    out.fill(0, used, used + length);
    if (isChild) writeEntry?.(ino, out, used);
    writeDirent(out, used + prefix, ino, next, tree.kind.get(ino) === KIND.directory ? DT_DIR : DT_REG, name);
    used += length;
    return true;
  };
  const isFull = () => {
    if (used === 0) throw new Refusal(EINVAL);
    return used;
  };
  if (cookie === 0 && !put(directory, DOT, 1, false)) return isFull();
  if (cookie <= 1 && !put(tree.parent.get(directory), DOT_DOT, CHILD_COOKIE, false)) return isFull();
  let ino = childBehind(tree, directory, cookie);
  while (ino !== 0 && put(ino, tree.name(ino), ino + CHILD_COOKIE, true)) ino = tree.nextSibling.get(ino);
  return ino === 0 ? used : isFull();
}

/** The child of a directory behind the entry that `cookie` names; 0 when there is none. */
function childBehind(tree: Tree, directory: number, cookie: number): number {
  if (cookie <= CHILD_COOKIE) return tree.firstChild.get(directory);
  const child = cookie - CHILD_COOKIE;
  // A program may seek a directory to any number, and must not get to see what is in another one.
  return tree.parent.get(child) === directory ? tree.nextSibling.get(child) : 0;
}

function writeDirent(out: Buffer, at: number, ino: number, cookie: number, type: number, name: Buffer): void {
  writeNumber(out, at, ino);
  writeNumber(out, at + 8, cookie);
  out.writeUInt32LE(name.length, at + 16);
  out.writeUInt32LE(type, at + 20);
  name.copy(out, at + DIRENT_BYTES);
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
