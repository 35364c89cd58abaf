/**
 * Every way a verb can fail. `exit` is the status of ordinary verbs, `fsck` that of `famfs fsck`, whose
 * statuses follow fsck(8). docs/EXIT-STATUS.md is generated from this table.
 */
export const ERROR_TABLE = {
  usage: {
    exit: 2,
    fsck: 16,
    meaning: 'The command line is wrong: an unknown flag, a missing or malformed argument.',
  },
  'no-device': {
    exit: 1,
    fsck: 8,
    meaning: 'The device does not exist or is neither devdax nor a regular file.',
  },
  'device-too-small': { exit: 1, fsck: 8, meaning: 'The device is too small for what is asked of it.' },
  'device-mounted': { exit: 1, fsck: 16, meaning: 'The device is mounted and the verb needs it unmounted.' },
  'device-locked': { exit: 1, fsck: 8, meaning: 'Another famfs process holds the lock of the device.' },
  'device-io': {
    exit: 1,
    fsck: 8,
    meaning: 'The device could not be read or written, or has no room behind it.',
  },
  'no-permission': {
    exit: 1,
    fsck: 8,
    meaning: 'The user may not do this; most verbs need root or access to the device.',
  },
  'no-library': { exit: 1, fsck: 8, meaning: 'A system library is missing; the message names its package.' },
  'not-famfs': { exit: 1, fsck: 8, meaning: 'There is no famfs file system here.' },
  'already-famfs': {
    exit: 1,
    fsck: 8,
    meaning: 'The device holds a famfs file system and --force was not given.',
  },
  'bad-superblock': {
    exit: 1,
    fsck: 4,
    meaning: 'The superblock is damaged or of a version that is not supported.',
  },
  'bad-log': {
    exit: 1,
    fsck: 4,
    meaning:
      'The log is damaged, so nothing may be appended to it, or nothing read; famfs fsck tells what is wrong.',
  },
  'not-owner': { exit: 1, fsck: 8, meaning: 'This host is a client: only the owner host may write the log.' },
  'system-uuid': { exit: 1, fsck: 8, meaning: "The host's system UUID is missing or malformed." },
  'log-full': { exit: 1, fsck: 8, meaning: 'The log has no room for the entries needed.' },
  'device-full': {
    exit: 1,
    fsck: 8,
    meaning: 'The device has no free run of allocation units that is long enough.',
  },
  'path-too-long': { exit: 1, fsck: 8, meaning: 'A path is longer than the 79 bytes a log entry holds.' },
  'bad-path': {
    exit: 1,
    fsck: 8,
    meaning: 'A path cannot be stored: empty, absolute, with "." or "..", or inside .meta.',
  },
  'not-found': {
    exit: 1,
    fsck: 8,
    meaning: 'There is no file or directory of this name in the file system.',
  },
  exists: { exit: 1, fsck: 8, meaning: 'The name is taken.' },
  'no-parent': { exit: 1, fsck: 8, meaning: 'The parent directory does not exist or is not a directory.' },
  'not-mounted': { exit: 1, fsck: 8, meaning: 'The path is not in a mounted famfs.' },
  'already-mounted': { exit: 1, fsck: 8, meaning: 'The device or the directory is mounted already.' },
  'mount-failed': { exit: 1, fsck: 8, meaning: 'The FUSE server could not be started or did not answer.' },
  'no-server': {
    exit: 1,
    fsck: 8,
    meaning: 'The server of a mount does not answer: it died or hangs.',
  },
  'unmount-failed': {
    exit: 1,
    fsck: 8,
    meaning: 'The file system could not be unmounted, usually because it is in use.',
  },
  'size-differs': {
    exit: 1,
    fsck: 8,
    meaning: 'The destination exists with another size, and famfs files never change size.',
  },
  source: {
    exit: 1,
    fsck: 8,
    meaning: 'A source file cannot be read, is of an unsupported type, or changed while it was read.',
  },
  differs: { exit: 1, fsck: 8, meaning: 'What the device returns is not what was copied to it.' },
  partial: { exit: 3, fsck: 8, meaning: 'Not all of the work was done; the messages name what was not.' },
  interrupted: { exit: 130, fsck: 32, meaning: 'The verb was interrupted (SIGINT or SIGTERM).' },
  internal: { exit: 70, fsck: 8, meaning: 'A defect in famfs itself; please report it.' },
} as const satisfies Record<string, { exit: number; fsck: number; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_TABLE;

/** An error meant for people: what is wrong and where (`message`), and what to do about it (`hint`). */
export class FamfsError extends Error {
  override readonly name = 'FamfsError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** The exit status of an ordinary verb, or of the fsck family. */
  exitStatus(family: 'exit' | 'fsck' = 'exit'): number {
    return ERROR_TABLE[this.code][family];
  }
}

/** The errno name (`ENOENT`) of an error thrown by Node, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
