import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDirectoryLock } from '../device/directory-lock';
import { FamfsError } from '../errors';
import { findRunDirectory, isServer, serverIn } from '../server-place';
import { type Mount, mountAt } from './mounts';

const SERVER_END_MS = 10_000;
const POLL_MS = 10;

export interface UnmountResult {
  readonly device: string;
  readonly directory: string;
}

/**
 * Unmounts and waits until the server is gone, so that the device is free when this returns. What a dead server left
 * in its run directory is removed.
 */
export async function unmount(path: string): Promise<UnmountResult> {
  const there = mountAt(path);
  if (!there) throw nothingThere(path);
  const { device, directory } = there;
  checkMayUnmount(there);
  const runDirectory = findRunDirectory(there.id, there.uid);
  const pid = serverIn(runDirectory);
  const [command, args] = process.geteuid?.() === 0 ? ['umount', []] : ['fusermount3', ['-u']];
  const { error, status, stderr } = spawnSync(command, [...args, directory], { encoding: 'utf8' });
  if (error || status !== 0) {
    // Somebody else may have unmounted it meanwhile.
    if (mountAt(directory)?.id !== there.id) throw nothingThere(path);
    const reason = error?.message ?? stderr.trim().split('\n').at(-1) ?? `status ${status}`;
    const hint = `fuser -vm ${directory} shows who uses it`;
    throw new FamfsError('unmount-failed', `${directory}: ${reason}`, hint);
  }
  if (pid !== undefined) await untilGone(pid, runDirectory);
  return { device, directory };
}

function nothingThere(path: string): FamfsError {
  return new FamfsError('not-mounted', `${path}: no famfs is mounted there`);
}

function checkMayUnmount({ directory, uid }: Mount): void {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || user === uid) return;
  const what = `mounted by user ${uid}, and that user and root alone may unmount it`;
  throw new FamfsError('no-permission', `${directory}: ${what}`, 'run this as one of them');
}

/** A server removes its state as its last act; one that was killed leaves it behind. */
async function untilGone(pid: number, runDirectory: string): Promise<void> {
  for (let waited = 0; waited < SERVER_END_MS; waited += POLL_MS) {
    if (serverIn(runDirectory) !== pid) return;
    if (!isServer(pid)) return removeLeft(pid, runDirectory);
    await sleep(POLL_MS);
  }
}

/** Removes what a dead server left, unless the server of a later mount, which may have the same number, has taken it. */
function removeLeft(pid: number, runDirectory: string): Promise<void> {
  return withDirectoryLock(dirname(runDirectory), undefined, () => {
    if (serverIn(runDirectory) === pid) rmSync(runDirectory, { recursive: true, force: true });
  });
}
