import type { AllocatorStats } from '../alloc/allocator';
import { type Finding, isError } from '../log/findings';
import { LOG_OFFSET } from '../log/layout';
import { printable } from '../log/paths';
import { entryOfIno } from '../log/replay';
import { INO, type Tree } from '../log/tree';
import { findOverlaps } from './overlaps';
import { type View, withView } from './view';

export type RunKind = 'superblock' | 'log' | 'file' | 'shared' | 'free';

/** Bytes of the device that one thing has. `offset` and `length` in bytes. */
export interface DeviceRun {
  readonly kind: RunKind;
  readonly offset: number;
  readonly length: number;
  /** Index of the log entry of the file, or of the first of those that share it. */
  readonly entry?: number;
  /** Which extent or strip of the file, from 0 on. */
  readonly part?: number;
}

/** A file with bytes on the device. `bytes` are those that its extents take. */
export interface MappedFile {
  readonly entry: number;
  readonly path: string;
  readonly bytes: number;
  readonly parts: number;
  readonly interleaved: boolean;
}

/** What lies where on a device, from its first byte to its last. */
export interface DeviceMap {
  readonly device: string;
  readonly deviceBytes: number;
  readonly mountedOn?: string;
  readonly space: AllocatorStats;
  readonly runs: readonly DeviceRun[];
  readonly files: readonly MappedFile[];
  /** Files with extents on other devices. */
  readonly elsewhere: number;
  /** What is wrong with the log: shared space and extents out of bounds among it. */
  readonly problems: readonly Finding[];
}

/** Maps a file system given by its device, its mount point or a path in a mount. Throws what View.open throws. */
export async function deviceMap(target: string): Promise<DeviceMap> {
  const problems: Finding[] = [];
  return withView(target, { onFinding: (found) => problems.push(found) }, (view) => ({
    device: view.device.path,
    deviceBytes: view.device.size,
    ...(view.mount ? { mountedOn: view.mount.directory } : {}),
    space: view.pool().stats().devices[0] as AllocatorStats,
    runs: runsOf(view),
    ...filesOf(view.tree),
    problems: [...problems.filter(isError), ...findOverlaps(view.tree)],
  }));
}

function filesOf(tree: Tree): { files: MappedFile[]; elsewhere: number } {
  const files: MappedFile[] = [];
  let elsewhere = 0;
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    let bytes = 0;
    let parts = 0;
    let away = false;
    tree.eachExtent(ino, (devindex, _offset, length) => {
      parts++;
      if (devindex === 0) bytes += length;
      else away = true;
    });
    if (away) elsewhere++;
    if (bytes === 0) continue;
    const entry = entryOfIno(ino);
    const path = tree.parent.get(ino) === 0 ? `entry ${entry}, without a place` : printable(tree.path(ino));
    files.push({ entry, path, bytes, parts, interleaved: tree.map(ino).kind === 'interleaved' });
  }
  return { files, elsewhere };
}

interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly entry: number;
  readonly part: number;
}

/** Cuts the device where what lies there changes: one pass over starts and ends of extents, each in order. */
function runsOf({ device, superblock, tree }: View): DeviceRun[] {
  const pieces = piecesOf(tree);
  const byEnd = pieces.toSorted((a, b) => a.end - b.end);
  const runs: DeviceRun[] = [
    { kind: 'superblock', offset: 0, length: LOG_OFFSET },
    { kind: 'log', offset: LOG_OFFSET, length: superblock.logLength },
  ];
  let at = LOG_OFFSET + superblock.logLength;
  let ended = 0;
  const open = new Set<Piece>();
  const upTo = (end: number) => {
    if (end > at) runs.push(runOf(open, at, end - at));
    at = Math.max(at, end);
  };
  for (const piece of pieces) {
    for (let next = byEnd[ended]; next && next.end <= piece.offset; next = byEnd[++ended]) {
      upTo(next.end);
      open.delete(next);
    }
    upTo(piece.offset);
    open.add(piece);
  }
  for (; ended < byEnd.length; ended++) {
    const next = byEnd[ended] as Piece;
    upTo(next.end);
    open.delete(next);
  }
  upTo(device.size);
  return runs;
}

function piecesOf(tree: Tree): Piece[] {
  const pieces: Piece[] = [];
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    let part = 0;
    tree.eachExtent(ino, (devindex, offset, length) => {
      if (devindex === 0) pieces.push({ offset, end: offset + length, entry: entryOfIno(ino), part });
      part++;
    });
  }
  return pieces.sort((a, b) => a.offset - b.offset || a.entry - b.entry);
}

function runOf(open: ReadonlySet<Piece>, offset: number, length: number): DeviceRun {
  const [first] = open;
  if (!first) return { kind: 'free', offset, length };
  const { entry, part } = first;
  return { kind: open.size > 1 ? 'shared' : 'file', offset, length, entry, part };
}
