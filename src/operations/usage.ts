import type { AllocatorStats } from '../alloc/allocator';
import { FamfsError } from '../errors';
import { devicesOf, type ListedDevice } from './device-list';
import { listMounts } from './mounts';
import { type View, withView } from './view';

/** A device of a file system, and, unless it is in trouble, how full it is. Sizes in bytes. */
export interface DeviceUsage extends ListedDevice {
  /** Superblocks and log among it. */
  readonly used?: number;
  readonly free?: number;
  /** The longest run of free space. */
  readonly largestFree?: number;
}

/** How full a file system is, over all of its devices that can be used. Sizes in bytes. */
export interface Usage {
  /** The primary device. */
  readonly device: string;
  readonly size: number;
  /** Superblocks and log among it. */
  readonly used: number;
  readonly free: number;
  /** The longest run of free space on one device. */
  readonly largestFree: number;
  readonly devices: readonly DeviceUsage[];
  readonly entries: number;
  readonly freeEntries: number;
  readonly mountedOn?: string;
  /** Entries of the log that are damaged: what they hold counts as free. */
  readonly notShown: number;
}

export interface UsageFailure {
  readonly target: string;
  readonly error: FamfsError;
}

/**
 * How full the given file systems are, or all that are mounted. One that cannot be read is reported, and the others
 * are told all the same; when none can, its error is thrown. Devices are looked for at `given` first.
 */
export async function usageOf(targets: readonly string[], given: readonly string[] = []) {
  const wanted = targets.length > 0 ? targets : listMounts().map(({ directory }) => directory);
  const filesystems: Usage[] = [];
  const failures: UsageFailure[] = [];
  for (const target of wanted) {
    try {
      filesystems.push(await withView(target, { devices: given }, usageOfView));
    } catch (error) {
      if (!(error instanceof FamfsError) || wanted.length === 1) throw error;
      failures.push({ target, error });
    }
  }
  return { filesystems, failures };
}

function usageOfView(view: View): Usage {
  const { capacity, device, mount, notShown, replay } = view;
  const stats = view.pool().stats();
  const devices = devicesOf(view).map((listed) => {
    const space = stats.devices[listed.index];
    return space ? { ...listed, ...usageOn(listed.size, space) } : listed;
  });
  const size = devices.reduce((sum, one) => sum + ('free' in one ? one.size : 0), 0);
  return {
    device: device.path,
    size,
    ...usageOn(size, stats),
    devices,
    entries: replay.counts.entries,
    freeEntries: capacity - replay.counts.entries,
    ...(mount ? { mountedOn: mount.directory } : {}),
    notShown,
  };
}

function usageOn(size: number, { freeUnits, largestFreeUnits, unitBytes }: AllocatorStats) {
  const free = freeUnits * unitBytes;
  return { used: size - free, free, largestFree: largestFreeUnits * unitBytes };
}
