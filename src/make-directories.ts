import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from './errors';

/**
 * Makes a directory and, `withParents`, those above it that are not there. Returns whether it was made. Throws the
 * system's error: mkdir of Node.js, when it makes several, says ENOENT for a file system that is read-only.
 */
export function makeDirectories(path: string, mode = 0o777, withParents = true): boolean {
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && statSync(path).isDirectory()) return false;
    if (errnoOf(error) !== 'ENOENT' || !withParents) throw error;
    makeDirectories(dirname(path), mode);
    return makeDirectories(path, mode, false);
  }
}
