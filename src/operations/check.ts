import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PoolStats } from '../alloc/pool';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { roleHere } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { BLOCK_ENTRIES } from '../log/entry-blocks';
import { type Finding, FindingList } from '../log/findings';
import { type Counters, inspectHeader } from '../log/header';
import { logCapacity } from '../log/layout';
import { findOverlaps } from '../log/overlaps';
import { Replay } from '../log/replay';
import { identify } from '../log/secondary';
import { findSuperblock, hasUsableGeometry, noLog, type Superblock } from '../log/superblock';
import { INO } from '../log/tree';
import { Members, memberFindings } from '../members/members';
import { AheadBlocks } from './check-ahead';
import { mountOfDevice, targetOf } from './mounts';
import { poolOf } from './space';

export interface CheckOptions {
  /** Where to look first for secondary devices. */
  readonly devices?: readonly string[];
  readonly signal?: AbortSignal;
}

export type Role = 'owner' | 'client';

/** What is in the log, and how full log and device are. Sizes in bytes. */
export interface CheckContents {
  readonly entries: number;
  readonly capacity: number;
  readonly files: number;
  readonly directories: number;
  readonly fileBytes: number;
  readonly space: PoolStats;
}

export interface CheckReport {
  readonly device: string;
  readonly deviceBytes: number;
  readonly mountedOn?: string;
  /** Absent when the superblock has none of it. */
  readonly uuid?: string;
  readonly ownerUuid?: string;
  readonly role?: Role;
  /** Absent when superblock or log header are so bad that the entries cannot be found. */
  readonly contents?: CheckContents;
  readonly errors: number;
  readonly warnings: number;
  readonly findings: readonly Finding[];
  /** Errors and warnings that are counted and not in `findings`, where there are any. */
  readonly unlisted?: number;
}

/** Entries replayed between two looks at the abort signal: whole blocks. */
const STRIDE = 100 * BLOCK_ENTRIES;

/**
 * Checks a file system, given by its device or by a directory of a mount. Reads only.
 * Throws FamfsError `device-mounted` when a mounted device is given as the device, and what opening it throws.
 */
export async function check(path: string, options: CheckOptions = {}): Promise<CheckReport> {
  const target = targetOf(path);
  const mount = target.mount ?? mountOfDevice(target.device);
  if (mount && !target.mount) {
    throw new FamfsError(
      'device-mounted',
      `${path}: mounted on ${mount.directory}`,
      `check it there: famfs fsck ${mount.directory}`,
    );
  }
  const device = openDevice(target.device, { writable: false });
  try {
    const report = await checkDevice(device, options);
    return { ...report, ...(mount ? { mountedOn: mount.directory } : {}) };
  } finally {
    device.close();
  }
}

/**
 * Checks the file system on an open device.
 * Throws FamfsError `secondary-device` for one with the sound superblock of such a device, `device-io` and `interrupted`.
 */
export async function checkDevice(device: Device, options: CheckOptions): Promise<CheckReport> {
  const { bytes, superblock, findings: ofSuperblock } = findSuperblock(device);
  if (identify(bytes).role === 'secondary') throw noLog(device.path, superblock.uuid);
  const known = !ofSuperblock.some((found) => found.code === 'sb-magic');
  const findings = new FindingList();
  findings.addAll(ofSuperblock);
  const contents = hasUsableGeometry(ofSuperblock)
    ? await checkLog(device, superblock, findings, options)
    : undefined;
  const { errors, listed, unlisted, warnings } = findings;
  return {
    device: device.path,
    deviceBytes: device.size,
    ...(known ? identityOf(superblock) : {}),
    ...(contents ? { contents } : {}),
    errors,
    warnings,
    findings: listed,
    ...(unlisted > 0 ? { unlisted } : {}),
  };
}

function identityOf({ uuid, ownerUuid }: Superblock): { uuid: string; ownerUuid: string; role: Role } {
  return { uuid, ownerUuid, role: roleHere(ownerUuid) };
}

async function checkLog(
  device: Device,
  superblock: Superblock,
  findings: FindingList,
  options: CheckOptions,
): Promise<CheckContents | undefined> {
  const { counters, findings: headerFindings } = inspectHeader(device, superblock.logLength);
  findings.addAll(headerFindings);
  const end = entriesToCheck(counters, superblock, headerFindings);
  if (end === undefined) return undefined;
  const replay = new Replay(device, superblock, (found) => findings.add(found));
  const ahead = AheadBlocks.start(device, superblock, end, replay.blocks(end));
  replay.tree.reserve(end);
  try {
    for (let at = 0; at < end; ) {
      if (options.signal?.aborted)
        throw new FamfsError('interrupted', `${device.path}: interrupted at entry ${at} of ${end}`);
      at = Math.min(end, at + STRIDE);
      replay.to(at, ahead);
      await nextTurn();
    }
  } finally {
    ahead?.close();
  }
  findings.addAll(findOverlaps(replay.tree));
  const members = new Members(device, superblock, replay.devices, options.devices);
  try {
    findings.addAll(memberFindings(members));
    return contentsOf(superblock, replay, members);
  } finally {
    members.closeSecondaries();
  }
}

/** How many entries there are to look at, or undefined when the header does not say so believably. */
function entriesToCheck(
  { nextIndex }: Counters,
  superblock: Superblock,
  header: readonly Finding[],
): number | undefined {
  if (header.some((found) => found.code === 'log-magic')) return undefined;
  return Math.min(nextIndex, logCapacity(superblock.logLength));
}

function contentsOf(superblock: Superblock, replay: Replay, members: Members): CheckContents {
  const { tree } = replay;
  let fileBytes = 0;
  for (let ino: number = INO.first; ino <= tree.lastIno; ino++) fileBytes += tree.size.get(ino);
  return {
    entries: replay.counts.entries,
    capacity: logCapacity(superblock.logLength),
    files: tree.fileCount,
    directories: tree.directoryCount,
    fileBytes,
    space: poolOf({ members, superblock, tree }).stats(),
  };
}
