import { createReadStream } from 'node:fs';
import { isAbsolute, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { errnoOf, FamfsError } from '../errors';
import { printable } from '../log/paths';

const NEWLINE = 0x0a;

/**
 * The paths, as bytes, in a list that has one a line, or with `nul` one before each NUL byte. `file` is `-` for
 * standard input. Empty lines are left out. Throws FamfsError `source` when the list cannot be read.
 */
export async function readList(file: string, nul: boolean, signal?: AbortSignal): Promise<Buffer[]> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  const stop = () => input.destroy(new FamfsError('interrupted', 'interrupted before anything was copied'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of input) chunks.push(chunk as Buffer);
  } catch (cause) {
    if (cause instanceof FamfsError) throw cause;
    throw new FamfsError('source', `${file}: cannot be read: ${errnoOf(cause)}`, undefined, { cause });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
  return splitAt(Buffer.concat(chunks), nul ? 0 : NEWLINE);
}

function splitAt(bytes: Buffer, separator: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const at = bytes.indexOf(separator, start);
    const end = at === -1 ? bytes.length : at;
    if (end > start) parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

/**
 * Where a listed path goes below the destination: the path itself without `.` components, and without the slash it
 * begins with; empty for the current directory. Throws FamfsError `source` for one that leads out by `..`.
 */
export function listedTarget(path: Buffer): Buffer {
  // latin1 carries any bytes through a string and back.
  const text = posix.normalize(path.toString('latin1'));
  const relative = (isAbsolute(text) ? text.slice(1) : text).replace(/\/$/, '');
  if (relative === '..' || relative.startsWith('../')) {
    throw new FamfsError('source', `${printable(path)}: leads out of the current directory by ".."`);
  }
  return relative === '.' ? Buffer.alloc(0) : Buffer.from(relative, 'latin1');
}
