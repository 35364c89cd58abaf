import { findRunDirectory, isServer, serverIn } from '../server-place';
import { MOST_INODES } from '../types';
import type { Mount } from './mounts';

/** Telling a server is a courtesy that must not hold anybody up: it looks by itself. */
const TIMEOUT_MS = 500;

/**
 * Tells the servers of mounts what was done to their device. That entries were appended they are told by a signal, for
 * `famfs status` and the like: programs see new names without, since a lookup that misses looks at the log. That the
 * bytes of inodes were overwritten in place they are asked to take in, and waited for: the kernel may have old ones.
 */
export async function nudge(mounts: readonly Mount[], overwritten: readonly number[]): Promise<void> {
  if (overwritten.length === 0) mounts.forEach(signal);
  else await Promise.all(mounts.map((mount) => tell(mount, overwritten)));
}

function signal(mount: Mount): void {
  const pid = serverIn(findRunDirectory(mount.id, mount.uid));
  try {
    if (pid !== undefined && isServer(pid)) process.kill(pid, 'SIGHUP');
  } catch {
    // Another user's server finds out by itself.
  }
}

async function tell(mount: Mount, overwritten: readonly number[]): Promise<void> {
  const { ServerClient } = await import('./server-client');
  const server = new ServerClient(mount);
  try {
    for (let start = 0; start < overwritten.length; start += MOST_INODES)
      await server.replay(overwritten.slice(start, start + MOST_INODES), TIMEOUT_MS);
  } catch {
    // The server finds out by itself; one that is dead is the business of whoever uses the mount.
  }
}
