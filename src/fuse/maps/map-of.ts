import { LOG_OFFSET } from '../../log/layout';
import { KIND, type Tree } from '../../log/tree';
import type { FileMap } from '../../types';

/** Where the bytes of a file are, one of .meta or any other. */
export function mapOf(tree: Tree, ino: number): FileMap {
  const kind = tree.kind.get(ino);
  if (kind !== KIND.superblock && kind !== KIND.log) return tree.map(ino);
  const offset = kind === KIND.log ? LOG_OFFSET : 0;
  return { kind: 'simple', extents: [{ devindex: 0, offset, length: tree.size.get(ino) }] };
}
