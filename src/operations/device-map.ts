import type { AllocatorStats } from '../alloc/allocator';
import { sumOf } from '../alloc/pool';
import { type Finding, FindingList, isError } from '../log/findings';
import { LOG_OFFSET, SUPERBLOCK_REGION } from '../log/layout';
import { findOverlaps } from '../log/overlaps';
import { printable } from '../log/paths';
import { entryOfIno } from '../log/replay';
import { INO, type Tree } from '../log/tree';
import { memberFindings } from '../members/members';
import { devicesOf, type ListedDevice } from './device-list';
import { type View, withView } from './view';

export type RunKind = 'superblock' | 'log' | 'file' | 'shared' | 'free';

/** Bytes of a device that one thing has. `offset` and `length` in bytes. */
export interface DeviceRun {
  readonly kind: RunKind;
  readonly offset: number;
  readonly length: number;
  /** Index of the log entry of the file, or of the first of those that share it. */
  readonly entry?: number;
  /** Which extent or strip of the file, from 0 on. */
  readonly part?: number;
}

/** A file of the log. `bytes` are those that its extents take, on all devices. */
export interface MappedFile {
  readonly entry: number;
  readonly path: string;
  readonly bytes: number;
  readonly parts: number;
  readonly interleaved: boolean;
}

/** What lies where on a device, from its first byte to its last, by what the log says: of one that is missing too. */
export interface MappedDevice extends ListedDevice {
  readonly space: AllocatorStats;
  readonly runs: readonly DeviceRun[];
}

/** What lies where on the devices of a file system. */
export interface DeviceMap {
  /** The primary device. */
  readonly device: string;
  readonly mountedOn?: string;
  readonly devices: readonly MappedDevice[];
  /** Of all devices that can be used. */
  readonly space: AllocatorStats;
  readonly files: readonly MappedFile[];
  /** What is wrong with log and devices: shared space and extents out of bounds among it. */
  readonly problems: readonly Finding[];
}

/**
 * Maps a file system given by its device, its mount point or a path in a mount, devices looked for at `given` first.
 * Throws what View.open throws.
 */
export async function deviceMap(target: string, given: readonly string[] = []): Promise<DeviceMap> {
  const problems = new FindingList();
  const onFinding = (found: Finding) => {
    if (isError(found)) problems.add(found);
  };
  return withView(target, { devices: given, onFinding }, (view) => {
    const devices = mappedDevices(view);
    problems.addAll(memberFindings(view.members));
    problems.addAll(findOverlaps(view.tree));
    const usable = devices.filter(({ trouble }) => trouble === undefined);
    return {
      device: view.device.path,
      ...(view.mount ? { mountedOn: view.mount.directory } : {}),
      devices,
      space: usable.map(({ space }) => space).reduce(sumOf),
      files: filesOf(view.tree),
      problems: problems.listed,
    };
  });
}

function filesOf(tree: Tree): MappedFile[] {
  const files: MappedFile[] = [];
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    let bytes = 0;
    let parts = 0;
    tree.eachExtent(ino, (_devindex, _offset, length) => {
      parts++;
      bytes += length;
    });
    if (bytes === 0) continue;
    const entry = entryOfIno(ino);
    const path = tree.parent.get(ino) === 0 ? `entry ${entry}, without a place` : printable(tree.path(ino));
    files.push({ entry, path, bytes, parts, interleaved: tree.map(ino).kind === 'interleaved' });
  }
  return files;
}

function mappedDevices(view: View): MappedDevice[] {
  const { logLength, allocUnit } = view.superblock;
  const pieces = piecesByDevice(view.tree, view.replay.devices.length);
  return devicesOf(view).map((listed) => {
    const reserved: DeviceRun[] = [{ kind: 'superblock', offset: 0, length: SUPERBLOCK_REGION }];
    if (listed.index === 0) reserved.push({ kind: 'log', offset: LOG_OFFSET, length: logLength });
    const runs = [...reserved, ...runsBehind(reserved, pieces[listed.index] ?? [], listed.size)];
    return { ...listed, space: spaceOf(runs, listed.size, allocUnit), runs };
  });
}

/** How full a device is, by its runs, as its allocator would tell. */
function spaceOf(runs: readonly DeviceRun[], size: number, unitBytes: number): AllocatorStats {
  const totalUnits = Math.floor(size / unitBytes);
  const free = runs
    .filter(({ kind }) => kind === 'free')
    .map(({ length }) => Math.floor(length / unitBytes))
    .filter((units) => units > 0);
  const freeUnits = free.reduce((sum, units) => sum + units, 0);
  const largestFreeUnits = free.reduce((largest, units) => Math.max(largest, units), 0);
  return {
    ...{ unitBytes, totalUnits, freeUnits, largestFreeUnits },
    usedUnits: totalUnits - freeUnits,
    freeRuns: free.length,
  };
}

interface Piece {
  readonly offset: number;
  readonly end: number;
  readonly entry: number;
  readonly part: number;
}

/** The extents of all files by device index, on each in order of their offsets. */
function piecesByDevice(tree: Tree, devices: number): Piece[][] {
  const pieces: Piece[][] = Array.from({ length: devices }, () => []);
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    let part = 0;
    tree.eachExtent(ino, (devindex, offset, length) => {
      pieces[devindex]?.push({ offset, end: offset + length, entry: entryOfIno(ino), part });
      part++;
    });
  }
  return pieces.map((some) => some.sort((a, b) => a.offset - b.offset || a.entry - b.entry));
}

/**
 * Cuts what is behind the reserved runs of a device of `size` bytes where what lies there changes: one pass over starts
 * and ends of extents, each in order.
 */
function runsBehind(reserved: readonly DeviceRun[], pieces: readonly Piece[], size: number): DeviceRun[] {
  const byEnd = pieces.toSorted((a, b) => a.end - b.end);
  const runs: DeviceRun[] = [];
  let at = reserved.reduce((end, { length }) => end + length, 0);
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
  upTo(size);
  return runs;
}

function runOf(open: ReadonlySet<Piece>, offset: number, length: number): DeviceRun {
  const [first] = open;
  if (!first) return { kind: 'free', offset, length };
  const { entry, part } = first;
  return { kind: open.size > 1 ? 'shared' : 'file', offset, length, entry, part };
}
