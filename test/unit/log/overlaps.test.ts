import fc from 'fast-check';
import { encodeEntry } from '../../../src/log/entry';
import { LOG_ENTRY, MIB } from '../../../src/log/layout';
import { findOverlaps } from '../../../src/log/overlaps';
import { Tree } from '../../../src/log/tree';
import type { Extent } from '../../../src/types';
import { file } from '../../support/images';

const UNIT = 2 * MIB;

const extent: fc.Arbitrary<Extent> = fc
  .tuple(fc.nat(1), fc.nat(40), fc.integer({ min: 1, max: 4 }))
  .map(([devindex, unit, units]) => ({ devindex, offset: unit * UNIT, length: units * UNIT }));

function treeOf(files: readonly (readonly Extent[])[], nameOf = (index: number) => `f${index}`): Tree {
  const tree = new Tree(UNIT, 8 * MIB);
  files.forEach((extents, index) => {
    const bytes = Buffer.alloc(LOG_ENTRY.bytes);
    encodeEntry(file(nameOf(index), 1, { kind: 'simple', extents }), index, bytes, 0);
    tree.addFile(bytes, 0, index);
  });
  return tree;
}

const share = (a: Extent, b: Extent) =>
  a.devindex === b.devindex && a.offset < b.offset + b.length && b.offset < a.offset + a.length;

describe('findOverlaps', () => {
  test('finds something just where two extents share bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(extent, { minLength: 1, maxLength: 3 }), { maxLength: 6 }), (files) => {
        const all = files.flat();
        const shared = all.some((a, i) => all.slice(i + 1).some((b) => share(a, b)));
        expect([...findOverlaps(treeOf(files))].length > 0).toBe(shared);
      }),
    );
  });

  test('finds nothing in files one behind the other, on each device', () => {
    const runs = [0, 1].flatMap((devindex) =>
      Array.from({ length: 5 }, (_, i) => [{ devindex, offset: (i + 1) * UNIT, length: UNIT }]),
    );
    expect([...findOverlaps(treeOf(runs))]).toEqual([]);
    expect([...findOverlaps(treeOf(runs.toReversed()))]).toEqual([]);
  });

  test('names the later file, and the earlier one in the detail', () => {
    const at = { devindex: 0, offset: 5 * UNIT, length: UNIT };
    const [found, ...more] = findOverlaps(treeOf([[at], [{ ...at, length: 2 * UNIT }]]));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ code: 'ext-overlap', path: 'f1', entry: 1 });
    expect(found?.detail).toContain(`${UNIT} bytes at ${5 * UNIT} of device 0 also belong to "f0" (entry 0)`);
  });

  /** Device 0, in units. */
  const units = (first: number, count: number): Extent => ({
    devindex: 0,
    offset: first * UNIT,
    length: count * UNIT,
  });

  test('names the file that was logged later, though it begins before the other', () => {
    const [found, ...more] = findOverlaps(treeOf([[units(6, 2)], [units(5, 2)]]));
    expect(more).toEqual([]);
    expect(found).toMatchObject({ path: 'f1', entry: 1 });
    expect(found?.detail).toContain(`${UNIT} bytes at ${6 * UNIT} of device 0 also belong to "f0" (entry 0)`);
  });

  test('sees a long extent behind short ones that lie in it', () => {
    const found = [...findOverlaps(treeOf([[units(1, 10)], [units(2, 1)], [units(5, 1)]]))];
    expect(found.map(({ entry }) => entry)).toEqual([1, 2]);
    expect(found[1]?.detail).toContain(`${UNIT} bytes at ${5 * UNIT} of device 0 also belong to "f0"`);
  });

  test('names files that have no place in the tree by their entries', () => {
    const tree = treeOf([[units(1, 1)], [units(5, 2)], [units(6, 1)]], (index) => (index === 2 ? 'c' : 'a'));
    const [found, ...more] = findOverlaps(tree);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ path: 'c', entry: 2 });
    expect(found?.detail).toMatch(/also belong to entry 1$/);
    const last = treeOf([[units(5, 2)], [units(6, 1)]], () => 'a');
    expect([...findOverlaps(last)].map(({ entry, path }) => [entry, path])).toEqual([[1, undefined]]);
  });
});
