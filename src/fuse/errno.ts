import { constants } from 'node:os';
import { errnoOf, FamfsError } from '../errors';

export const {
  EACCES,
  EBADF,
  EFBIG,
  EINVAL,
  EIO,
  EISDIR,
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

/** The errno to answer when a handler threw: a device that failed is EIO. */
export function errnoFor(error: unknown): number {
  if (error instanceof Refusal) return error.errno;
  if (error instanceof FamfsError) return EIO;
  const code = errnoOf(error) as keyof typeof constants.errno | undefined;
  return (code && constants.errno[code]) ?? EIO;
}
