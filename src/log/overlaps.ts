import { entryFinding, type Finding } from './findings';
import { printable } from './paths';
import { entryOfIno } from './replay';
import { INO, type Tree } from './tree';

/** Two files, or two extents of one, that share bytes of a device. Inodes; offset and bytes of what is shared. */
export interface Overlap {
  readonly earlier: number;
  readonly later: number;
  readonly devindex: number;
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Finds the extents that share bytes: sorted by device and offset, each against the one that reaches furthest so far.
 * One overlap for each extent that begins inside another.
 */
export function* overlapsIn(tree: Tree): Generator<Overlap> {
  if (isInOrder(tree)) return;
  let furthest: ExtentOfFile | undefined;
  for (const extent of collectExtents(tree)) {
    if (furthest && furthest.devindex === extent.devindex && extent.offset < furthest.end) {
      yield overlap(furthest, extent);
    }
    if (!furthest || furthest.devindex !== extent.devindex || extent.end > furthest.end) furthest = extent;
  }
}

/** A finding for each overlap, about the file that was logged later and naming both. */
export function* findOverlaps(tree: Tree): Generator<Finding> {
  for (const { bytes, devindex, earlier, later, offset } of overlapsIn(tree)) {
    const detail = `${bytes} bytes at ${offset} of device ${devindex} also belong to ${nameOf(tree, earlier)}`;
    yield entryFinding('ext-overlap', entryOfIno(later), pathOf(tree, later), detail);
  }
}

/** Whether each extent begins where the one before it ends, or behind: usual in a log, and then none share a byte. */
function isInOrder(tree: Tree): boolean {
  let inOrder = true;
  let device = 0;
  let end = 0;
  const visit = (devindex: number, offset: number, length: number) => {
    if (devindex < device || (devindex === device && offset < end)) inOrder = false;
    device = devindex;
    end = offset + length;
  };
  for (let ino: number = INO.first; inOrder && ino <= tree.lastIno; ino++) tree.eachExtent(ino, visit);
  return inOrder;
}

interface ExtentOfFile {
  readonly ino: number;
  readonly devindex: number;
  readonly offset: number;
  readonly end: number;
}

function collectExtents(tree: Tree): ExtentOfFile[] {
  const extents: ExtentOfFile[] = [];
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    tree.eachExtent(ino, (devindex, offset, length) =>
      extents.push({ ino, devindex, offset, end: offset + length }),
    );
  }
  return extents.sort((a, b) => a.devindex - b.devindex || a.offset - b.offset || a.ino - b.ino);
}

function overlap(a: ExtentOfFile, b: ExtentOfFile): Overlap {
  const [earlier, later] = a.ino <= b.ino ? [a, b] : [b, a];
  const bytes = Math.min(a.end, b.end) - Math.max(a.offset, b.offset);
  return { earlier: earlier.ino, later: later.ino, devindex: b.devindex, offset: b.offset, bytes };
}

function nameOf(tree: Tree, ino: number): string {
  const path = pathOf(tree, ino);
  return path === undefined ? `entry ${entryOfIno(ino)}` : `"${path}" (entry ${entryOfIno(ino)})`;
}

function pathOf(tree: Tree, ino: number): string | undefined {
  return tree.parent.get(ino) === 0 ? undefined : printable(tree.path(ino));
}
