import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, FamfsError } from '../errors';
import type { DaxNode } from './dax-sysfs';
import { linkIn } from './dax-sysfs';

/** Drivers of DAX devices, and which devices they have, through the files of /sys/bus/dax/drivers. */
export class DaxDrivers {
  readonly #directory: string;

  constructor(sysfs: string) {
    this.#directory = join(sysfs, 'bus/dax/drivers');
  }

  /**
   * Throws FamfsError `dax-mode` when the kernel does not have a driver or sysfs is read-only, `no-permission` when
   * this user may not give it devices.
   */
  check(driver: string): void {
    const directory = join(this.#directory, driver);
    if (!existsSync(directory)) {
      throw new FamfsError('dax-mode', `the kernel has no driver ${driver}`, `modprobe ${driver} loads it`);
    }
    try {
      for (const file of ['bind', 'unbind']) accessSync(join(directory, file), constants.W_OK);
    } catch (cause) {
      throw failure(`${directory}: cannot be written`, cause);
    }
  }

  /** Takes a device from its driver. */
  unbind({ name }: DaxNode, driver: string): void {
    this.#write(driver, 'unbind', name);
    // As long as the driver has its name, it may get the device again whenever one is looked for.
    if (existsSync(join(this.#directory, driver, 'remove_id'))) this.#write(driver, 'remove_id', name);
  }

  /**
   * Gives a device that has no driver to one. A driver that does not take devices of its kind by itself is given its
   * name, upon which it looks for it. Throws FamfsError `dax-mode` when the device does not have the driver then.
   */
  bind({ directory, name }: DaxNode, driver: string): void {
    try {
      this.#write(driver, 'bind', name);
    } catch (error) {
      if (errnoOf((error as Error).cause) !== 'ENODEV') throw error;
      this.#write(driver, 'new_id', name);
    }
    if (linkIn(directory, 'driver') === driver) return;
    const hint = "the kernel's log (dmesg) tells why";
    throw new FamfsError('dax-mode', `${name}: the driver ${driver} does not take it`, hint);
  }

  #write(driver: string, file: string, name: string): void {
    const path = join(this.#directory, driver, file);
    try {
      writeFileSync(path, name, { flag: constants.O_WRONLY as unknown as string });
    } catch (cause) {
      throw failure(`${path}: cannot write ${name}`, cause);
    }
  }
}

function failure(what: string, cause: unknown): FamfsError {
  const code = errnoOf(cause);
  if (code === 'EACCES' || code === 'EPERM') {
    return new FamfsError('no-permission', `${what}: ${code}`, 'only root changes modes of DAX devices', {
      cause,
    });
  }
  const hint =
    code === 'EROFS'
      ? 'sysfs is read-only here, as in a container: change the mode on the host'
      : "the kernel's log (dmesg) may tell why";
  return new FamfsError('dax-mode', `${what}: ${code}`, hint, { cause });
}
