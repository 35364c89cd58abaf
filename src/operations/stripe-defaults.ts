import { FamfsError } from '../errors';
import { LOGGED_META_FILE } from '../log/paths';
import { KIND } from '../log/tree';
import type { StripeOptions } from '../types';
import type { OwnerSession, WriteOptions } from './owner-session';
import { readMapped } from './same-contents';

const MOST_BYTES = 65_536;
const SIZE_PATTERN = /^(?<number>0x[0-9a-f]+|\d+)(?<unit>[kmg]?)$/i;
const KEYS = ['nbuckets', 'nstrips', 'chunk_size'] as const;

/**
 * How new files are spread: as the options say, or else as the file system's defaults do.
 * Throws FamfsError `usage` for options that do not fit the devices.
 */
export async function stripeFor(
  session: OwnerSession,
  options: Pick<WriteOptions, 'onWarning'> & { readonly stripe?: StripeOptions },
): Promise<StripeOptions | undefined> {
  const { stripe } = options;
  if (!stripe) return stripeDefaults(session, options);
  session.allocator.checkStripe(stripe);
  return stripe;
}

/**
 * How files are spread where nobody says: the stripe options in the file .meta/.alloc.cfg of the file system, if it
 * has one. What is wrong with it is told by `onWarning`, and files then lie in one piece each.
 */
async function stripeDefaults(
  session: OwnerSession,
  { onWarning }: Pick<WriteOptions, 'onWarning'>,
): Promise<StripeOptions | undefined> {
  const ino = session.tree.resolve(LOGGED_META_FILE);
  if (ino === 0 || session.tree.kind.get(ino) !== KIND.file) return undefined;
  try {
    const stripe = await parseAllocConfig(readConfig(session, ino));
    if (stripe) session.allocator.checkStripe(stripe);
    return stripe;
  } catch (error) {
    if (!(error instanceof FamfsError) || error.code !== 'usage') throw error;
    onWarning?.(`${LOGGED_META_FILE}: ${error.message}; files are not striped`);
    return undefined;
  }
}

function readConfig(session: OwnerSession, ino: number): string {
  const size = session.tree.size.get(ino);
  const map = session.tree.map(ino);
  if (size > MOST_BYTES) throw new FamfsError('usage', `${size} bytes are too many`);
  const bytes = Buffer.alloc(size);
  readMapped(session.members, map, 0, bytes);
  return bytes.toString();
}

/**
 * Reads stripe options from YAML: under `interleaved_alloc`, the numbers `nbuckets`, `nstrips` and `chunk_size`, which
 * may end in k, m or g. All zero, or nothing at all, means files in one piece: undefined.
 * Throws FamfsError `usage` for anything else.
 */
export async function parseAllocConfig(text: string): Promise<StripeOptions | undefined> {
  const { parseDocument } = await import('yaml');
  // Without a schema every scalar is text: sizes are ours to read.
  const document = parseDocument(text, { schema: 'failsafe' });
  const [problem] = document.errors;
  if (problem) throw new FamfsError('usage', `no YAML: ${problem.message.split('\n')[0]}`);
  const root: unknown = document.toJS();
  if (root === null || root === undefined || root === '') return undefined;
  const values = numbersIn(
    mapping(mapping({ root }, ['root'], 'root'), ['interleaved_alloc'], 'interleaved_alloc'),
  );
  const { chunk_size: chunkSize, nbuckets, nstrips } = values;
  if (chunkSize === 0 && nbuckets === 0 && nstrips === 0) return undefined;
  return { chunkSize, nstrips, ...(nbuckets === 0 ? {} : { nbuckets }) };
}

/** The mapping under `key` of `parent`, which must have no keys but `known`. */
function mapping(
  parent: Record<string, unknown>,
  known: readonly string[],
  key: string,
): Record<string, unknown> {
  const unknown = Object.keys(parent).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new FamfsError('usage', `"${unknown}" is not known there`);
  const value = parent[key];
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new FamfsError('usage', 'must hold interleaved_alloc with nbuckets, nstrips and chunk_size below it');
}

function numbersIn(values: Record<string, unknown>): Record<(typeof KEYS)[number], number> {
  const unknown = Object.keys(values).find((name) => !KEYS.some((key) => key === name));
  if (unknown !== undefined) throw new FamfsError('usage', `"${unknown}" is not known there`);
  const [nbuckets, nstrips, chunkSize] = KEYS.map((key) => numberOf(key, values[key] ?? '0'));
  return { nbuckets: nbuckets ?? 0, nstrips: nstrips ?? 0, chunk_size: chunkSize ?? 0 };
}

function numberOf(key: string, value: unknown): number {
  const { number = '', unit = '' } = SIZE_PATTERN.exec(String(value))?.groups ?? {};
  const bytes = Number(number) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ');
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new FamfsError('usage', `${key} is "${String(value)}", which is no number`);
}
