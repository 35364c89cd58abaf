import { readFileSync } from 'node:fs';
import { FamfsError } from '../errors';
import { pathText, shownText } from '../path-bytes';

/** Verbs that take paths of files, whose names are bytes. Those of devices and mount points are text. */
const TAKE_BYTES: ReadonlySet<string> = new Set([
  'cat',
  'chkread',
  'clone',
  'cp',
  'creat',
  'digest',
  'export',
  'flush',
  'getmap',
  'ls',
  'mkdir',
  'verify',
]);
const REPLACEMENT = '\ufffd';

/**
 * A command line whose arguments have all their bytes, see path-bytes: Node.js puts U+FFFD in place of what is no
 * UTF-8. Throws FamfsError `usage` for such an argument of a verb that takes none.
 */
export function rawArguments(argv: readonly string[]): string[] {
  if (!argv.some((word) => word.includes(REPLACEMENT))) return [...argv];
  const raw = splitAtNul(readFileSync('/proc/self/cmdline')).slice(-argv.length);
  return argv.map((word, index) => {
    const bytes = raw[index];
    if (!word.includes(REPLACEMENT) || bytes?.toString() !== word) return word;
    const text = pathText(bytes);
    if (text === word || TAKE_BYTES.has(argv[0] ?? '')) return text;
    throw new FamfsError(
      'usage',
      `${shownText(text)}: not UTF-8, which names of devices and mount points must be`,
    );
  });
}

function splitAtNul(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0, start);
    parts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return parts;
}
