import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { isSolid } from '../device/data-ranges';
import { type ErrorCode, errnoOf, FamfsError } from '../errors';
import { type PathKind, pathForLog, printable } from '../log/paths';
import { KIND } from '../log/tree';
import type { FileMap } from '../types';
import type { CopyFilter } from './copy-filter';
import { listedTarget } from './copy-list';
import { checkSameSize } from './create';
import type { OwnerSession } from './owner-session';

/** A file or directory to be made, or a file to be overwritten. Paths in bytes; `target` relative to the mount point. */
export interface PlannedItem {
  readonly kind: 'directory' | 'new-file' | 'overwrite';
  readonly source: Buffer;
  readonly target: Buffer;
  readonly size: number;
  /** A file without holes. */
  readonly solid: boolean;
  /** Permission bits of the source. */
  readonly mode: number;
  /** The file that is to be overwritten: its inode, and where its bytes are. */
  readonly existing?: { readonly ino: number; readonly map: FileMap };
}

/** Something that is not copied, and why. */
export interface CopyFailure {
  readonly source: string;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export interface CopyPlan {
  readonly items: PlannedItem[];
  readonly failures: CopyFailure[];
  /** Log entries that carrying it out takes. */
  entries: number;
  /** Bytes of files. */
  bytes: number;
}

const SLASH = Buffer.from('/');

/** Walks sources and decides, against the log's tree, what becomes of each file. Writes nothing. */
export class CopyPlanner {
  readonly plan: CopyPlan = { items: [], failures: [], entries: 0, bytes: 0 };
  /** Directories that the plan makes, by path. */
  readonly #madeDirectories = new Set<string>();
  /** The sources of files that the plan makes or overwrites, by target. */
  readonly #madeFiles = new Map<string, Buffer>();

  constructor(
    private readonly session: OwnerSession,
    private readonly recursive: boolean,
    private readonly filter: CopyFilter,
  ) {}

  /** Plans the copy of `source`, named on the command line (symbolic links are followed there), as `target`. */
  add(source: Buffer, target: Buffer): void {
    try {
      const stats = statSync(source);
      const name = source.subarray(source.lastIndexOf('/') + 1);
      if (stats.isFile() && !this.filter.takes(name, false)) return;
      this.#add(source, target, stats, Buffer.alloc(0));
    } catch (error) {
      this.#fail(source, error);
    }
  }

  /** Plans the copy of what is in the directory `source` into the directory `target`. */
  addContents(source: Buffer, target: Buffer): void {
    try {
      const stats = statSync(source);
      if (!stats.isDirectory()) throw new FamfsError('source', `${printable(source)}: not a directory`);
      this.#checkRecursive(source);
      this.#addDirectory(source, target, stats.mode, Buffer.alloc(0));
    } catch (error) {
      this.#fail(source, error);
    }
  }

  /**
   * Plans the copy of a path in a list to that path below the directory `base`, with the directories on the way. A
   * listed directory itself is copied without what is in it, unless with -r.
   */
  addListed(source: Buffer, base: Buffer): void {
    try {
      const relative = listedTarget(source);
      const stats = statSync(source);
      if (!this.filter.takes(relative, stats.isDirectory())) return;
      const prefix = source[0] === SLASH[0] ? SLASH : Buffer.alloc(0);
      for (let end = relative.indexOf('/'); end !== -1; end = relative.indexOf('/', end + 1)) {
        const parent = relative.subarray(0, end);
        const from = Buffer.concat([prefix, parent]);
        this.#planDirectory(from, joined(base, parent), statSync(from).mode);
      }
      if (this.recursive || !stats.isDirectory()) this.#add(source, joined(base, relative), stats, relative);
      else if (relative.length > 0) this.#planDirectory(source, joined(base, relative), stats.mode);
    } catch (error) {
      this.#fail(source, error);
    }
  }

  /** `below` is the path relative to the source on the command line, which filters look at. */
  #add(source: Buffer, target: Buffer, stats: Stats, below: Buffer): void {
    if (stats.isDirectory()) {
      this.#checkRecursive(source);
      this.#addDirectory(source, target, stats.mode, below);
    } else if (stats.isFile()) this.#addFile(source, target, stats);
    else
      throw new FamfsError(
        'source',
        `${printable(source)}: ${typeName(stats)}, skipped: famfs has files and directories only`,
      );
  }

  #checkRecursive(source: Buffer): void {
    if (!this.recursive)
      throw new FamfsError('source', `${printable(source)}: is a directory, which -r copies`);
  }

  #addDirectory(source: Buffer, target: Buffer, mode: number, below: Buffer): void {
    if (target.length > 0) this.#planDirectory(source, target, mode);
    const names = readdirSync(source, 'buffer');
    names.sort(Buffer.compare);
    for (const name of names) {
      const child = Buffer.concat([source, SLASH, name]);
      try {
        const stats = lstatSync(child);
        const path = joined(below, name);
        if (this.filter.takes(path, stats.isDirectory())) {
          this.#add(child, joined(target, name), stats, path);
        }
      } catch (error) {
        this.#fail(child, error);
      }
    }
  }

  #planDirectory(source: Buffer, target: Buffer, mode: number): void {
    checkTarget(source, target, 'directory', '; it and all below it are left out');
    const existing = this.session.tree.resolve(target);
    const key = target.toString('latin1');
    if (
      this.#madeFiles.has(key) ||
      (existing !== 0 && this.session.tree.kind.get(existing) !== KIND.directory)
    ) {
      throw new FamfsError('exists', `${printable(target)}: exists and is not a directory`);
    }
    if (existing !== 0 || this.#madeDirectories.has(key)) return;
    this.#madeDirectories.add(key);
    this.plan.entries++;
    this.plan.items.push({ kind: 'directory', source, target, size: 0, solid: true, mode: mode & 0o7777 });
  }

  #addFile(source: Buffer, target: Buffer, stats: Stats): void {
    checkTarget(source, target, 'file', '');
    const key = target.toString('latin1');
    const other = this.#madeFiles.get(key);
    if (other && isSameFile(other, stats)) return;
    if (other || this.#madeDirectories.has(key)) {
      throw new FamfsError(
        'exists',
        `${printable(source)}: another source is copied to ${printable(target)}`,
      );
    }
    const { blocks, mode, size } = stats;
    const item = { source, target, size, solid: isSolid({ blocks, size }), mode: mode & 0o7777 };
    const existing = this.session.tree.resolve(target);
    if (existing === 0) {
      this.plan.items.push({ kind: 'new-file', ...item });
      this.plan.entries++;
    } else {
      if (this.session.tree.kind.get(existing) !== KIND.file) {
        throw new FamfsError('exists', `${printable(target)}: exists and is not a file`);
      }
      checkSameSize(printable(target), this.session.tree.size.get(existing), stats.size);
      this.plan.items.push({
        kind: 'overwrite',
        ...item,
        existing: { ino: existing, map: this.session.tree.map(existing) },
      });
    }
    this.#madeFiles.set(key, source);
    this.plan.bytes += stats.size;
  }

  #fail(source: Buffer, error: unknown): void {
    this.plan.failures.push(failureOf(source, error));
  }
}

function isSameFile(path: Buffer, { dev, ino }: Stats): boolean {
  const stats = statSync(path);
  return stats.dev === dev && stats.ino === ino;
}

/** A path inside a directory; the directory is empty for the root. */
export function joined(directory: Buffer, name: Buffer): Buffer {
  if (directory.length === 0) return name;
  return name.length === 0 ? directory : Buffer.concat([directory, SLASH, name]);
}

/** The failure to report for an error that concerns one source. Defects are thrown on. */
export function failureOf(source: Buffer, error: unknown): CopyFailure {
  if (error instanceof FamfsError) {
    const { code, hint, message } = error;
    return { source: printable(source), code, message, ...(hint === undefined ? {} : { hint }) };
  }
  const code = errnoOf(error);
  if (code === undefined) throw error;
  return {
    source: printable(source),
    code: 'source',
    message: `${printable(source)}: cannot be read: ${code}`,
  };
}

/** Throws what pathForLog throws, with the source named. */
function checkTarget(source: Buffer, target: Buffer, kind: PathKind, consequence: string): void {
  try {
    pathForLog(target, kind);
  } catch (cause) {
    if (!(cause instanceof FamfsError)) throw cause;
    throw new FamfsError(cause.code, `${printable(source)}: ${cause.message}${consequence}`, cause.hint, {
      cause,
    });
  }
}

function typeName(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isSocket()) return 'a socket';
  if (stats.isFIFO()) return 'a named pipe';
  return 'a device';
}
