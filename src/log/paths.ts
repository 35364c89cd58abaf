import { isUtf8 } from 'node:buffer';
import { FamfsError } from '../errors';
import { shownBytes, shownLine } from '../path-bytes';
import type { FindingCode } from './findings';
import { MAX_PATH, PATH_BYTES } from './layout';

export const META_DIRECTORY = '.meta';
/** The one file under .meta that is logged like any other: default stripe options. */
export const LOGGED_META_FILE = Buffer.from('.meta/.alloc.cfg');

const SLASH = 0x2f;
const DOT = 0x2e;
const FIRST_PRINTABLE = 0x20;
const DELETE = 0x7f;
const META = Buffer.from(META_DIRECTORY);

/** Bytes of the NUL-terminated path at `start`, or -1 when 80 bytes hold no NUL. */
export function pathLength(bytes: Buffer, start: number): number {
  for (let i = 0; i < PATH_BYTES; i++) if (bytes[start + i] === 0) return i;
  return -1;
}

/** What a path is to name. */
export type PathKind = 'file' | 'directory';

/** Calls `report` for each rule that the path in bytes start..start+length breaks. */
export function checkPath(
  bytes: Buffer,
  start: number,
  length: number,
  report: (code: FindingCode) => void,
  kind: PathKind = 'file',
): void {
  if (length === 0) {
    report('path-empty');
    return;
  }
  const end = start + length;
  if (bytes[start] === SLASH) report('path-absolute');
  else if (bytes[end - 1] === SLASH) report('path-trailing-slash');
  let control = false;
  let high = false;
  let componentStart = start;
  for (let i = start; i <= end; i++) {
    const byte = i === end ? SLASH : (bytes[i] as number);
    if (byte === SLASH) {
      checkComponent(bytes, componentStart, i, i === end || componentStart === start, report);
      componentStart = i + 1;
    } else if (byte < FIRST_PRINTABLE || byte === DELETE) control = true;
    else if (byte > DELETE) high = true;
  }
  if (isReserved(bytes, start, end, kind)) report('path-reserved');
  if (control) report('path-control');
  if (high && !isUtf8(bytes.subarray(start, end))) report('path-utf8');
}

function checkComponent(
  bytes: Buffer,
  start: number,
  end: number,
  outer: boolean,
  report: (code: FindingCode) => void,
) {
  const length = end - start;
  if (length === 0 && !outer) report('path-empty-component');
  if (length === 1 && bytes[start] === DOT) report('path-dot');
  if (length === 2 && bytes[start] === DOT && bytes[start + 1] === DOT) report('path-dotdot');
}

function isReserved(bytes: Buffer, start: number, end: number, kind: PathKind): boolean {
  if (
    bytes[start] !== DOT ||
    bytes.compare(META, 0, META.length, start, Math.min(end, start + META.length)) !== 0
  ) {
    return false;
  }
  if (end > start + META.length && bytes[start + META.length] !== SLASH) return false;
  return kind === 'directory' || !bytes.subarray(start, end).equals(LOGGED_META_FILE);
}

/** A path, or a name, for people and JSON: UTF-8, with control characters and stray bytes as \xHH. */
export function printable(bytes: Buffer): string {
  return shownLine(shownBytes(bytes));
}

/**
 * A path given by a user, relative to the mount point, as the log stores it.
 * Throws FamfsError `path-too-long` above 79 bytes and `bad-path` for what fsck would object to.
 */
export function pathForLog(path: Buffer, kind: PathKind = 'file'): Buffer {
  if (path.length > MAX_PATH) {
    throw new FamfsError(
      'path-too-long',
      `${printable(path)}: the path has ${path.length} bytes, famfs stores at most ${MAX_PATH}`,
      'choose a shorter name or a directory less deep',
    );
  }
  if (path.includes(0)) throw new FamfsError('bad-path', `${printable(path)}: a path cannot hold a NUL`);
  const refuse = (code: FindingCode) => {
    if (code === 'path-control' || code === 'path-utf8') return;
    throw new FamfsError('bad-path', `${printable(path) || '(empty path)'}: cannot be stored (${code})`);
  };
  checkPath(path, 0, path.length, refuse, kind);
  return path;
}
