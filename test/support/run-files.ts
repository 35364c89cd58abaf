import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seeded } from './random';

/** Bytes that do not repeat, the same for a seed on every run. */
export function noise(bytes: number, seed = 1): Buffer {
  const random = seeded(seed);
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32;
  return Buffer.from(words.buffer, 0, bytes);
}

/** Writes a file with its parent directories. Returns its path. */
export function put(path: string, contents: string | Buffer, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents, { mode });
  return path;
}

/** Paths of files below a directory, relative to it, sorted. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** The names in a directory, sorted; of a mount, without its own .meta. */
export function namesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name !== '.meta')
    .sort();
}

/**
 * Fails, naming the first that is not, unless the files of `target` are all in `source` with the same bytes. Returns
 * how many there are.
 */
export function expectContents(source: string, target: string): number {
  const files = filesBelow(target);
  for (const file of files) {
    if (!readFileSync(join(source, file)).equals(readFileSync(join(target, file)))) {
      throw new Error(`${join(target, file)}: not the contents of ${join(source, file)}`);
    }
  }
  return files.length;
}

/** Fails unless two directories hold the same files with the same bytes. */
export function expectSameTree(source: string, target: string): void {
  expect(filesBelow(target)).toEqual(filesBelow(source));
  expectContents(source, target);
}

export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Permission bits of a path. */
export function modeOf(path: string): number {
  return lstatSync(path).mode & 0o7777;
}
