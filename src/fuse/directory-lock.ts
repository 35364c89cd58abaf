import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from '../native/libc';
import type { Logger } from './logger';

/** Longer than any server holds one. Anybody who may read a directory can, and must not keep a server from its work. */
const LONGEST_WAIT_MS = 5000;
const BETWEEN_TRIES_MS = 10;

/**
 * Runs `work` while no other server has the lock of a directory. A user need not be allowed to read it: then nothing is
 * locked, and `fd` is undefined.
 */
export async function withDirectoryLock<T>(
  directory: string,
  logger: Logger,
  work: (fd: number | undefined) => T,
): Promise<T> {
  const fd = opened(directory);
  if (fd === undefined) return work(fd);
  try {
    await lock(fd, directory, logger);
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

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
      logger.warn(`${directory}: another process has held its lock for long; going on without`);
      return;
    }
    await sleep(BETWEEN_TRIES_MS);
  }
}
