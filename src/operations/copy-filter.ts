import { isUtf8 } from 'node:buffer';
import { FamfsError } from '../errors';
import { pathBytes } from '../path-bytes';
import { Glob } from './glob';

/** A rule of --include or --exclude, in the order given on the command line. */
export interface FilterRule {
  readonly include: boolean;
  readonly pattern: string;
}

/** In characters. What a pattern takes grows with its length, and paths in famfs are short. */
const LONGEST_PATTERN = 1000;

type Test = (path: Buffer, isDirectory: boolean) => boolean;

/**
 * Which paths below a source are copied: the first rule that matches decides, and what none matches is copied. A
 * pattern with a slash is for the whole path relative to the source, one without for the last component; a slash at
 * its end makes it one for directories alone. `*` and `?` do not match a slash, `**` does; `[!a]` and `{a,b}` are as in bash.
 */
export class CopyFilter {
  readonly #rules: readonly { readonly include: boolean; readonly matches: Test }[];

  /** Throws FamfsError `usage` for a pattern that is empty or too long. */
  constructor(rules: readonly FilterRule[]) {
    this.#rules = rules.map(({ include, pattern }) => ({ include, matches: testOf(pattern) }));
  }

  /** `path` in bytes, relative to the source, without a slash at its end. */
  takes(path: Buffer, isDirectory: boolean): boolean {
    return this.#rules.find(({ matches }) => matches(path, isDirectory))?.include ?? true;
  }
}

function testOf(pattern: string): Test {
  const directoriesOnly = pattern.endsWith('/');
  const bare = pattern.replace(/^(?:\.?\/)+|\/+$/g, '');
  if (bare === '') throw new FamfsError('usage', `"${pattern}" is not a pattern`);
  if (pattern.length > LONGEST_PATTERN) {
    const what = `a pattern of ${pattern.length} characters; ${LONGEST_PATTERN} is the most`;
    throw new FamfsError('usage', `"${pattern.slice(0, 20)}...": ${what}`);
  }
  const wholePath = pattern.replace(/\/+$/, '').includes('/');
  const asText = new Glob(bare);
  // A name that is no UTF-8 is matched byte by byte.
  const asBytes = new Glob(pathBytes(bare).toString('latin1'));
  return (path, isDirectory) => {
    if (directoriesOnly && !isDirectory) return false;
    const subject = wholePath ? path : path.subarray(path.lastIndexOf('/') + 1);
    return isUtf8(subject) ? asText.matches(subject.toString()) : asBytes.matches(subject.toString('latin1'));
  };
}
