import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, FamfsError } from '../errors';
import { tryLock } from '../native/libc';
import { directoryId } from '../server-contract';
import type { Logger } from './logger';

/** Longer than a mount takes. Anybody who may read the directory can hold its lock, and must not keep others from it. */
const LONGEST_WAIT_MS = 5000;
const BETWEEN_TRIES_MS = 10;

/**
 * Runs `mount`, which mounts on `directory`, while no other famfs does so, and only if it still is the directory that
 * `id` names. Throws FamfsError `already-mounted` where it is not: something was mounted there meanwhile.
 */
export async function onMountPoint<T>(
  directory: string,
  id: string,
  logger: Logger,
  mount: () => T,
): Promise<T> {
  const fd = opened(directory);
  try {
    if (fd !== undefined) {
      checkSame(directory, id, () => fstatSync(fd));
      await lock(fd, directory, logger);
    }
    checkSame(directory, id, () => statSync(directory));
    return mount();
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A user may mount on a directory without being allowed to read it: then nothing is locked. */
function opened(directory: string): number | undefined {
  try {
    return openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch {
    return undefined;
  }
}

async function lock(fd: number, directory: string, logger: Logger): Promise<void> {
  const started = performance.now();
  while (!tryLock(fd)) {
    if (performance.now() - started > LONGEST_WAIT_MS) {
      logger.warn(`${directory}: another process holds its lock; mounted without`);
      return;
    }
    await sleep(BETWEEN_TRIES_MS);
  }
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
