import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { errnoOf, FamfsError } from '../errors';
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
 * Reads a list from a file, or from standard input where it is called "-": a line for each item, or with `nul` items
 * that end with NUL. Empty items are left out.
 * Throws FamfsError `source` when the list cannot be read, and what `parse` throws with the place in the list.
 */
export async function readList<T>(file: string, nul: boolean, parse: (item: string) => T): Promise<T[]> {
  const items = await readBytes(file);
  if (!isUtf8(items)) throw new FamfsError('source', `${file}: not UTF-8`);
  const list: T[] = [];
  for (const [index, item] of items
    .toString()
    .split(nul ? '\0' : '\n')
    .entries()) {
    if (item === '') continue;
    try {
      list.push(parse(item));
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      throw new FamfsError(error.code, `${file}, item ${index + 1}: ${error.message}`, error.hint);
    }
  }
  return list;
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return file === '-' ? await buffer(process.stdin) : readFileSync(file);
  } catch (cause) {
    throw new FamfsError('source', `${file}: cannot be read: ${errnoOf(cause)}`, undefined, { cause });
  }
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
