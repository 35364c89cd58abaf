import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from '../device/open';
import { FamfsError } from '../errors';
import { readCounters } from '../log/header';
import { logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock } from '../log/superblock';
import { targetOf } from './mounts';

export interface LogplayResult {
  readonly directory: string;
  readonly entries: number;
  readonly files: number;
  readonly directories: number;
  /** Entries that are corrupt, rejected or without a place in the tree. */
  readonly notServed: number;
}

/**
 * Replays the log of a mount and looks its last file or directory up in the mount, upon which the server takes up all
 * that was logged before. Throws FamfsError `not-mounted` for anything but a mount.
 */
export async function logplay(path: string): Promise<LogplayResult> {
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
    const last = tree.path(tree.lastIno);
    if (last.length > 0) lstatSync(Buffer.concat([Buffer.from(join(mount.directory, '/')), last]));
    return {
      directory: mount.directory,
      entries: counts.entries,
      files: tree.fileCount,
      directories: tree.directoryCount,
      notServed: counts.corrupt + counts.rejected + counts.unlinked,
    };
  } finally {
    device.close();
  }
}
