import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errnoOf } from '../errors';

/** Who has a DAX device: famfs needs `device_dax`; `kmem` makes system memory of it. */
export interface DaxFacts {
  /** Its node, which may be missing. */
  readonly path: string;
  /** Bytes; absent where sysfs tells no number. */
  readonly size?: number;
  /** Bytes that mappings of it must be aligned to; absent where sysfs tells no number. */
  readonly align?: number;
  /** The driver's name in sysfs; absent for a device without one. */
  readonly driver?: string;
  /** What this user may do with the node. */
  readonly access: 'read-write' | 'read-only' | 'none' | 'missing';
}

/** The DAX devices that the kernel lists, by name. `sysfs` and `dev` are where /sys and /dev are. */
export function listDaxDevices(sysfs: string, dev: string): DaxFacts[] {
  const list = join(sysfs, 'bus/dax/devices');
  return namesIn(list)
    .sort()
    .map((name) => {
      const path = join(dev, name);
      const size = numberIn(join(list, name, 'size'));
      const align = numberIn(join(list, name, 'align'));
      const driver = driverOf(join(list, name));
      return {
        path,
        ...(size === undefined ? {} : { size }),
        ...(align === undefined ? {} : { align }),
        ...(driver === undefined ? {} : { driver }),
        access: accessTo(path),
      };
    });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function numberIn(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    const value = Number(text);
    return text !== '' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  } catch {
    return undefined;
  }
}

function driverOf(device: string): string | undefined {
  try {
    return basename(readlinkSync(join(device, 'driver')));
  } catch {
    return undefined;
  }
}

function accessTo(path: string): DaxFacts['access'] {
  const may = (mode: number): boolean | 'missing' => {
    try {
      accessSync(path, mode);
      return true;
    } catch (cause) {
      return errnoOf(cause) === 'ENOENT' ? 'missing' : false;
    }
  };
  const read = may(constants.R_OK);
  if (read === 'missing') return 'missing';
  if (read !== true) return 'none';
  return may(constants.W_OK) === true ? 'read-write' : 'read-only';
}
