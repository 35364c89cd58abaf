import { isUtf8 } from 'node:buffer';
import picomatch from 'picomatch';
import { FamfsError } from '../errors';
import { pathBytes } from '../path-bytes';

/** A rule of --include or --exclude, in the order given on the command line. */
export interface FilterRule {
  readonly include: boolean;
  readonly pattern: string;
}

type Test = (path: Buffer, isDirectory: boolean) => boolean;

/**
 * Which paths below a source are copied: the first rule that matches decides, and what none matches is copied. A
 * pattern with a slash is for the whole path relative to the source, one without for the last component; a slash at
 * its end makes it one for directories alone. `*` and `?` do not match a slash, `**` does; `[!a]` and `{a,b}` are as in bash.
 */
export class CopyFilter {
  readonly #rules: readonly { readonly include: boolean; readonly matches: Test }[];

  /** Throws FamfsError `usage` for an empty pattern. */
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
  const bare = pattern.replace(/^\/+|\/+$/g, '');
  if (bare === '') throw new FamfsError('usage', `"${pattern}" is not a pattern`);
  const wholePath = pattern.replace(/\/+$/, '').includes('/');
  const asText = compile(bare);
  // A name that is no UTF-8 is matched byte by byte.
  const asBytes = compile(pathBytes(bare).toString('latin1'));
  return (path, isDirectory) => {
    if (directoriesOnly && !isDirectory) return false;
    const subject = wholePath ? path : path.subarray(path.lastIndexOf('/') + 1);
    return isUtf8(subject) ? asText(subject.toString()) : asBytes(subject.toString('latin1'));
  };
}

function compile(pattern: string): (text: string) => boolean {
  return picomatch(pattern, { dot: true, nonegate: true, posix: true, strictSlashes: true });
}
