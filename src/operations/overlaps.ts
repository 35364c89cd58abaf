import { entryFinding, type Finding } from '../log/findings';
import { printable } from '../log/paths';
import { entryOfIno } from '../log/replay';
import { INO, type Tree } from '../log/tree';

/**
 * Finds the extents that share bytes: sorted by device and offset, each against the one that reaches furthest so far.
 * One finding for each extent that begins inside another, naming both files.
 */
export function findOverlaps(tree: Tree): Finding[] {
  if (isInOrder(tree)) return [];
  const extents = collectExtents(tree);
  const findings: Finding[] = [];
  let furthest: ExtentOfFile | undefined;
  for (const extent of extents) {
    if (furthest && furthest.devindex === extent.devindex && extent.offset < furthest.end) {
      findings.push(overlap(tree, furthest, extent));
    }
    if (!furthest || furthest.devindex !== extent.devindex || extent.end > furthest.end) furthest = extent;
  }
  return findings;
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

function overlap(tree: Tree, a: ExtentOfFile, b: ExtentOfFile): Finding {
  const [earlier, later] = a.ino <= b.ino ? [a, b] : [b, a];
  const shared = Math.min(a.end, b.end) - Math.max(a.offset, b.offset);
  const detail = `${shared} bytes at ${b.offset} of device ${b.devindex} also belong to ${nameOf(tree, earlier.ino)}`;
  return entryFinding('ext-overlap', entryOfIno(later.ino), pathOf(tree, later.ino), detail);
}

function nameOf(tree: Tree, ino: number): string {
  const path = pathOf(tree, ino);
  return path === undefined ? `entry ${entryOfIno(ino)}` : `"${path}" (entry ${entryOfIno(ino)})`;
}

function pathOf(tree: Tree, ino: number): string | undefined {
  return tree.parent.get(ino) === 0 ? undefined : printable(tree.path(ino));
}
