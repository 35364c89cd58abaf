import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '../device/open';
import { FamfsError } from '../errors';
import { readCounters } from '../log/header';
import { logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock } from '../log/superblock';
import type { Tree } from '../log/tree';
import { type Mount, targetOf } from './mounts';
import { ServerClient } from './server-client';

export interface LogplayResult {
  readonly directory: string;
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  /** Entries that are corrupt, rejected or without a place in the tree. */
  readonly notServed: number;
  /** With `dryRun`: entries of the log that the mount has not taken up yet. */
  readonly pending?: number;
  /** Why the mount does not follow the log any more; absent while it does. */
  readonly frozen?: string;
}

/**
 * Has the server of a mount look at its log, and replays the log here to tell what is in it. Where this user may not
 * ask the server, the last file or directory is looked up in the mount, which comes to the same. With `dryRun` the
 * server is only asked how far it is.
 * Throws FamfsError `not-mounted` for anything but a mount, `no-server` when its server is dead.
 */
export async function logplay(path: string, dryRun = false): Promise<LogplayResult> {
  const { mount } = targetOf(path);
  if (!mount)
    throw new FamfsError(
      'not-mounted',
      `${path}: not a mounted famfs`,
      'famfs mount replays the log as it mounts',
    );
  const device = openDevice(mount.device, { writable: false });
  try {
    const superblock = loadSuperblock(device);
    const replay = new Replay(device, superblock, () => {});
    replay.to(Math.min(readCounters(device).nextIndex, logCapacity(superblock.logLength)));
    const { counts, tree } = replay;
    const { frozen, pending } = dryRun
      ? await lookAhead(mount, counts.entries)
      : { frozen: await takeUp(mount, tree), pending: undefined };
    return {
      directory: mount.directory,
      entries: counts.entries,
      files: tree.fileCount,
      directories: tree.directoryCount,
      notServed: counts.corrupt + counts.rejected + counts.unlinked,
      ...(pending === undefined ? {} : { pending }),
      ...(frozen === null ? {} : { frozen }),
    };
  } finally {
    device.close();
  }
}

async function lookAhead(mount: Mount, entries: number): Promise<{ frozen: string | null; pending: number }> {
  const { log, replayed } = await new ServerClient(mount).status();
  return { frozen: log.frozen, pending: Math.max(0, entries - replayed.entries) };
}

async function takeUp(mount: Mount, tree: Tree): Promise<string | null> {
  try {
    return (await new ServerClient(mount).replay()).frozen;
  } catch (error) {
    if (!(error instanceof FamfsError) || error.code !== 'no-permission') throw error;
    const last = tree.path(tree.lastIno);
    if (last.length > 0) lstatSync(Buffer.concat([Buffer.from(join(mount.directory, '/')), last]));
    return null;
  }
}
