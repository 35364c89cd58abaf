import { realpathSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DaxDrivers } from '../device/dax-bind';
import { type DaxMode, DEVDAX_DRIVER, daxModeOf, wrongMode } from '../device/dax-mode';
import { type DaxNode, daxNodeOf } from '../device/dax-sysfs';
import { type DaxPlaces, type DaxUse, useOfDax } from '../device/dax-use';
import { errnoOf, FamfsError } from '../errors';

export interface DaxModeOptions {
  /** Switch a DAX device that is in another mode to this one first, and back when what follows fails. */
  readonly setDaxMode?: 'devdax';
  /** Is told what was done to the mode of a device. */
  readonly onModeChange?: (message: string) => void;
}

/** What is added to the result of an operation that had to switch its device to devdax. */
export interface SwitchedMode {
  /** The mode that the device was in. */
  readonly switchedFrom?: DaxMode;
}

/** How long a server that could not mount may take to end, before its device counts as in use. */
const MOST_WAIT_MS = 2000;
const POLL_MS = 50;

const THIS_HOST: DaxPlaces = { sysfs: '/sys', proc: '/proc' };

/**
 * Does `work` with a device, which is switched to mode devdax first when `options` ask for it and it is in another one.
 * When `work` fails, the device is put back. A device that anybody uses is never switched, nor put back.
 * Throws FamfsError `device-mounted`, `dax-mode` and `no-permission`, and what `work` throws.
 */
export async function withDaxMode<T extends object>(
  path: string,
  options: DaxModeOptions,
  work: () => Promise<T>,
  places: DaxPlaces = THIS_HOST,
): Promise<T & SwitchedMode> {
  if (options.setDaxMode === undefined) return work();
  const device = new SwitchableDevice(path, places);
  const { mode } = device;
  if (mode === 'devdax') return work();
  const tell = options.onModeChange ?? (() => {});
  device.toDevdax();
  tell(`${path}: switched from mode ${mode} to devdax`);
  try {
    return { ...(await work()), switchedFrom: mode };
  } catch (error) {
    tell(await putBack(device, path));
    throw error;
  }
}

async function putBack(device: SwitchableDevice, path: string): Promise<string> {
  const until = performance.now() + MOST_WAIT_MS;
  while (device.use()?.kind === 'process' && performance.now() < until) await sleep(POLL_MS);
  try {
    device.putBack();
    return `${path}: put back to mode ${device.mode}`;
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    return `${path}: could not be put back to mode ${device.mode}: ${error.message}`;
  }
}

class SwitchableDevice {
  /** The mode that it was in at first. */
  readonly mode: DaxMode;
  /** As it was at first. */
  readonly #node: DaxNode;
  #current: DaxNode;
  readonly #realPath: string;
  readonly #drivers: DaxDrivers;

  constructor(
    private readonly path: string,
    private readonly places: DaxPlaces,
  ) {
    const { node, realPath } = daxDevice(path, places.sysfs);
    this.mode = daxModeOf(node.driver);
    this.#node = node;
    this.#current = node;
    this.#realPath = realPath;
    this.#drivers = new DaxDrivers(places.sysfs);
  }

  /** Checks all that can be known before anything is changed. */
  toDevdax(): void {
    const { driver } = this.#node;
    if (this.mode === 'unknown') throw wrongMode(this.path, this.#node);
    this.#drivers.check(DEVDAX_DRIVER);
    if (driver !== undefined) this.#drivers.check(driver);
    this.#checkUnused();
    if (driver !== undefined) this.#drivers.unbind(this.#node, driver);
    try {
      this.#drivers.bind(this.#node, DEVDAX_DRIVER);
    } catch (error) {
      if (driver !== undefined) this.#drivers.bind(this.#node, driver);
      throw error;
    }
    this.#current = { ...this.#node, driver: DEVDAX_DRIVER };
  }

  putBack(): void {
    const { driver } = this.#node;
    this.#checkUnused();
    this.#drivers.unbind(this.#node, DEVDAX_DRIVER);
    if (driver !== undefined) this.#drivers.bind(this.#node, driver);
  }

  /** Who uses it, in the mode that it is in by now. */
  use(): DaxUse | undefined {
    return useOfDax(this.#realPath, this.#current, this.places);
  }

  #checkUnused(): void {
    const use = this.use();
    if (use) throw inUse(this.path, this.#node, use);
  }
}

function daxDevice(path: string, sysfs: string): { node: DaxNode; realPath: string } {
  let realPath: string;
  try {
    realPath = realpathSync(path);
  } catch (cause) {
    const what = errnoOf(cause) === 'ENOENT' ? 'no such device or file' : errnoOf(cause);
    throw new FamfsError('no-device', `${path}: ${what}`, undefined, { cause });
  }
  const node = daxNodeOf(statSync(realPath), sysfs);
  if (node) return { node, realPath };
  const hint = 'leave --set-daxmode out: files have no mode';
  throw new FamfsError('no-device', `${path}: not a DAX device, so it has no mode to set`, hint);
}

function inUse(path: string, { name }: DaxNode, use: DaxUse): FamfsError {
  const stays = 'so its mode stays as it is';
  switch (use.kind) {
    case 'mount': {
      const hint = `umount ${use.directory} first`;
      return new FamfsError('device-mounted', `${path}: mounted on ${use.directory}, ${stays}`, hint);
    }
    case 'process': {
      const what = `process ${use.pid} (${use.command}) has it open, ${stays}`;
      return new FamfsError('dax-mode', `${path}: ${what}`, 'end that process first');
    }
    case 'memory': {
      const hint = `daxctl offline-memory ${name} first, if no program needs that memory`;
      return new FamfsError('dax-mode', `${path}: it is memory of this host that is online, ${stays}`, hint);
    }
  }
}
