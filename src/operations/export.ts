import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { FamfsError } from '../errors';
import { printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import { pathBytes } from '../path-bytes';
import { childrenByName } from './list';
import { piecesOf, writeFully } from './pieces';
import { type View, withView } from './view';
import { asWriteFailure, writeWhole } from './write-whole';

export interface ExportOptions {
  /** Replace files that exist, and add to directories that do. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** Called with the path, from the root, of each file that was copied. */
  readonly onFile?: (path: string) => void;
}

export interface ExportFailure {
  readonly path: string;
  readonly message: string;
}

export interface ExportResult {
  readonly destination: string;
  readonly files: number;
  readonly directories: number;
  /** Bytes of the files. */
  readonly bytes: number;
  readonly failures: ExportFailure[];
  /** Entries of the log that are damaged, and so not copied. */
  readonly notShown: number;
}

/** Set-user-ID, set-group-ID and sticky bits from a shared device are not given to files of this host. */
const EXPORTED_MODE_BITS = 0o777;
const OWNER_ONLY = 0o700;

/**
 * Copies a file, or a directory with all below it, to `destination`, which is the name of the copy itself. A file
 * appears under its name when all of it is there. Nothing is written but `destination` and what is below it.
 * Throws FamfsError `exists` where it exists and force is not set, `source` where it cannot be written, `not-found`,
 * `interrupted`, and for a single file what its copy fails with.
 */
export function exportTree(
  target: string,
  path: string,
  destination: string,
  options: ExportOptions = {},
): Promise<ExportResult> {
  return withView(target, { path }, async (view) => {
    const start = view.find();
    const copy = pathBytes(resolve(destination));
    const work = new Export(view, options);
    try {
      if (lstatSync(copy, { throwIfNoEntry: false }) && !options.force) {
        throw new FamfsError(
          'exists',
          `${destination}: exists already`,
          '--force replaces files and adds to directories',
        );
      }
      if (view.tree.kind.get(start) === KIND.directory) await work.directory(start, copy);
      else await work.file(start, copy);
    } catch (error) {
      throw asWriteFailure(destination, error);
    }
    const { bytes, directories, failures, files } = work;
    return { destination, files, directories, bytes, failures, notShown: view.notShown };
  });
}

class Export {
  files = 0;
  directories = 0;
  bytes = 0;
  readonly failures: ExportFailure[] = [];

  constructor(
    private readonly view: View,
    private readonly options: ExportOptions,
  ) {}

  /** Copies a directory. Its own mode is set last: it may forbid writing. */
  async directory(ino: number, destination: Buffer): Promise<void> {
    const { tree } = this.view;
    const made = makeDirectory(destination);
    for (const child of childrenByName(tree, ino)) {
      if (child === INO.meta) continue;
      const copy = Buffer.concat([destination, Buffer.from('/'), tree.name(child)]);
      try {
        if (tree.kind.get(child) === KIND.directory) await this.directory(child, copy);
        else await this.file(child, copy);
      } catch (error) {
        if (error instanceof FamfsError && error.code === 'interrupted') throw error;
        this.failures.push({ path: printable(tree.path(child)), message: reasonOf(error, copy) });
      }
    }
    if (made) chmodSync(destination, tree.mode.get(ino) & EXPORTED_MODE_BITS);
    this.directories++;
  }

  /** Copies a file, which appears when it is whole. */
  async file(ino: number, destination: Buffer): Promise<void> {
    const file = this.view.openFile(ino);
    const mode = this.view.tree.mode.get(ino) & EXPORTED_MODE_BITS;
    try {
      await writeWhole(destination, { mode, replace: this.options.force === true }, async (fd) => {
        for (const piece of piecesOf(file)) {
          if (this.options.signal?.aborted) throw this.#interrupted();
          await writeFully(fd, piece);
        }
      });
    } finally {
      file.close();
    }
    this.files++;
    this.bytes += file.size;
    this.options.onFile?.(printable(this.view.tree.path(ino)));
  }

  #interrupted(): FamfsError {
    return new FamfsError('interrupted', `interrupted; ${this.files} files were copied, each of them whole`);
  }
}

/** Makes a directory unless it is there; true when it was made. A link to one is none. */
function makeDirectory(path: Buffer): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) return false;
  if (there) throw new FamfsError('exists', `${printable(path)}: exists and is not a directory`);
  mkdirSync(path, { mode: OWNER_ONLY });
  return true;
}

function reasonOf(error: unknown, path: Buffer): string {
  const failure = asWriteFailure(printable(path), error);
  if (failure instanceof FamfsError) return failure.message;
  throw failure;
}
