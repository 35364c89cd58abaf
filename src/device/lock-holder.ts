import { join } from 'node:path';
import { linkTarget, namesIn, textIn } from './dax-sysfs';

/** A process that has the exclusive lock of a device. */
export interface LockHolder {
  readonly pid: number;
  /** Its command line, shortened, without what would move a terminal's cursor. */
  readonly command: string;
}

const SHOWN_LENGTH = 100;
/** The line of an open file, in /proc/PID/fdinfo, that has an exclusive flock. */
const LOCKED = /^lock:.*\bFLOCK\b.*\bWRITE\b/m;

const PARENT = /^PPid:\t(\d+)$/m;

/**
 * The process that has a device open and locked, or undefined where this user may not see it, or it is in a container
 * that this host's /proc does not show. Of one and the children that it gave the lock to, it is the parent. `path` is the
 * real path of the device, `proc` where the facts are.
 */
export function lockHolder(path: string, proc = '/proc'): LockHolder | undefined {
  const pids = namesIn(proc).filter((name) => /^\d+$/.test(name) && hasLocked(join(proc, name), path));
  const pid = pids.find((each) => hasOtherParent(join(proc, each), pids)) ?? pids[0];
  return pid === undefined ? undefined : { pid: Number(pid), command: commandOf(join(proc, pid)) };
}

/** False also for a process that has ended meanwhile. */
function hasOtherParent(directory: string, pids: readonly string[]): boolean {
  const parent = textIn(join(directory, 'status'))?.match(PARENT)?.[1];
  return parent !== undefined && !pids.includes(parent);
}

function hasLocked(directory: string, path: string): boolean {
  return namesIn(join(directory, 'fd')).some(
    (fd) =>
      linkTarget(join(directory, 'fd', fd)) === path &&
      LOCKED.test(textIn(join(directory, 'fdinfo', fd)) ?? ''),
  );
}

function commandOf(directory: string): string {
  const line = textIn(join(directory, 'cmdline')) || textIn(join(directory, 'comm')) || '';
  const command = line.replace(/\p{C}+/gu, ' ').trim();
  return command.length > SHOWN_LENGTH ? `${command.slice(0, SHOWN_LENGTH)}…` : command;
}
