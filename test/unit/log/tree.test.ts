import fc from 'fast-check';
import { encodeEntry, type LogEntry } from '../../../src/log/entry';
import { LOG_ENTRY, MIB } from '../../../src/log/layout';
import { INO, KIND, type LinkProblem, Tree } from '../../../src/log/tree';
import { extentsOf, type FileMap } from '../../../src/types';
import { file, mkdir, Space } from '../../support/images';

const LOG_BYTES = 8 * MIB;

function add(tree: Tree, entry: LogEntry, index: number): LinkProblem | undefined {
  const bytes = Buffer.alloc(LOG_ENTRY.bytes);
  encodeEntry(entry, index, bytes, 0);
  return entry.type === 'file' ? tree.addFile(bytes, 0, index) : tree.addDirectory(bytes, 0, index);
}

/** A name space as a map from paths (one character a byte) to inodes, in log order. */
class Model {
  readonly paths = new Map<string, { ino: number; directory: boolean }>([
    ['.meta', { ino: INO.meta, directory: true }],
    ['.meta/.superblock', { ino: INO.superblock, directory: false }],
    ['.meta/.log', { ino: INO.log, directory: false }],
  ]);

  add(path: string, directory: boolean, ino: number): LinkProblem | undefined {
    const components = path.split('/');
    for (let depth = 1; depth < components.length; depth++) {
      const parent = this.paths.get(components.slice(0, depth).join('/'));
      if (!parent) return 'path-no-parent';
      if (!parent.directory) return 'path-parent-is-file';
    }
    const existing = this.paths.get(path);
    if (!existing) this.paths.set(path, { ino, directory });
    else if (directory) return existing.directory ? 'path-directory-again' : 'path-directory-over-file';
    else return existing.directory ? 'path-file-over-directory' : 'path-duplicate';
    return undefined;
  }

  children(directory: string): string[] {
    const prefix = directory === '' ? '' : `${directory}/`;
    return [...this.paths.keys()].filter(
      (path) =>
        path.startsWith(prefix) && path.length > prefix.length && !path.slice(prefix.length).includes('/'),
    );
  }
}

function childrenOf(tree: Tree, directory: number): number[] {
  const children: number[] = [];
  for (let ino = tree.firstChild.get(directory); ino !== 0; ino = tree.nextSibling.get(ino))
    children.push(ino);
  return children;
}

const bytesOf = (path: string) => Buffer.from(path, 'latin1');

function expectDirectory(tree: Tree, model: Model, path: string, ino: number): void {
  const children = model.children(path);
  expect(childrenOf(tree, ino)).toEqual(children.map((child) => model.paths.get(child)?.ino));
  const directories = children.filter((child) => model.paths.get(child)?.directory);
  expect(tree.subdirectories.get(ino)).toBe(directories.length);
  for (const child of children) {
    const childIno = model.paths.get(child)?.ino ?? 0;
    const name = bytesOf(child.slice(child.lastIndexOf('/') + 1));
    expect(tree.lookup(ino, name)).toBe(childIno);
    expect(tree.name(childIno)).toEqual(name);
    expect(tree.parent.get(childIno)).toBe(ino);
  }
}

function expectSame(tree: Tree, model: Model): void {
  for (const [path, { ino, directory }] of model.paths) {
    expect(tree.resolve(bytesOf(path))).toBe(ino);
    expect(tree.path(ino)).toEqual(bytesOf(path));
    expect(tree.kind.get(ino) === KIND.directory).toBe(directory);
    if (directory) expectDirectory(tree, model, path, ino);
  }
  expectDirectory(tree, model, '', INO.root);
  const logged = [...model.paths.values()].filter(({ ino }) => ino >= INO.first);
  expect(tree.fileCount).toBe(logged.filter(({ directory }) => !directory).length);
  expect(tree.directoryCount).toBe(logged.filter(({ directory }) => directory).length);
}

const component = fc.constantFrom('a', 'b', 'ab', '\xff', '.meta', '.log');
const path = fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const steps = fc.array(fc.record({ path, directory: fc.boolean() }), { maxLength: 40 });

test('the tree is what a naive map of paths says', () => {
  fc.assert(
    fc.property(steps, fc.array(path), (history, absent) => {
      const tree = new Tree(200, LOG_BYTES);
      const model = new Model();
      history.forEach((step, index) => {
        const name = bytesOf(step.path);
        const entry = step.directory ? mkdir(name) : file(name, 1, new Space().simple(1));
        expect(add(tree, entry, index)).toBe(model.add(step.path, step.directory, INO.first + index));
      });
      expectSame(tree, model);
      for (const name of absent) expect(tree.resolve(bytesOf(name))).toBe(model.paths.get(name)?.ino ?? 0);
    }),
    { numRuns: 300 },
  );
});

test('a new tree has a root and the files of .meta', () => {
  const tree = new Tree(2 * MIB, LOG_BYTES);
  expectSame(tree, new Model());
  expect(tree.kind.get(INO.root)).toBe(KIND.directory);
  expect(tree.parent.get(INO.root)).toBe(INO.root);
  expect(tree.resolve(Buffer.alloc(0))).toBe(INO.root);
  expect(tree.path(INO.root)).toEqual(Buffer.alloc(0));
  expect([tree.size.get(INO.superblock), tree.size.get(INO.log)]).toEqual([2 * MIB, LOG_BYTES]);
  expect([tree.mode.get(INO.root), tree.mode.get(INO.log)]).toEqual([0o755, 0o444]);
  expect(tree.lastIno).toBe(INO.log);
});

test('slashes too many in a path that is looked up do not matter', () => {
  const tree = new Tree(200, LOG_BYTES);
  add(tree, mkdir('a'), 0);
  add(tree, mkdir('a/b'), 1);
  expect(tree.resolve(Buffer.from('//a///b/'))).toBe(INO.first + 1);
  expect(tree.resolve(Buffer.from('a/b/c'))).toBe(0);
});

test('half a thousand directories of a hundred files each are all found', () => {
  const tree = new Tree(200, LOG_BYTES);
  const map = new Space().simple(1);
  const names: string[] = [];
  for (let d = 0; d < 500; d++) {
    names.push(`directory-${d}`);
    for (let f = 0; f < 100; f++) names.push(`directory-${d}/file-${f}`);
  }
  const problems = names.filter((name, i) =>
    add(tree, name.includes('/') ? file(name, 1, map) : mkdir(name), i),
  );
  expect(problems).toEqual([]);
  const wrong = names.filter((name, i) => tree.resolve(Buffer.from(name)) !== INO.first + i);
  expect(wrong).toEqual([]);
  const ghosts = names.filter((name) => tree.resolve(Buffer.from(`${name}x`)) !== 0);
  expect(ghosts).toEqual([]);
  expect([tree.fileCount, tree.directoryCount]).toEqual([50_000, 500]);
  expect(childrenOf(tree, INO.root)).toHaveLength(501);
});

describe('a file keeps', () => {
  const maps: [string, FileMap][] = [
    ['one extent', new Space().simple(5 * MIB)],
    ['sixteen extents', new Space().simple(...Array.from({ length: 16 }, (_, i) => i * MIB))],
    ['one strip', new Space().interleaved(9 * MIB, 1, 4096)],
    ['sixteen strips', new Space().interleaved(99 * MIB, 16, 2 ** 30)],
    ['far extents', { kind: 'simple', extents: [{ devindex: 7, offset: 2 ** 52, length: 2 ** 45 }] }],
  ];

  test.each(maps)('its map: %s', (_name, map) => {
    const tree = new Tree(200, LOG_BYTES);
    add(tree, file('before', 1, new Space().simple(1)), 0);
    const before = tree.mappedBytes;
    add(tree, file('f', 1, map), 1);
    add(tree, file('behind', 1, new Space().simple(1)), 2);
    expect(tree.map(INO.first + 1)).toEqual(map);
    const bytes = extentsOf(map).reduce((sum, extent) => sum + extent.length, 0);
    expect(tree.mappedBytes).toBe(2 * before + bytes);
  });

  test('its size, owner, flags and permission bits, and nothing more of its mode', () => {
    const tree = new Tree(200, LOG_BYTES);
    const size = Number.MAX_SAFE_INTEGER;
    add(
      tree,
      file('f', size, new Space().simple(1), { uid: 2 ** 32 - 1, gid: 7, flags: 1, mode: 0o124755 }),
      3,
    );
    const ino = INO.first + 3;
    expect(tree.size.get(ino)).toBe(size);
    expect([tree.uid.get(ino), tree.gid.get(ino), tree.flags.get(ino)]).toEqual([2 ** 32 - 1, 7, 1]);
    expect(tree.mode.get(ino)).toBe(0o4755);
    expect(tree.lastIno).toBe(ino);
  });

  test('its extents even when its path is taken', () => {
    const tree = new Tree(200, LOG_BYTES);
    const map = new Space().simple(2 * MIB, 4 * MIB);
    add(tree, mkdir('f'), 0);
    expect(add(tree, file('f', 1, map), 1)).toBe('path-file-over-directory');
    expect(tree.map(INO.first + 1)).toEqual(map);
    expect(tree.kind.get(INO.first + 1)).toBe(KIND.none);
    expect([tree.fileCount, tree.mappedBytes]).toEqual([0, 6 * MIB]);
  });
});

test('what is no inode is none, and has no name, map or children', () => {
  const tree = new Tree(200, LOG_BYTES);
  for (const ino of [0, 5, INO.first, 2 ** 31]) {
    expect(tree.kind.get(ino)).toBe(KIND.none);
    expect(tree.name(ino)).toHaveLength(0);
    expect(tree.map(ino)).toEqual({ kind: 'simple', extents: [] });
    expect(childrenOf(tree, ino)).toEqual([]);
  }
});
