import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from '../native/libc';

/** Longer than famfs holds one. Anybody who may read a directory can, and must not keep others from their work. */
const LONGEST_WAIT_MS = 5000;
const BETWEEN_TRIES_MS = 10;

/** Who is told that a lock could not be had. */
interface Warned {
  warn(message: string): void;
}

/**
 * Runs `work` while no other process of famfs has the lock of a directory. A user need not be allowed to read it: then
 * nothing is locked, and `fd` is undefined. `logger` is told where another one keeps the lock, and `work` goes on without.
 */
export async function withDirectoryLock<T>(
  directory: string,
  logger: Warned | undefined,
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

async function lock(fd: number, directory: string, logger: Warned | undefined): Promise<void> {
  const started = performance.now();
  while (!tryLock(fd)) {
    if (performance.now() - started > LONGEST_WAIT_MS) {
      logger?.warn(`${directory}: another process has held its lock for long; going on without`);
      return;
    }
    await sleep(BETWEEN_TRIES_MS);
  }
}
