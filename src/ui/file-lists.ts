import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { errnoOf, FamfsError } from '../errors';
import { pathBytes, pathText } from '../path-bytes';
import { isSeedLike, parseSeed } from './seeds';
import { parseSize } from './sizes';

/** A file to be created, as people write it. `size` in bytes. */
export interface SizedName {
  readonly path: string;
  readonly size: number;
  readonly seed?: number;
}

/** A file and the seed of its contents. */
export interface SeededName {
  readonly path: string;
  readonly seed: number;
}

const NEWLINE = 0x0a;
const SIZED_HINT = 'give NAME,SIZE or NAME,SIZE,SEED, for example /mnt/famfs/a,64m,42';

/**
 * Takes apart NAME,SIZE or NAME,SIZE,SEED. The name may hold commas: the last field is a seed where it is a number and
 * the field before it a size. An empty last field stands for no seed.
 * Throws FamfsError `usage`, which shows the text, for anything else.
 */
export function parseSizedName(text: string): SizedName {
  const fields = text.split(',');
  const last = fields.pop() ?? '';
  const before = fields.at(-1) ?? '';
  try {
    if (fields.length >= 2 && (last === '' || isSeedLike(last)) && isSize(before)) {
      fields.pop();
      const seed = last === '' ? {} : { seed: parseSeed(last) };
      return { path: nameOf(fields, text), size: parseSize(before), ...seed };
    }
    return { path: nameOf(fields, text), size: parseSize(last) };
  } catch (error) {
    throw error instanceof FamfsError ? about(text, error, SIZED_HINT) : error;
  }
}

/**
 * Takes apart FILE,SEED; the file's name may hold commas.
 * Throws FamfsError `usage`, which shows the text, for anything else.
 */
export function parseSeededName(text: string): SeededName {
  const fields = text.split(',');
  const last = fields.pop() ?? '';
  try {
    return { path: nameOf(fields, text), seed: parseSeed(last) };
  } catch (error) {
    const hint = 'give FILE,SEED, for example /mnt/famfs/a,42';
    throw error instanceof FamfsError ? about(text, error, hint) : error;
  }
}

/**
 * Reads a list as readItems does, and takes each item apart with `parse`. Empty items are left out.
 * Throws FamfsError `source` when the list cannot be read, and what `parse` throws with the place in the list.
 */
export async function readList<T>(file: string, nul: boolean, parse: (item: string) => T): Promise<T[]> {
  const list: T[] = [];
  for (const [index, item] of (await readItems(file, nul)).entries()) {
    if (item.length === 0) continue;
    try {
      list.push(parse(pathText(item)));
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      throw new FamfsError(error.code, `${file}, item ${index + 1}: ${error.message}`, error.hint);
    }
  }
  return list;
}

/**
 * The items, as bytes, of a list in a file, or on standard input where it is called "-": a line for each, or with `nul`
 * what stands before each NUL. Throws FamfsError `source` when it cannot be read, `interrupted` by the signal.
 */
export async function readItems(file: string, nul: boolean, signal?: AbortSignal): Promise<Buffer[]> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(pathBytes(file));
  const stop = () => input.destroy(new FamfsError('interrupted', 'interrupted before anything was done'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return splitAt(await buffer(input), nul ? 0 : NEWLINE);
  } catch (cause) {
    if (cause instanceof FamfsError) throw cause;
    throw new FamfsError('source', `${file}: cannot be read: ${errnoOf(cause)}`, undefined, { cause });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

function splitAt(bytes: Buffer, separator: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const at = bytes.indexOf(separator, start);
    const end = at === -1 ? bytes.length : at;
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}

function isSize(text: string): boolean {
  try {
    parseSize(text);
    return true;
  } catch {
    return false;
  }
}

function nameOf(fields: readonly string[], text: string): string {
  const name = fields.join(',');
  if (name === '') throw new FamfsError('usage', `"${text}" has too few fields`);
  return name;
}

function about(text: string, { code, message }: FamfsError, hint: string): FamfsError {
  return new FamfsError(code, message.includes(`"${text}"`) ? message : `"${text}": ${message}`, hint);
}
