import { type DaxFacts, listDaxDevices } from '../device/dax-list';
import { type LibraryState, systemLibraries } from '../device/libraries';
import { SYSTEM_UUID_PATH, systemUuid } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { leftovers } from '../server-place';
import type { DoctorCheck, DoctorSubject } from './doctor-check';
import { examineDax } from './doctor-dax';
import { fusermountCheck, kernelCheck, nodeCheck, otherUsersCheck } from './doctor-system';
import { checkFuse } from './mount-checks';
import { statusOfAll } from './status';

export interface DoctorReport {
  /** Numbers of checks by level. */
  readonly errors: number;
  readonly warnings: number;
  readonly checks: readonly DoctorCheck[];
  readonly devices: readonly DaxFacts[];
}

/** Where the facts about a host come from. */
export interface HostPlaces {
  readonly sysfs: string;
  readonly dev: string;
  /** The settings of fusermount3. */
  readonly fuseConf: string;
}

export const THIS_HOST: HostPlaces = { sysfs: '/sys', dev: '/dev', fuseConf: '/etc/fuse.conf' };

/** Looks at all that famfs needs from a host, and at what runs on it. Changes nothing. */
export async function examineHost(places: HostPlaces = THIS_HOST): Promise<DoctorReport> {
  const devices = listDaxDevices(places.sysfs, places.dev);
  const { libfuse, libpmem } = systemLibraries();
  const checks: DoctorCheck[] = [
    nodeCheck(),
    kernelCheck(),
    fromFailure('fuse', '/dev/fuse can be opened', checkFuse),
    fusermountCheck(),
    libraryCheck('libfuse', libfuse, 'error'),
    libraryCheck('libpmem', libpmem, devices.length > 0 ? 'error' : 'warning'),
    otherUsersCheck(places.fuseConf),
    uuidCheck(),
    ...examineDax(devices),
    ...(await mountChecks()),
    ...leftoverChecks(),
  ];
  const count = (level: DoctorCheck['level']) => checks.filter((check) => check.level === level).length;
  return { errors: count('error'), warnings: count('warning'), checks, devices };
}

/** An ok check, unless `examine` throws a FamfsError, whose message and hint it then has. */
function fromFailure(name: DoctorSubject, fine: string, examine: () => void): DoctorCheck {
  try {
    examine();
    return { name, level: 'ok', message: fine };
  } catch (error) {
    return failed(name, 'error', error);
  }
}

function failed(name: DoctorSubject, level: DoctorCheck['level'], error: unknown): DoctorCheck {
  if (!(error instanceof FamfsError)) throw error;
  const { hint, message } = error;
  return { name, level, message, ...(hint === undefined ? {} : { hint }) };
}

function libraryCheck(name: DoctorSubject, { failure, soname }: LibraryState, level: DoctorCheck['level']) {
  return failure
    ? failed(name, level, failure)
    : ({ name, level: 'ok', message: `${soname} can be loaded` } as const);
}

function uuidCheck(): DoctorCheck {
  let uuid: string | undefined;
  const check = fromFailure('system-uuid', '', () => {
    uuid = systemUuid();
  });
  if (check.level !== 'ok') return check;
  if (uuid !== undefined) return { ...check, message: `this host's system UUID is ${uuid}` };
  return {
    name: 'system-uuid',
    level: 'warning',
    message: `${SYSTEM_UUID_PATH}: this host has no system UUID yet`,
    hint: 'famfs mkfs, run as root, makes one; restore it instead if this host had one before',
  };
}

async function mountChecks(): Promise<DoctorCheck[]> {
  const mounts = await statusOfAll();
  if (mounts.length === 0) return [{ name: 'mount', level: 'ok', message: 'nothing is mounted' }];
  return mounts.map(({ device, directory, failure }) => {
    if (!failure) {
      return { name: 'mount', level: 'ok', message: `${directory}: the server of ${device} answers` };
    }
    const { code, hint, message } = failure;
    const level = code === 'no-permission' ? 'warning' : 'error';
    return { name: 'mount', level, message, hint: hint ?? 'ask as root, or as who mounted it' };
  });
}

function leftoverChecks(): DoctorCheck[] {
  return leftovers().map((path) => ({
    name: 'leftover',
    level: 'warning',
    message: `${path}: left by a server that died`,
    hint: 'the next famfs mount removes it',
  }));
}
