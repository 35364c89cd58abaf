import { closeSync, lstatSync, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, FamfsError } from '../errors';
import { LOG_ENTRY, LOG_HEADER, LOG_OFFSET, SUPERBLOCK_REGION } from '../log/layout';
import { printable } from '../log/paths';
import { INO, KIND } from '../log/tree';
import { readFully } from '../read-fully';
import { type Mount, targetOf } from './mounts';
import { View } from './view';

/** What a mount serves wrongly, as bits of the exit status of `famfs check`. */
export const MOUNT_PROBLEMS = { file: 1, superblock: 2, log: 4 } as const;

/** Something that a mount serves otherwise than its device has it. `path` from the mount point. */
export interface MountFinding {
  readonly what: keyof typeof MOUNT_PROBLEMS;
  readonly path: string;
  readonly detail: string;
}

export interface MountCheckResult {
  readonly directory: string;
  readonly device: string;
  readonly files: number;
  readonly directories: number;
  readonly findings: MountFinding[];
  /** The bits of what was found, or-ed. */
  readonly status: number;
}

/** The log header up to its counters, which grow. */
const HEADER_CONSTANT = LOG_HEADER.fields.nextSeqnum.offset;
const COMPARE_BYTES = 2 ** 20;

/**
 * Compares what a mount serves with its device: each file and directory of the log by inode, kind and size, and
 * superblock and log by their bytes. Calls `onFinding` as things are found.
 * Throws FamfsError `not-mounted` for anything but a mount, `no-server` when its server is dead.
 */
export function checkMount(path: string, onFinding: (finding: MountFinding) => void): MountCheckResult {
  const { mount } = targetOf(path);
  if (!mount) throw new FamfsError('not-mounted', `${path}: not a mounted famfs`);
  const findings: MountFinding[] = [];
  let status = 0;
  const report = (what: MountFinding['what'], at: string, detail: string) => {
    const found = { what, path: at, detail };
    findings.push(found);
    status |= MOUNT_PROBLEMS[what];
    onFinding(found);
  };
  const root = rootOf(mount);
  const view = openReporting(mount, report);
  try {
    if (view && compareSuperblock(view, mount, report)) {
      compareLog(view, mount, report);
      compareFiles(view, mount, root, report);
    }
    const { directoryCount = 0, fileCount = 0 } = view?.tree ?? {};
    const { device, directory } = mount;
    return { directory, device, files: fileCount, directories: directoryCount, findings, status };
  } finally {
    view?.close();
  }
}

type Report = (what: MountFinding['what'], path: string, detail: string) => void;

function rootOf({ directory }: Mount): Stats {
  try {
    return lstatSync(directory);
  } catch (cause) {
    const hint = `famfs umount ${directory}, then mount the device again`;
    throw new FamfsError('no-server', `${directory}: its server does not answer: ${errnoOf(cause)}`, hint, {
      cause,
    });
  }
}

/** The device's side, or undefined, and reported, where there is none to compare with. */
function openReporting(mount: Mount, report: Report): View | undefined {
  try {
    return View.open(mount.directory, { unchecked: true });
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    if (error.code === 'bad-log') report('log', '.meta/.log', error.message);
    else if (['not-famfs', 'bad-superblock'].includes(error.code)) {
      report('superblock', '.meta/.superblock', error.message);
    } else throw error;
    return undefined;
  }
}

function compareSuperblock(view: View, mount: Mount, report: Report): boolean {
  const path = '.meta/.superblock';
  const difference = compareServed(view, join(mount.directory, path), [
    { at: 0, on: 0, length: SUPERBLOCK_REGION },
  ]);
  if (difference) report('superblock', path, difference);
  return difference === undefined;
}

function compareLog(view: View, mount: Mount, report: Report): void {
  const path = '.meta/.log';
  const used = view.replay.counts.entries * LOG_ENTRY.bytes;
  const { bytes: header } = LOG_HEADER;
  const difference = compareServed(view, join(mount.directory, path), [
    { at: 0, on: LOG_OFFSET, length: HEADER_CONSTANT },
    { at: header, on: LOG_OFFSET + header, length: used },
  ]);
  if (difference) report('log', path, difference);
  if (view.notShown > 0) {
    report('log', path, `damaged entries, which are not served: ${view.notShown}; famfs fsck tells which`);
  }
}

/** Bytes `at` of a served file that must be those at `on` of the device. */
interface Same {
  readonly at: number;
  readonly on: number;
  readonly length: number;
}

/** What is different between a served file and the device, if anything. */
function compareServed({ device }: View, path: string, ranges: readonly Same[]): string | undefined {
  try {
    const fd = openSync(path, 'r');
    try {
      for (const { at, length, on } of ranges) {
        for (let done = 0; done < length; done += COMPARE_BYTES) {
          const theirs = Buffer.alloc(Math.min(COMPARE_BYTES, length - done));
          const count = readFully(fd, theirs, at + done);
          device.invalidate(on + done, theirs.length);
          if (count === theirs.length && theirs.equals(device.read(on + done, theirs.length))) continue;
          return `bytes ${at + done} to ${at + done + theirs.length - 1} are not those of the device`;
        }
      }
      return undefined;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return `cannot be read: ${errno}`;
  }
}

/** Looks at each file and directory of the log, in log order. */
function compareFiles({ tree }: View, mount: Mount, root: Stats, report: Report): void {
  const directory = Buffer.from(join(mount.directory, '/'));
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
    const kind = tree.kind.get(ino);
    if (kind === KIND.none) continue;
    const path = tree.path(ino);
    const problem = problemOf(Buffer.concat([directory, path]), (served) => {
      if (served.dev !== root.dev) return 'something else is mounted on it';
      if (served.isDirectory() !== (kind === KIND.directory)) return 'is of another kind than in the log';
      if (served.ino !== ino) return `is inode ${served.ino}, in the log ${ino}`;
      if (kind === KIND.file && served.size !== tree.size.get(ino)) {
        return `has ${served.size} bytes, in the log ${tree.size.get(ino)}`;
      }
      return undefined;
    });
    if (problem) report('file', printable(path), problem);
  }
}

function problemOf(path: Buffer, judge: (served: Stats) => string | undefined): string | undefined {
  try {
    const served = lstatSync(path, { throwIfNoEntry: false });
    return served ? judge(served) : 'is not served';
  } catch (error) {
    return `cannot be looked at: ${errnoOf(error)}`;
  }
}
