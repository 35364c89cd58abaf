import { FamfsError } from '../errors';
import type { DaxNode } from './dax-sysfs';

/**
 * What a DAX device is used for, named as daxctl does. Programs can map it in mode `devdax` alone; `famfs` is for file
 * systems in the kernel, `system-ram` makes memory of this host of it.
 */
export type DaxMode = 'devdax' | 'famfs' | 'system-ram' | 'disabled' | 'unknown';

const DRIVERS = { device_dax: 'devdax', fsdev_dax: 'famfs', kmem: 'system-ram' } as const;

/** The driver of the mode that famfs needs. */
export const DEVDAX_DRIVER = 'device_dax';

/** The mode that a driver stands for; no driver is `disabled`. */
export function daxModeOf(driver: string | undefined): DaxMode {
  if (driver === undefined) return 'disabled';
  return Object.hasOwn(DRIVERS, driver) ? DRIVERS[driver as keyof typeof DRIVERS] : 'unknown';
}

const MEANINGS: Record<Exclude<DaxMode, 'devdax'>, string> = {
  famfs: 'the kernel alone may use it, and programs cannot map it',
  'system-ram': 'it is memory of this host, and programs cannot map it',
  disabled: 'it cannot be opened',
  unknown: 'famfs does not know whether programs can map it',
};

/** The mode of a device, with its driver, and what that means for famfs. */
export function describeMode({ driver }: Pick<DaxNode, 'driver'>): string {
  const mode = daxModeOf(driver);
  if (mode === 'devdax') return 'in mode devdax';
  const name = mode === 'disabled' ? 'disabled (no driver)' : `in mode ${mode} (driver ${driver})`;
  return `${name}: ${MEANINGS[mode]}`;
}

/** How a device that is in another mode than devdax gets there. */
export function howToDevdax({ driver, name }: Pick<DaxNode, 'driver' | 'name'>): string {
  const mode = daxModeOf(driver);
  const byHand = `daxctl reconfigure-device --mode=devdax ${name}`;
  if (mode === 'unknown') return `run ${byHand}`;
  const first = mode === 'system-ram' ? `daxctl offline-memory ${name}, then ` : '';
  return `${first}give famfs mkfs or famfs mount --set-daxmode devdax, or run ${byHand}`;
}

/** The error for a device that cannot be mapped in the mode that it is in. */
export function wrongMode(path: string, node: DaxNode): FamfsError {
  return new FamfsError('dax-mode', `${path}: ${describeMode(node)}`, howToDevdax(node));
}
