import { FamfsError } from '../errors';
import { listMounts } from './mounts';
import { type View, withView } from './view';

/** How full a file system is. Sizes in bytes. */
export interface Usage {
  readonly device: string;
  readonly size: number;
  /** Superblock and log among it. */
  readonly used: number;
  readonly free: number;
  /** The longest run of free space. */
  readonly largestFree: number;
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
 * are told all the same; when none can, its error is thrown.
 */
export async function usageOf(targets: readonly string[]) {
  const wanted = targets.length > 0 ? targets : listMounts().map(({ directory }) => directory);
  const filesystems: Usage[] = [];
  const failures: UsageFailure[] = [];
  for (const target of wanted) {
    try {
      filesystems.push(await withView(target, {}, usageOfView));
    } catch (error) {
      if (!(error instanceof FamfsError) || wanted.length === 1) throw error;
      failures.push({ target, error });
    }
  }
  return { filesystems, failures };
}

function usageOfView(view: View): Usage {
  const { capacity, device, mount, notShown, replay } = view;
  const { freeUnits, largestFreeUnits, unitBytes } = view.pool().stats();
  const free = freeUnits * unitBytes;
  return {
    device: device.path,
    size: device.size,
    used: device.size - free,
    free,
    largestFree: largestFreeUnits * unitBytes,
    entries: replay.counts.entries,
    freeEntries: capacity - replay.counts.entries,
    ...(mount ? { mountedOn: mount.directory } : {}),
    notShown,
  };
}
