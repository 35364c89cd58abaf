import { EOPNOTSUPP, EPERM } from './errno';
import { OP } from './protocol';

/** Why a request is never done: the errno that programs expect, and what to use instead, for the server's log. */
export interface Refused {
  readonly errno: number;
  readonly message: string;
}

const create = {
  errno: EPERM,
  message: 'files are made by famfs creat and famfs cp, which allocate and log them',
};
const change = { errno: EPERM, message: 'what has been logged is never removed or renamed' };

/** The requests that are refused whatever they say. */
export const REFUSED: ReadonlyMap<number, Refused> = new Map<number, Refused>([
  [OP.CREATE, create],
  [OP.MKNOD, create],
  [OP.TMPFILE, { ...create, errno: EOPNOTSUPP }],
  [OP.MKDIR, { errno: EPERM, message: 'directories are made by famfs mkdir, which logs them' }],
  [OP.SYMLINK, { errno: EPERM, message: 'famfs has no symbolic links' }],
  [OP.LINK, { errno: EPERM, message: 'famfs has no hard links' }],
  [OP.UNLINK, change],
  [OP.RMDIR, change],
  [OP.RENAME, change],
  [OP.RENAME2, change],
  [OP.FALLOCATE, { errno: EOPNOTSUPP, message: 'famfs files never change size' }],
]);
