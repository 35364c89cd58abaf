import { statSync } from 'node:fs';
import { FamfsError } from '../errors';
import { printable } from '../log/paths';
import { KIND } from '../log/tree';
import { pathBytes } from '../path-bytes';
import type { FileMap } from '../types';
import { locate } from './mounts';
import { Views } from './views';

/** What is known of one path: its map; that it lies in no famfs; or that it is in one, but is no file of its log. */
export type MappedPath =
  | { readonly path: string; readonly state: 'mapped'; readonly size: number; readonly map: FileMap }
  | { readonly path: string; readonly state: 'not-famfs' | 'not-mapped'; readonly reason: string };

/**
 * Tells where the files at `paths`, in mounts, are on their devices. Each file system is read once.
 * Throws what opening a view throws, but for a path that is in no mount.
 */
export function* getmap(paths: readonly string[]): Generator<MappedPath> {
  const views = new Views();
  try {
    for (const path of paths) yield mapOfPath(path, views);
  } finally {
    views.close();
  }
}

function mapOfPath(path: string, views: Views): MappedPath {
  const location = locationOf(path);
  if (!location) return { path, state: 'not-famfs', reason: 'not in a mounted famfs' };
  const { mount, relative } = location;
  const view = views.of(mount);
  const ino = view.tree.resolve(relative);
  const kind = view.tree.kind.get(ino);
  if (ino === 0) return { path, state: 'not-mapped', reason: `no ${printable(relative)} in the log` };
  if (kind === KIND.directory) return { path, state: 'not-mapped', reason: 'is a directory' };
  if (statSync(pathBytes(path), { throwIfNoEntry: false })?.ino !== ino) {
    return { path, state: 'not-mapped', reason: 'the mount does not serve this file of its log' };
  }
  return { path, state: 'mapped', size: view.tree.size.get(ino), map: view.mapOf(ino) };
}

function locationOf(path: string) {
  try {
    return locate(path);
  } catch (error) {
    if (error instanceof FamfsError && ['not-mounted', 'bad-path'].includes(error.code)) return undefined;
    throw error;
  }
}
