import type { Device } from '../device/device';
import { FamfsError } from '../errors';
import type { DeviceTable, Members } from '../members/members';
import { EIO, Refusal } from './errno';
import type { SharedState } from './shared-state';

/** A failure of the medium, with the device that it is of. */
export class DeviceFailure extends FamfsError {
  constructor(
    readonly index: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super('device-io', message, undefined, options);
  }
}

/**
 * The devices of a file system as a worker serves them: what is on one that failed, or that is not there, is EIO. One
 * that is not there is looked for again, at most once a second.
 */
export class ServedDevices implements DeviceTable {
  constructor(
    private readonly members: Members,
    private readonly shared: SharedState,
  ) {}

  get primary(): Device {
    return this.members.primary;
  }

  /** Throws Refusal for a device that failed. */
  checkFailed(index: number): void {
    if (this.shared.hasFailed(index)) throw new Refusal(EIO, `device ${index} failed`);
  }

  /** Throws Refusal for a device that failed or cannot be used. */
  at(index: number): Device {
    this.checkFailed(index);
    try {
      return this.members.at(index);
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      this.shared.noteUnfound(index);
      throw new Refusal(EIO, error.message);
    }
  }

  /** The device, failed or not; undefined when it is not there or the log names none with this index. */
  find(index: number): Device | undefined {
    return index < this.members.count ? this.members.find(index) : undefined;
  }

  /** Does `work` on a device. What its medium fails is thrown as DeviceFailure; else throws as at(). */
  on<T>(index: number, work: (device: Device) => T): T {
    const device = this.at(index);
    try {
      return work(device);
    } catch (error) {
      if (!(error instanceof FamfsError) || error.code !== 'device-io') throw error;
      throw new DeviceFailure(index, error.message, { cause: error.cause });
    }
  }

  close(): void {
    this.members.close();
  }
}
