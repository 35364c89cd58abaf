import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../errors';
import { type DaxMode, daxModeOf } from './dax-mode';
import { daxNodes, numberIn } from './dax-sysfs';

/** A DAX device of this host. */
export interface DaxFacts {
  /** Its node, which may be missing. */
  readonly path: string;
  readonly mode: DaxMode;
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
  return daxNodes(sysfs).map(({ directory, driver, name }) => {
    const path = join(dev, name);
    const size = numberIn(join(directory, 'size'));
    const align = numberIn(join(directory, 'align'));
    return {
      path,
      mode: daxModeOf(driver),
      ...(size === undefined ? {} : { size }),
      ...(align === undefined ? {} : { align }),
      ...(driver === undefined ? {} : { driver }),
      access: accessTo(path),
    };
  });
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
