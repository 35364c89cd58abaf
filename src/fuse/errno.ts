import { constants } from 'node:os';
import { errnoOf, FamfsError } from '../errors';

export const {
  EACCES,
  EBADF,
  EFBIG,
  EINVAL,
  EIO,
  EISDIR,
  ENODEV,
  ENOENT,
  ENOSYS,
  ENOTDIR,
  EOPNOTSUPP,
  EPERM,
  EROFS,
} = constants.errno;

/** A request refused with an errno of errno(3). */
export class Refusal extends Error {
  constructor(
    readonly errno: number,
    message = '',
  ) {
    super(message);
  }
}

/** The errno to answer when a handler threw. A device without room says so, one that failed is EIO. */
export function errnoFor(error: unknown): number {
  if (error instanceof Refusal) return error.errno;
  const code = errnoOf(error instanceof FamfsError ? error.cause : error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return constants.errno[code];
  return EIO;
}
