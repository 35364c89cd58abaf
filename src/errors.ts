/**
 * Every way a verb can fail. `exit` is the status of ordinary verbs, `fsck` that of `famfs fsck`, whose
 * statuses follow fsck(8). `todo` is what to do about it in general. docs/EXIT-STATUS.md and docs/TROUBLESHOOTING.md
 * are generated from this table.
 */
export const ERROR_TABLE = {
  usage: {
    exit: 2,
    fsck: 16,
    meaning: 'The command line is wrong: an unknown flag, a missing or malformed argument.',
    todo: 'Run the verb with --help. The message names the flag or argument.',
  },
  'no-device': {
    exit: 1,
    fsck: 8,
    meaning: 'The device does not exist or is neither devdax nor a regular file.',
    todo: 'Check the path. `daxctl list` shows DAX devices, `famfs doctor` which of them can be used; `famfs mkfs --create SIZE FILE` makes a file that stands for one.',
  },
  'device-missing': {
    exit: 1,
    fsck: 8,
    meaning: 'A device of the file system is not found on this host.',
    todo: 'Attach the device. Name it with `--device` or in FAMFS_DEVICES if it is a file; `famfs device scan` looks for it. Without it, `famfs mount --degraded` serves the files that lie elsewhere.',
  },
  'device-damaged': {
    exit: 1,
    fsck: 8,
    meaning: 'A secondary device has no sound superblock where it should be.',
    todo: 'Check the path. What overwrote the superblock may have left the data; docs/DEVICES.md says what can be done.',
  },
  'device-foreign': {
    exit: 1,
    fsck: 8,
    meaning: 'A device of another file system is where one of this file system should be.',
    todo: 'Name the right device with `--device` or in FAMFS_DEVICES; `famfs device scan` tells what each one is.',
  },
  'device-truncated': {
    exit: 1,
    fsck: 8,
    meaning: 'A device has become smaller than it was when it was added.',
    todo: 'Give it back its size: what lies behind its end is lost meanwhile.',
  },
  'secondary-device': {
    exit: 1,
    fsck: 8,
    meaning: 'The device is a secondary one, which holds data but no log.',
    todo: 'Give the primary device of the file system; `famfs device scan` tells which one that is.',
  },
  'device-too-small': {
    exit: 1,
    fsck: 8,
    meaning: 'The device is too small for what is asked of it.',
    todo: 'Take a device of at least 4 GiB, or a shorter log (`--loglen`), as the message says.',
  },
  'device-mounted': {
    exit: 1,
    fsck: 16,
    meaning:
      'The device, or the file system that it is a part of, is mounted, and the verb needs it unmounted.',
    todo: 'Unmount it with `famfs umount DIRECTORY` first; `famfs status` tells where it is mounted.',
  },
  'device-locked': {
    exit: 1,
    fsck: 8,
    meaning: 'Another famfs process holds the lock of the device.',
    todo: 'Wait for the other verb to end, then try again, or with a longer `--lock-timeout`. The message names the process, where this user may see it; `fuser -v DEVICE` shows who has the device open.',
  },
  'dax-mode': {
    exit: 1,
    fsck: 8,
    meaning: 'The DAX device is in a mode in which it cannot be used, or its mode cannot be changed now.',
    todo: 'Give `famfs mkfs` or `famfs mount` the flag `--set-daxmode devdax`, or see to what the message names; `famfs doctor` shows the mode of each device.',
  },
  'device-io': {
    exit: 1,
    fsck: 8,
    meaning:
      'The device could not be read or written, or the file system that holds the device file is full.',
    todo: "Look at the kernel's log for memory errors, and at whether the file behind the device was shortened or its file system is full. `famfs fsck` tells what can still be read.",
  },
  'no-permission': {
    exit: 1,
    fsck: 8,
    meaning: 'The user may not do this; most verbs need root or access to the device.',
    todo: 'Run the verb as root, or have the rights to the device or the directory given to you.',
  },
  'no-library': {
    exit: 1,
    fsck: 8,
    meaning: 'A system library is missing; the message names its package.',
    todo: 'Install the package that the hint names.',
  },
  'not-famfs': {
    exit: 1,
    fsck: 8,
    meaning: 'There is no famfs file system here.',
    todo: 'Check that this is the right device. `famfs mkfs` makes a file system on a new one.',
  },
  'already-famfs': {
    exit: 1,
    fsck: 8,
    meaning:
      'The device holds a famfs file system and --force was not given, or is to be added to one that it is part of.',
    todo: 'Check that nothing on the device is needed any more; then give `--force`. One that is part of this file system needs nothing more.',
  },
  'bad-superblock': {
    exit: 1,
    fsck: 4,
    meaning: 'The superblock is damaged or of a version that is not supported.',
    todo: 'Run `famfs fsck DEVICE`: it tells which field is wrong. If a newer famfs made it, use that one.',
  },
  'bad-log': {
    exit: 1,
    fsck: 4,
    meaning:
      'The log is damaged, so nothing may be appended to it, or nothing read; famfs fsck tells what is wrong.',
    todo: 'Run `famfs fsck --repair DEVICE` on the owner, unmounted: it shows what can be put right and asks before it does so. For what cannot, it tells the commands by which sound files are copied out; then make the file system anew.',
  },
  'backup-failed': {
    exit: 1,
    fsck: 8,
    meaning: 'The backup that goes before a repair could not be written, so nothing was changed.',
    todo: 'Name a place with `--backup` where you may write and where there is room; the backup is a sparse file.',
  },
  'bad-backup': {
    exit: 1,
    fsck: 8,
    meaning: 'The file is no backup of a superblock and a log, or is damaged.',
    todo: 'Give the file that `famfs fsck --repair` wrote, whole and unchanged: copies must have all its bytes.',
  },
  'other-backup': {
    exit: 1,
    fsck: 8,
    meaning: 'The backup is of another file system or device than the one it is to be restored to.',
    todo: '`famfs info DEVICE` tells the UUID, which is in the name that backups have unless told. Add `--force` where the superblock of the device is lost and you are sure that it is this one.',
  },
  declined: {
    exit: 1,
    fsck: 4,
    meaning: 'The question whether to go on was answered with no, or there was nobody to ask.',
    todo: 'Run the verb again on a terminal and answer `y`, or add `--yes`.',
  },
  'not-owner': {
    exit: 1,
    fsck: 8,
    meaning: 'This host is a client: only the owner host may write the log.',
    todo: 'Run the verb on the owner host. If this is that host, its `/opt/famfs/system_uuid` was lost: restore it.',
  },
  'owner-changed': {
    exit: 1,
    fsck: 8,
    meaning: 'Another host became the owner while this one was writing. What is in doubt, the message says.',
    todo: 'Stop famfs on this host. On the new owner, `famfs fsck` and `famfs ls` tell what of the entries in doubt is there; make the rest again there.',
  },
  'two-owners': {
    exit: 1,
    fsck: 8,
    meaning: 'The log was written by someone else who is the owner too: two hosts have one system UUID.',
    todo: 'Give one of the hosts with the same `/opt/famfs/system_uuid` another one, then run `famfs fsck`. Hosts that were cloned from one image are the usual cause.',
  },
  'system-uuid': {
    exit: 1,
    fsck: 8,
    meaning: "The host's system UUID is missing or malformed.",
    todo: "Put the host's UUID back into `/opt/famfs/system_uuid`. A new one would make this host a client of its own file systems.",
  },
  'log-full': {
    exit: 1,
    fsck: 8,
    meaning: 'The log has no room for the entries needed.',
    todo: 'Copy the data elsewhere and make the file system anew with a longer log (`--loglen`).',
  },
  'device-full': {
    exit: 1,
    fsck: 8,
    meaning: 'The device has no free run of allocation units that is long enough.',
    todo: 'Copy less, or make a file system on a larger device. Space of files does not come back before the next mkfs.',
  },
  'path-too-long': {
    exit: 1,
    fsck: 8,
    meaning: 'A path is longer than the 79 bytes a log entry holds.',
    todo: 'Take shorter names, or put the files less deep.',
  },
  'bad-path': {
    exit: 1,
    fsck: 8,
    meaning: 'A path cannot be stored: empty, absolute, with "." or "..", or inside .meta.',
    todo: 'Give a path below the mount point, outside `.meta`.',
  },
  exists: {
    exit: 1,
    fsck: 8,
    meaning: 'The name is taken.',
    todo: 'Take another name. Files in famfs cannot be removed or renamed.',
  },
  'no-parent': {
    exit: 1,
    fsck: 8,
    meaning: 'The parent directory does not exist or is not a directory.',
    todo: 'Make the parent first: `famfs mkdir -p`.',
  },
  'not-mounted': {
    exit: 1,
    fsck: 8,
    meaning: 'The path is not in a mounted famfs.',
    todo: 'Mount it with `famfs mount DEVICE DIRECTORY`; `famfs status` lists what is mounted.',
  },
  'already-mounted': {
    exit: 1,
    fsck: 8,
    meaning: 'The device or the directory is mounted already.',
    todo: 'Use that mount, or unmount it first with `famfs umount`.',
  },
  'mount-failed': {
    exit: 1,
    fsck: 8,
    meaning: 'The FUSE server could not be started or did not answer.',
    todo: "Read the server's log, which the message names, and run `famfs doctor`.",
  },
  'not-found': {
    exit: 1,
    fsck: 8,
    meaning: 'There is no file or directory of this name in the file system.',
    todo: 'Look with `famfs ls -R` for what is there. Entries of a damaged log are not shown; `famfs fsck` names them.',
  },
  'no-server': {
    exit: 1,
    fsck: 8,
    meaning: 'The server of a mount does not answer: it died or hangs.',
    todo: "Run `famfs umount DIRECTORY`, then mount it again. The server's log may tell why it died.",
  },
  'unmount-failed': {
    exit: 1,
    fsck: 8,
    meaning: 'The file system could not be unmounted, usually because it is in use.',
    todo: 'End the programs that use it: `fuser -vm DIRECTORY` shows them.',
  },
  'size-differs': {
    exit: 1,
    fsck: 8,
    meaning: 'The destination exists with another size, and famfs files never change size.',
    todo: 'Copy to another name: a file keeps its size for ever.',
  },
  source: {
    exit: 1,
    fsck: 8,
    meaning: 'A source file cannot be read, is of an unsupported type, or changed while it was read.',
    todo: 'Look at the source that the message names, and copy again with `--resume`.',
  },
  differs: {
    exit: 1,
    fsck: 8,
    meaning: 'The contents of a file are not what they should be, or not what was copied to it.',
    todo: 'Copy or make it again. When it happens once more, look for a failing device, and for who writes to it or its source.',
  },
  partial: {
    exit: 3,
    fsck: 8,
    meaning: 'Not all of the work was done; the messages name what was not.',
    todo: 'See to what the messages name, then run the verb again; `famfs cp --resume` leaves alone what is done (`--resume --verify`, where files were to be overwritten; with `-T`, where DESTINATION was made as the copy of a directory).',
  },
  interrupted: {
    exit: 130,
    fsck: 32,
    meaning: 'The verb was interrupted (SIGINT or SIGTERM).',
    todo: 'Run the verb again. What was logged is whole; `famfs cp --resume` goes on from there (`--resume --verify`, where files were to be overwritten; with `-T`, where DESTINATION was made as the copy of a directory).',
  },
  internal: {
    exit: 70,
    fsck: 8,
    meaning: 'A defect in famfs itself; please report it.',
    todo: 'Run it again with FAMFS_DEBUG=1 and report what it prints.',
  },
} as const satisfies Record<string, { exit: number; fsck: number; meaning: string; todo: string }>;

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
