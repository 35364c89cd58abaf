import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { FamfsError } from '../errors';
import { type Finding, isError } from '../log/findings';
import { type HeaderPlan, planHeader, type RepairAct, storeHeader } from '../log/repair';
import { type FoundSuperblock, findSuperblock, readSuperblockBytes } from '../log/superblock';
import { checkUnused, saveBackup } from './backup-file';
import { type CheckOptions, type CheckReport, checkDevice } from './check';
import { type CopyOut, copyOut } from './copy-out';
import { checkNotMounted, unmountedDevice } from './mounts';
import { checkOwner, lockDevice, type WriteOptions } from './owner-session';

/** What a repair is to do, and what it did. */
export interface Repair {
  /** What was wrong before. */
  readonly found: readonly Finding[];
  /** What is changed: with `done` it is, else it would be. */
  readonly acts: readonly RepairAct[];
  /** Entries that hold something, cannot be read and are not counted afterwards. */
  readonly givesUp: number;
  /** Whether nothing is given up, and nothing is counted that readers did not see before. */
  readonly safe: boolean;
  /** Why nothing is changed although the log header is damaged. */
  readonly doubt?: string;
  readonly done: boolean;
  /** Where superblock and log were saved before. */
  readonly backup?: string;
  /** How to save what stays wrong. */
  readonly copyOut: readonly CopyOut[];
}

/** How a file system is, after its repair where there was one. */
export interface RepairReport extends CheckReport {
  readonly repair: Repair;
}

export interface RepairOptions extends CheckOptions, Pick<WriteOptions, 'onWait' | 'lockTimeout'> {
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean;
  /** Do nothing unless it is safe. */
  readonly onlySafe?: boolean;
  /** The file to save superblock and log in; one in the working directory unless told. */
  readonly backup?: string;
  /** Is told of what would be done, and asked whether to do it, while the device is locked. */
  readonly confirm: (plan: Repair) => Promise<boolean>;
}

interface Planned {
  readonly report: CheckReport;
  readonly found: FoundSuperblock;
  readonly header: HeaderPlan | undefined;
}

/**
 * Checks a file system on a device that is not mounted and puts right in its log header what needs no guess, after
 * superblock and log were saved. Entries are never changed. Anybody may ask what would be done; it is done by the owner.
 * Throws FamfsError `device-mounted`, `not-owner`, `exists` for the backup's name, `backup-failed`, `owner-changed` when
 * the device changed meanwhile, and what opening and checking a device throws.
 */
export async function repair(path: string, options: RepairOptions): Promise<RepairReport> {
  const device = unmountedDevice(path);
  const first = await onDevice(device, false, (opened) => planned(opened, options));
  if (options.dryRun || !first.header?.acts.length) return reportOf(device, first, { done: false });
  return onDevice(device, true, (opened) => repairLocked(path, opened, options));
}

async function repairLocked(path: string, device: Device, options: RepairOptions): Promise<RepairReport> {
  await lockDevice(device, options);
  checkNotMounted(path, device.path);
  const plan = await planned(device, options);
  const { found, header, report } = plan;
  if (!header?.acts.length) return reportOf(path, plan, { done: false });
  checkOwner(device.path, found.superblock);
  const backup = options.backup ?? defaultBackup(found.superblock.uuid);
  checkUnused(backup);
  const refused = options.onlySafe && !header.safe;
  if (refused || !(await options.confirm({ ...asked(plan), backup }))) {
    return reportOf(path, plan, { done: false });
  }
  if (options.signal?.aborted)
    throw new FamfsError('interrupted', `${path}: interrupted; nothing was changed`);
  await saveBackup(backup, device, found.bytes, found.superblock);
  checkUnchanged(device, found, header);
  storeHeader(device, header);
  const after = { ...plan, report: await checkDevice(device, { devices: options.devices ?? [] }) };
  return reportOf(path, after, { done: true, backup, found: report.findings });
}

async function planned(device: Device, options: CheckOptions): Promise<Planned> {
  const report = await checkDevice(device, options);
  const found = findSuperblock(device);
  const header = found.findings.some(isError) ? undefined : planHeader(device, found.superblock);
  return { report, found, header };
}

function asked({ header, report }: Planned): Repair {
  const { acts = [], doubt, givesUp = 0, safe = true } = header ?? {};
  const why = doubt === undefined ? {} : { doubt };
  return { found: report.findings, acts, givesUp, safe, ...why, done: false, copyOut: [] };
}

async function reportOf(
  path: string,
  plan: Planned,
  more: Pick<Repair, 'done'> & Partial<Repair>,
): Promise<RepairReport> {
  const { header, report } = plan;
  // What a plan that was not carried out gives up needs that plan, and no copy.
  const staying = report.findings.filter(({ entry = 0 }) => entry < (header?.count ?? 0));
  const commands = report.contents ? await copyOut(path, staying) : [];
  return { ...report, repair: { ...asked(plan), ...more, copyOut: commands } };
}

/** Throws FamfsError `owner-changed` unless the device is what the plan was made for. */
function checkUnchanged(device: Device, found: FoundSuperblock, plan: HeaderPlan): void {
  const now = planHeader(device, found.superblock);
  const same =
    readSuperblockBytes(device).equals(found.bytes) &&
    now.before.equals(plan.before) &&
    now.after.equals(plan.after);
  if (same) return;
  throw new FamfsError(
    'owner-changed',
    `${device.path}: superblock or log changed while the repair was prepared; nothing was repaired`,
    'make sure that no other host writes to it, then run the repair again',
  );
}

function defaultBackup(uuid: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  return `famfs-${uuid}-${time}.backup`;
}

async function onDevice<T>(
  path: string,
  writable: boolean,
  work: (device: Device) => Promise<T>,
): Promise<T> {
  const device = openDevice(path, { writable });
  try {
    return await work(device);
  } finally {
    device.close();
  }
}
