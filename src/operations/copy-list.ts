import { isAbsolute, posix } from 'node:path';
import { FamfsError } from '../errors';
import { printable } from '../log/paths';

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
