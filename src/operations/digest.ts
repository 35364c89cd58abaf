import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errnoOf, FamfsError } from '../errors';
import { printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import { pathBytes } from '../path-bytes';
import { childrenByName } from './list';
import { locate } from './mounts';
import { piecesOf } from './pieces';
import { pathInside, View } from './view';
import { Views } from './views';

export interface DigestOptions {
  /** Read these paths, from its root, of the file system on this device; without it they are paths in mounts. */
  readonly device?: string | undefined;
  /** Go into directories. */
  readonly recursive?: boolean;
  readonly signal?: AbortSignal;
}

/** A file's SHA-256 in lower-case hexadecimal, or why there is none. `path` as it was given, or found below it. */
export type Digest = { readonly path: Buffer; readonly shownPath: string } & (
  | { readonly sha256: string }
  | { readonly failure: FamfsError }
);

/**
 * Hashes files, in the order given and by name in directories. A file that cannot be read is reported in its place.
 * Throws FamfsError `interrupted`.
 */
export async function* digests(
  paths: readonly string[],
  { device, recursive = false, signal }: DigestOptions,
): AsyncGenerator<Digest> {
  const views = new Views();
  const unmounted = device === undefined ? undefined : View.open(device);
  const find = (path: string): { view: View; inside: Buffer } => {
    if (unmounted) return { view: unmounted, inside: pathInside(path) };
    const { mount, relative } = locate(path);
    return { view: views.of(mount), inside: relative };
  };
  try {
    for (const path of paths) {
      try {
        const { inside, view } = find(path);
        yield* digestsBelow(view, view.find(inside), pathBytes(path), { recursive, signal });
      } catch (error) {
        yield failed(pathBytes(path), error);
      }
    }
  } finally {
    unmounted?.close();
    views.close();
  }
}

interface HashOptions {
  readonly recursive: boolean;
  readonly signal: AbortSignal | undefined;
}

async function* digestsBelow(
  view: View,
  ino: number,
  path: Buffer,
  options: HashOptions,
): AsyncGenerator<Digest> {
  if (view.tree.kind.get(ino) !== KIND.directory) {
    yield await digestOf(view, ino, path, options.signal);
    return;
  }
  if (!options.recursive) {
    yield failed(path, new FamfsError('source', 'is a directory; -r hashes the files in it'));
    return;
  }
  for (const child of childrenByName(view.tree, ino)) {
    if (child === INO.meta) continue;
    yield* digestsBelow(view, child, joined(path, view.tree.name(child)), options);
  }
}

function joined(path: Buffer, name: Buffer): Buffer {
  const slash = path.length > 0 && path.at(-1) !== 0x2f ? '/' : '';
  return Buffer.concat([path, Buffer.from(slash), name]);
}

async function digestOf(view: View, ino: number, path: Buffer, signal?: AbortSignal): Promise<Digest> {
  try {
    const file = view.openFile(ino);
    try {
      const hash = createHash('sha256');
      for (const piece of piecesOf(file)) {
        hash.update(piece);
        await nextTurn();
        if (signal?.aborted) throw new FamfsError('interrupted', `interrupted at ${printable(path)}`);
      }
      return { path, shownPath: printable(path), sha256: hash.digest('hex') };
    } finally {
      file.close();
    }
  } catch (error) {
    return failed(path, error);
  }
}

function failed(path: Buffer, error: unknown): Digest {
  return { path, shownPath: printable(path), failure: asFailure(error) };
}

function asFailure(error: unknown): FamfsError {
  if (error instanceof FamfsError) {
    if (error.code === 'interrupted') throw error;
    return error;
  }
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
  return new FamfsError('device-io', `cannot be read: ${errno}`, undefined, { cause: error });
}
