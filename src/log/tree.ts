import type { Extent, FileMap } from '../types';
import { Column } from './column';
import { extentBase } from './entry';
import {
  EXTENT,
  EXTENT_INTERLEAVED,
  FILE_BODY,
  INTERLEAVE,
  MKDIR_BODY,
  PATH_BYTES,
  PERMISSION_BITS,
} from './layout';
import { hashName, sameBytes, startOfName } from './names';
import { META_DIRECTORY, pathLength } from './paths';

/** Inode numbers. They are the same on every host and after every restart: a file's is its entry's index plus FIRST. */
export const INO = { root: 1, meta: 2, superblock: 3, log: 4, first: 16 } as const;

/** What an inode is; `none` for numbers that name nothing (rejected entries and entries of other types). */
export const KIND = { none: 0, file: 1, directory: 2, superblock: 3, log: 4 } as const;

const SLASH = 0x2f;

/** Why an entry could not take its place in the tree. */
export type LinkProblem =
  | 'path-no-parent'
  | 'path-parent-is-file'
  | 'path-duplicate'
  | 'path-file-over-directory'
  | 'path-directory-over-file'
  | 'path-directory-again';

/**
 * The name space that a log describes, in typed columns indexed by inode number: half a million files take some
 * 60 MB, and a lookup touches no object. Names are bytes; children come in log order.
 */
export class Tree {
  readonly kind = new Column(Uint8Array);
  /** Permission bits alone, whatever else the log has. */
  readonly mode = new Column(Uint16Array);
  readonly flags = new Column(Uint8Array);
  readonly uid = new Column(Uint32Array);
  readonly gid = new Column(Uint32Array);
  /** Bytes; of a directory, 0. */
  readonly size = new Column(Float64Array);
  readonly parent = new Column(Uint32Array);
  readonly firstChild = new Column(Uint32Array);
  readonly nextSibling = new Column(Uint32Array);
  /** Directories in a directory. */
  readonly subdirectories = new Column(Uint32Array);
  readonly #lastChild = new Column(Uint32Array);
  readonly #nameStart = new Column(Uint32Array);
  readonly #nameLength = new Column(Uint8Array);
  readonly #hash = new Column(Uint32Array);
  readonly #extentStart = new Column(Uint32Array);
  readonly #extentCount = new Column(Uint8Array);
  /** log2 of the chunk size of an interleaved file, 0 for others. */
  readonly #chunkShift = new Column(Uint8Array);
  readonly #extents = new Column(Float64Array);
  #extentsUsed = 0;
  readonly #names = new Column(Uint8Array);
  #namesUsed = 0;
  #table = new Uint32Array(64);
  /** Where in the table what #find has last missed belongs. */
  #freeSlot = 0;
  #linked = 0;
  /** The directory last found by its path: entries of one directory mostly come together. */
  #lastDirectory: number = INO.root;
  #lastPathLength = 0;
  readonly #lastPath = Buffer.alloc(PATH_BYTES);

  /** The highest inode number in use. */
  lastIno: number = INO.log;
  fileCount = 0;
  directoryCount = 0;
  /** Bytes of all extents, on all devices; what two files share counts twice. */
  mappedBytes = 0;

  constructor(superblockBytes: number, logBytes: number) {
    this.kind.set(INO.root, KIND.directory);
    this.mode.set(INO.root, 0o755);
    this.parent.set(INO.root, INO.root);
    this.#addMeta(INO.meta, INO.root, META_DIRECTORY, KIND.directory, 0o755, 0);
    this.#addMeta(INO.superblock, INO.meta, '.superblock', KIND.superblock, 0o444, superblockBytes);
    this.#addMeta(INO.log, INO.meta, '.log', KIND.log, 0o444, logBytes);
  }

  /** Makes room for `entries` entries in all, of a file with one extent each. */
  reserve(entries: number): void {
    const inodes = INO.first + entries;
    for (const column of this.#columns()) column.reserve(inodes);
    this.#extents.reserve(3 * entries);
    this.#growTable(2 * inodes);
  }

  /** Every column then has a place for `ino`: the hottest loop writes to them without looking. */
  #makeRoom(ino: number): void {
    if (ino < this.kind.values.length) return;
    for (const column of this.#columns()) column.makeRoom(ino + 1);
  }

  /** Those indexed by inode number. They grow together. */
  #columns() {
    return [
      ...[this.kind, this.mode, this.flags, this.uid, this.gid, this.size, this.parent, this.firstChild],
      ...[this.nextSibling, this.subdirectories, this.#lastChild, this.#nameStart, this.#nameLength],
      ...[this.#hash, this.#extentStart, this.#extentCount, this.#chunkShift],
    ];
  }

  /** The inode called by bytes start..start+length of `name` in `directory`, or 0. */
  lookup(directory: number, name: Buffer | Uint8Array, start = 0, length: number = name.length): number {
    return this.#find(hashName(directory, name, start, length), directory, name, start, length);
  }

  #find(hash: number, directory: number, name: Uint8Array, start: number, length: number): number {
    const hashes = this.#hash.values;
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const ino = this.#table[slot] as number;
      if (ino === 0) {
        this.#freeSlot = slot;
        return 0;
      }
      if (
        hashes[ino] === hash &&
        this.parent.values[ino] === directory &&
        this.#hasName(ino, name, start, length)
      ) {
        return ino;
      }
    }
  }

  /** The inode at a path relative to the root, or 0. An empty path is the root. */
  resolve(path: Buffer): number {
    let ino: number = INO.root;
    for (let start = 0; start < path.length && ino !== 0; ) {
      const slash = path.indexOf(SLASH, start);
      const end = slash === -1 ? path.length : slash;
      if (end > start) ino = this.lookup(ino, path, start, end - start);
      start = end + 1;
    }
    return ino;
  }

  /** The name of an inode in its parent. */
  name(ino: number): Buffer {
    const start = this.#nameStart.get(ino);
    return Buffer.from(this.#names.values.subarray(start, start + this.#nameLength.get(ino)));
  }

  /** The path of an inode from the root, without a leading slash. */
  path(ino: number): Buffer {
    const names: Buffer[] = [];
    for (let at = ino; at !== INO.root && at !== 0; at = this.parent.get(at)) names.unshift(this.name(at));
    return Buffer.from(names.map((name) => name.toString('latin1')).join('/'), 'latin1');
  }

  /** Adds the file entry at `base`, which must have passed EntryChecker. Its extents count even when it has no place. */
  addFile(bytes: Buffer, base: number, index: number): LinkProblem | undefined {
    const ino = INO.first + index;
    const { flags, gid, mode, path, size, uid } = FILE_BODY.fields;
    this.#makeRoom(ino);
    this.#addExtents(ino, bytes, base);
    this.size.values[ino] = size.get(bytes, base);
    this.flags.values[ino] = flags.get(bytes, base);
    this.#setOwner(ino, mode.get(bytes, base), uid.get(bytes, base), gid.get(bytes, base));
    const problem = this.#link(ino, KIND.file, bytes, base + path.offset);
    if (!problem) this.fileCount++;
    return problem;
  }

  /** Adds the mkdir entry at `base`, which must have passed EntryChecker. */
  addDirectory(bytes: Buffer, base: number, index: number): LinkProblem | undefined {
    const ino = INO.first + index;
    const { gid, mode, path, uid } = MKDIR_BODY.fields;
    this.#makeRoom(ino);
    this.#setOwner(ino, mode.get(bytes, base), uid.get(bytes, base), gid.get(bytes, base));
    const problem = this.#link(ino, KIND.directory, bytes, base + path.offset);
    if (!problem) this.directoryCount++;
    return problem;
  }

  /** Where the bytes of a file are. Also of a file that has no place in the name space. */
  map(ino: number): FileMap {
    const extents: Extent[] = [];
    this.eachExtent(ino, (devindex, offset, length) => extents.push({ devindex, offset, length }));
    const shift = this.#chunkShift.get(ino);
    if (shift === 0) return { kind: 'simple', extents };
    return { kind: 'interleaved', chunkSize: 2 ** shift, strips: extents };
  }

  /** Calls `visit` for each extent or strip of an inode; offsets and lengths in bytes. */
  eachExtent(ino: number, visit: (devindex: number, offset: number, length: number) => void): void {
    const start = this.#extentStart.get(ino);
    for (let i = 0; i < this.#extentCount.get(ino); i++) {
      const at = 3 * (start + i);
      visit(this.#extents.get(at), this.#extents.get(at + 1), this.#extents.get(at + 2));
    }
  }

  #addMeta(ino: number, parent: number, name: string, kind: number, mode: number, size: number): void {
    const bytes = Buffer.from(name);
    this.#setOwner(ino, mode, 0, 0);
    this.size.set(ino, size);
    this.#place(ino, kind, parent, bytes, 0, bytes.length);
  }

  #setOwner(ino: number, mode: number, uid: number, gid: number): void {
    this.mode.values[ino] = mode & PERMISSION_BITS;
    this.uid.values[ino] = uid;
    this.gid.values[ino] = gid;
    this.lastIno = Math.max(this.lastIno, ino);
  }

  #addExtents(ino: number, bytes: Buffer, base: number): void {
    const interleaved = FILE_BODY.fields.extentType.get(bytes, base) === EXTENT_INTERLEAVED;
    const { chunkSize, stripCount } = INTERLEAVE.fields;
    const count = interleaved ? stripCount.get(bytes, base) : FILE_BODY.fields.extentCount.get(bytes, base);
    const { devindex, length, offset } = EXTENT.fields;
    this.#extentStart.values[ino] = this.#extentsUsed;
    this.#extentCount.values[ino] = count;
    if (interleaved) this.#chunkShift.values[ino] = Math.log2(chunkSize.get(bytes, base));
    this.#extents.makeRoom(3 * (this.#extentsUsed + count));
    const extents = this.#extents.values;
    for (let i = 0, at = extentBase(interleaved, base); i < count; i++, at += EXTENT.bytes) {
      const slot = 3 * this.#extentsUsed++;
      const extentBytes = length.get(bytes, at);
      extents[slot] = devindex.get(bytes, at);
      extents[slot + 1] = offset.get(bytes, at);
      extents[slot + 2] = extentBytes;
      this.mappedBytes += extentBytes;
    }
  }

  #link(ino: number, kind: number, bytes: Buffer, start: number): LinkProblem | undefined {
    const end = start + pathLength(bytes, start);
    const nameStart = startOfName(bytes, start, end);
    const parent = this.#directoryAt(bytes, start, nameStart);
    if (parent === 0) return 'path-no-parent';
    if (this.kind.values[parent] !== KIND.directory) return 'path-parent-is-file';
    return this.#place(ino, kind, parent, bytes, nameStart, end - nameStart);
  }

  /** What bytes start..end of a path lead to, each name with a slash behind it; 0 for nothing. The root when empty. */
  #directoryAt(bytes: Buffer, start: number, end: number): number {
    const length = end - start;
    if (length === this.#lastPathLength && sameBytes(this.#lastPath, 0, bytes, start, length)) {
      return this.#lastDirectory;
    }
    let ino: number = INO.root;
    for (let at = start, nameStart = start; at < end; at++) {
      if (bytes[at] !== SLASH) continue;
      ino = this.lookup(ino, bytes, nameStart, at - nameStart);
      if (this.kind.get(ino) !== KIND.directory) return ino;
      nameStart = at + 1;
    }
    bytes.copy(this.#lastPath, 0, start, end);
    this.#lastPathLength = length;
    this.#lastDirectory = ino;
    return ino;
  }

  #conflict(existing: number, kind: number): LinkProblem {
    const wasDirectory = this.kind.get(existing) === KIND.directory;
    if (kind === KIND.directory) return wasDirectory ? 'path-directory-again' : 'path-directory-over-file';
    return wasDirectory ? 'path-file-over-directory' : 'path-duplicate';
  }

  /** Gives an inode its name in `parent`: bytes start..start+length. */
  #place(
    ino: number,
    kind: number,
    parent: number,
    bytes: Buffer,
    start: number,
    length: number,
  ): LinkProblem | undefined {
    const hash = hashName(parent, bytes, start, length);
    const existing = this.#find(hash, parent, bytes, start, length);
    if (existing !== 0) return this.#conflict(existing, kind);
    this.kind.values[ino] = kind;
    this.parent.values[ino] = parent;
    this.#nameStart.values[ino] = this.#namesUsed;
    this.#nameLength.values[ino] = length;
    this.#names.append(this.#namesUsed, bytes, start, length);
    this.#namesUsed += length;
    this.#hash.values[ino] = hash;
    if (kind === KIND.directory) this.subdirectories.values[parent]!++;
    const last = this.#lastChild.values[parent] as number;
    if (last === 0) this.firstChild.values[parent] = ino;
    else this.nextSibling.values[last] = ino;
    this.#lastChild.values[parent] = ino;
    this.#table[this.#freeSlot] = ino;
    if (2 * ++this.#linked > this.#table.length) this.#growTable(2 * this.#table.length);
    return undefined;
  }

  #putInTable(ino: number): void {
    const mask = this.#table.length - 1;
    let slot = (this.#hash.values[ino] as number) & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = ino;
  }

  /** Makes a table of at least `slots` slots, which becomes a power of two. */
  #growTable(slots: number): void {
    const old = this.#table;
    let length = old.length;
    while (length < slots) length *= 2;
    if (length === old.length) return;
    this.#table = new Uint32Array(length);
    for (const ino of old) if (ino !== 0) this.#putInTable(ino);
  }

  #hasName(ino: number, name: Uint8Array, start: number, length: number): boolean {
    if (this.#nameLength.values[ino] !== length) return false;
    return sameBytes(this.#names.values, this.#nameStart.values[ino] as number, name, start, length);
  }
}
