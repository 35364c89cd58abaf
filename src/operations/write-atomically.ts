import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { errnoOf, FamfsError } from '../errors';

/**
 * Writes a text file so that its name leads to the former contents or to all of the new ones.
 * Throws FamfsError `source` when it cannot be written.
 */
export function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new FamfsError('source', `${path}: cannot be written: ${errnoOf(cause)}`, undefined, { cause });
  }
}
