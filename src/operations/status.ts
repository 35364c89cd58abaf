import { FamfsError } from '../errors';
import type { StatusReport } from '../server-contract';
import type { AbsentFiles } from './absent-files';
import { listMounts, locate, type Mount, mountAt } from './mounts';
import { ServerClient } from './server-client';

/** Why the server of a mount tells nothing. */
export interface StatusFailure {
  readonly code: FamfsError['code'];
  readonly message: string;
  readonly hint?: string;
}

/** A mount, with what its server tells of it, or why it does not. */
export interface MountStatus {
  readonly directory: string;
  readonly device: string;
  readonly readOnly: boolean;
  /** Of the user who mounted it. */
  readonly uid: number;
  readonly server?: StatusReport;
  /** Where secondary devices cannot be used, what that concerns, if the log can be read. */
  readonly absent?: AbsentFiles;
  readonly failure?: StatusFailure;
}

/**
 * The status of the mount that `path` is in, or is.
 * Throws FamfsError `not-mounted` for other paths, `no-server` when its server does not answer, and `no-permission`
 * when it is another user's.
 */
export async function statusOf(path: string): Promise<MountStatus> {
  const mount = mountAt(path) ?? locate(path).mount;
  return served(mount);
}

/** The status of all mounts that this process sees, oldest first; directories that show one mount count once. */
export async function statusOfAll(): Promise<MountStatus[]> {
  const mounts = new Map<string, Mount>();
  for (const mount of listMounts()) if (!mounts.has(mount.id)) mounts.set(mount.id, mount);
  return Promise.all([...mounts.values()].map(statusOrFailure));
}

async function statusOrFailure(mount: Mount): Promise<MountStatus> {
  try {
    return await served(mount);
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    const { code, message, hint } = error;
    return { ...placeOf(mount), failure: { code, message, ...(hint === undefined ? {} : { hint }) } };
  }
}

async function served(mount: Mount): Promise<MountStatus> {
  const server = await new ServerClient(mount).status();
  const absent = await filesWithout(mount, server);
  return { ...placeOf(mount), server, ...(absent ? { absent } : {}) };
}

/** What the absence of devices concerns; undefined where none is absent, or the log is not the one that is served. */
async function filesWithout(
  mount: Mount,
  { deviceReplaced, devices, log }: StatusReport,
): Promise<AbsentFiles | undefined> {
  const troubled = devices.filter(({ index, trouble }) => index > 0 && trouble !== null);
  if (troubled.length === 0 || deviceReplaced || log.frozen !== null) return undefined;
  const { absentFiles } = await import('./absent-files');
  try {
    return await absentFiles(mount.device, new Set(troubled.map(({ index }) => index)));
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    return undefined;
  }
}

function placeOf({ device, directory, readOnly, uid }: Mount) {
  return { directory, device, readOnly, uid };
}
