import type { Device, OpenOptions } from '../device/device';
import { openDevice } from '../device/open';
import { type ErrorCode, FamfsError } from '../errors';
import type { DeviceRecord } from '../log/check-entry';
import { type Identity, identify } from '../log/secondary';
import { readSuperblockBytes, type Superblock } from '../log/superblock';
import { leadsBelow } from './below';
import { candidates, noteHint } from './candidates';

/** Why a device that the log names cannot be used. */
export type MemberTrouble = 'missing' | 'damaged' | 'foreign' | 'truncated';

/** A device that the log names and this host has not, or not as it should be. `size` in bytes, as logged. */
export interface MemberProblem {
  readonly trouble: MemberTrouble;
  readonly index: number;
  readonly uuid: string;
  readonly size: number;
  /** Where something was found in its place. */
  readonly path?: string;
  readonly detail: string;
}

const CODES: Record<MemberTrouble, ErrorCode> = {
  missing: 'device-missing',
  damaged: 'device-damaged',
  foreign: 'device-foreign',
  truncated: 'device-truncated',
};

const HINTS: Record<MemberTrouble, string> = {
  missing: 'name it with --device or FAMFS_DEVICES; famfs device scan looks for it',
  damaged: 'the bytes behind its superblock may be whole: see docs/DEVICES.md for what can be done',
  foreign: 'name the right one with --device or FAMFS_DEVICES; famfs device scan looks for it',
  truncated: 'give it back the size that it had',
};

/** The error for a device that cannot be used, of the file system on `primary`. */
export function memberError(primary: string, problem: MemberProblem): FamfsError {
  return new FamfsError(CODES[problem.trouble], `${primary}: ${problem.detail}`, HINTS[problem.trouble]);
}

/** How secondary devices are looked for and opened. */
export interface MemberOptions extends OpenOptions {
  /** The real path of a directory: what is below it is not looked at. */
  readonly notBelow?: string;
}

export type FoundMember =
  | { readonly device: Device; readonly problem?: never }
  | { readonly device?: never; readonly problem: MemberProblem };

/** What is to be found: device `index` of the file system of `superblock`, of which the log says `record`. */
export interface Wanted {
  readonly superblock: Superblock;
  readonly index: number;
  readonly record: DeviceRecord;
}

/**
 * Opens a device of a file system, wherever it is on this host: it is known by its UUID, whatever its path. What is
 * found where it should be, and is not it, makes the problem.
 */
export function findMember(wanted: Wanted, options: MemberOptions, given: readonly string[]): FoundMember {
  let found: MemberProblem | undefined;
  for (const { expected, path } of candidates(wanted.record.uuid, given)) {
    if (options.notBelow !== undefined && leadsBelow(path, options.notBelow)) continue;
    const seen = look(path, options);
    if (seen instanceof FamfsError) {
      if (expected && seen.code !== 'no-device') found ??= missing(wanted, seen.message);
      continue;
    }
    if (isIt(wanted, seen)) {
      noteHint(wanted.record.uuid, path);
      return { device: seen.device };
    }
    seen.device.close();
    const trouble = compare(wanted, seen);
    if (trouble && (expected || trouble === 'truncated')) found ??= problemOf(wanted, trouble, path, seen);
  }
  return { problem: found ?? missing(wanted) };
}

/** Whether a device that was found still says that it is the one. Throws FamfsError `device-io` where it cannot be read. */
export function isStill(wanted: Wanted, device: Device): boolean {
  return isIt(wanted, { device, identity: identify(readSuperblockBytes(device)) });
}

function isIt(wanted: Wanted, seen: Seen): boolean {
  return compare(wanted, seen) === undefined && seen.identity.deviceUuid === wanted.record.uuid;
}

interface Seen {
  readonly device: Device;
  readonly identity: Identity;
}

function look(path: string, options: OpenOptions): Seen | FamfsError {
  let device: Device | undefined;
  try {
    device = openDevice(path, options);
    return { device, identity: identify(readSuperblockBytes(device)) };
  } catch (error) {
    device?.close();
    if (error instanceof FamfsError) return error;
    throw error;
  }
}

/** What is wrong with a device for the one that is wanted; nothing is with another one of the same file system. */
function compare({ record, superblock }: Wanted, { device, identity }: Seen): MemberTrouble | undefined {
  if (identity.role === 'empty' || identity.role === 'damaged') return 'damaged';
  if (identity.uuid !== superblock.uuid) return 'foreign';
  if (identity.deviceUuid !== record.uuid) return undefined;
  return device.size < record.size ? 'truncated' : undefined;
}

function problemOf(wanted: Wanted, trouble: MemberTrouble, path: string, seen: Seen): MemberProblem {
  const { deviceUuid, uuid } = seen.identity;
  const what = {
    missing: 'is not found on this host',
    damaged: `has no sound superblock on ${path}`,
    foreign: `is not on ${path}, which holds device ${deviceUuid} of file system ${uuid}`,
    truncated: `has only ${seen.device.size} bytes on ${path}`,
  }[trouble];
  return { ...problem(wanted, trouble, what), path };
}

/** A device that is nowhere, or, for the reason given, cannot be opened where it should be. */
function missing(wanted: Wanted, reason?: string): MemberProblem {
  return problem(wanted, 'missing', `is not found on this host${reason === undefined ? '' : ` (${reason})`}`);
}

function problem(
  { index, record: { size, uuid } }: Wanted,
  trouble: MemberTrouble,
  what: string,
): MemberProblem {
  return { trouble, index, uuid, size, detail: `device ${index} (UUID ${uuid}, ${size} bytes) ${what}` };
}
