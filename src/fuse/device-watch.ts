import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Device } from '../device/device';
import { FamfsError } from '../errors';
import { DeviceScan } from '../log/device-scan';
import type { Superblock } from '../log/superblock';
import { Members } from '../members/members';
import type { DeviceReport } from '../server-contract';
import type { Logger } from './logger';
import { type Registrar, registerDevice } from './maps/extent-maps';
import type { SharedState } from './shared-state';

/** Some 60 ms of flushes. */
const FLUSH_STEP_BYTES = 2 ** 30;

/** Watches the devices for the supervisor: which the log names, where they are, and what is wrong with them. */
export class DeviceWatch {
  readonly #members: Members;
  readonly #scan: DeviceScan;
  /** What the log of the server was told of devices that cannot be used, by index. */
  readonly #told = new Map<number, string>();
  /** Devices that the kernel was offered. */
  readonly #offered = new Set<number>();
  #registrar: Registrar | undefined;
  /** Flushes under way: no device is closed meanwhile. */
  #flushing = 0;

  /** `given` are paths where devices are looked for first; what is below `directory`, the mount point, is none. */
  constructor(
    primary: Device,
    superblock: Superblock,
    given: readonly string[],
    directory: string,
    private readonly shared: SharedState,
    private readonly logger: Logger,
  ) {
    this.#scan = new DeviceScan(primary, superblock);
    this.#members = new Members(primary, superblock, this.#scan.devices, given, {
      writable: primary.writable,
      notBelow: directory,
    });
  }

  /** Looks at the whole log, before anything is served, and from then on tells the kernel of devices, if it maps files. */
  start(registrar: Registrar | undefined): void {
    this.#registrar = registrar;
    this.#scan.toEnd();
    this.#lookAtDevices();
  }

  /** Takes up devices that were added, and looks after all. Throws FamfsError `device-io` where the log cannot be read. */
  look(): void {
    if (!this.shared.foreign) this.#scan.to(this.shared.wantedEntries);
    this.#lookAtDevices();
  }

  /** The state of each device that the log names, as far as looks at the log told. */
  reports(): DeviceReport[] {
    return this.#members.records.map(({ size, uuid }, index) => {
      const problem = this.#members.problem(index);
      const path = problem ? problem.path : this.#members.at(index).path;
      const trouble = problem?.trouble ?? (this.shared.hasFailed(index) ? 'failed' : null);
      return { index, uuid, size, path: path ?? null, trouble };
    });
  }

  /**
   * Writes back what this host has in its caches of all devices that are there, and drops it. In steps: a large device
   * takes a minute for each TiB, and the log is looked at in between. Throws FamfsError `device-io`, after all others
   * were done, for a device that fails.
   */
  async flush(): Promise<void> {
    const errors: unknown[] = [];
    this.#flushing++;
    for (const index of this.#members.records.keys()) {
      try {
        await flushInSteps(this.#members.find(index));
      } catch (error) {
        errors.push(error);
      }
    }
    this.#flushing--;
    if (errors.length > 0) throw errors[0];
  }

  /** Closes the secondary devices. */
  close(): void {
    this.#members.closeSecondaries();
  }

  #lookAtDevices(): void {
    for (let index = 1; index < this.#members.count; index++) {
      if (this.#flushing === 0) this.#doubt(index);
      const problem = this.#members.problem(index);
      this.#tell(index, problem?.detail);
      if (!problem) this.#offerToKernel(index, this.#members.at(index));
    }
  }

  /** Looks for a device anew that workers, which look for themselves, do not find, or that is not what it was. */
  #doubt(index: number): void {
    if (this.shared.takeUnfound(index)) this.#members.forget(index);
    const device = this.shared.hasFailed(index) ? undefined : this.#members.find(index);
    const failure = device && this.#failureOf(index, device);
    if (!failure) return;
    this.shared.failDevice(index);
    this.logger.error(`${failure}: its files answer EIO from now on`);
  }

  /** What is wrong with a device that was found; undefined where nothing is. */
  #failureOf(index: number, device: Device): string | undefined {
    const size = this.#members.records[index]?.size ?? 0;
    try {
      // A file that became shorter has lost data.
      if (device.currentSize() < size)
        return `${device.path} became shorter than the ${size} bytes of device ${index}`;
      if (this.#members.isItself(index)) return undefined;
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      return error.message;
    }
    this.#members.forget(index);
    return `${device.path} is not device ${index} any more`;
  }

  /** Has the log tell that a device cannot be used, or can be used again, once. */
  #tell(index: number, problem: string | undefined): void {
    if (this.#told.get(index) === problem) return;
    if (problem === undefined) {
      this.#told.delete(index);
      this.logger.info(`device ${index} is there again`);
    } else {
      this.#told.set(index, problem);
      this.logger.error(`${problem}: its files answer EIO`);
    }
  }

  /** Files on a device that the kernel does not take are served plainly. */
  #offerToKernel(index: number, device: Device): void {
    if (!this.#registrar || this.#offered.has(index)) return;
    this.#offered.add(index);
    try {
      registerDevice(this.#registrar, index, `/proc/self/fd/${device.fd}`);
      this.shared.putInKernel(index);
    } catch (error) {
      this.logger.warn(
        `the kernel does not take device ${index} (${(error as Error).message}): its files are served plainly`,
      );
    }
  }
}

async function flushInSteps(device: Device | undefined): Promise<void> {
  for (let offset = 0; device && offset < device.size; offset += FLUSH_STEP_BYTES) {
    device.flush(offset, Math.min(FLUSH_STEP_BYTES, device.size - offset));
    await nextTurn();
  }
  device?.fence();
}
