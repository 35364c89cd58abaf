import { fstatSync, type Stats, statSync } from 'node:fs';
import { withDirectoryLock } from '../device/directory-lock';
import { errnoOf, FamfsError } from '../errors';
import { directoryId } from '../server-contract';
import type { Logger } from './logger';

/**
 * Runs `mount`, which mounts on `directory`, while no other famfs does so, and only if it still is the directory that
 * `id` names. Throws FamfsError `already-mounted` where it is not: something was mounted there meanwhile.
 */
export function onMountPoint<T>(directory: string, id: string, logger: Logger, mount: () => T): Promise<T> {
  return withDirectoryLock(directory, logger, (fd) => {
    if (fd !== undefined) checkSame(directory, id, () => fstatSync(fd));
    checkSame(directory, id, () => statSync(directory));
    return mount();
  });
}

function checkSame(directory: string, id: string, look: () => Stats): void {
  let found: string | undefined;
  try {
    found = directoryId(look());
  } catch (error) {
    found = errnoOf(error);
  }
  if (found !== id)
    throw new FamfsError('already-mounted', `${directory}: something else was mounted there meanwhile`);
}
