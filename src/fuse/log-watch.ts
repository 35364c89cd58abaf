import { statSync } from 'node:fs';
import type { Device } from '../device/device';
import { FamfsError } from '../errors';
import { isError } from '../log/findings';
import { checkIdentity, lookForMore, soundEnd } from '../log/follow';
import { findSuperblock, type Superblock } from '../log/superblock';
import type { DeviceWatch } from './device-watch';
import type { Logger } from './logger';
import type { FreezeReason, SharedState } from './shared-state';

/** Looks that find the same entry bad before it counts as damage and not as a store on its way. */
const LOOKS_AT_BAD_ENTRY = 3;

/** Watches the log for the supervisor: tells the workers of what was appended, and ends that when the log turns bad. */
export class LogWatch {
  #badEntry = -1;
  #looksAtBadEntry = 0;
  #replaced = false;
  #ownerUuid: string;

  constructor(
    private readonly device: Device,
    private readonly superblock: Superblock,
    private readonly shared: SharedState,
    private readonly devices: DeviceWatch,
    private readonly logger: Logger,
  ) {
    this.#ownerUuid = superblock.ownerUuid;
  }

  /** True when the device's path leads to something else than what is mounted. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** One look. Never throws: what is wrong goes to the shared state and the log. */
  look(): void {
    try {
      this.#checkPath();
      if (this.shared.deviceFailed || this.shared.foreign) return;
      this.#checkSize();
      if (this.shared.frozen) this.#lookAtFrozen();
      else this.#look();
      this.devices.look();
    } catch (error) {
      if (this.shared.deviceFailed) return;
      this.logger.error(`${(error as Error).message}: its files answer EIO from now on`);
      this.shared.failDevice(0);
    }
  }

  #look(): void {
    const known = this.shared.wantedEntries;
    const identity = checkIdentity(this.device, this.superblock);
    const { derailment = identity, end } = identity
      ? { end: known }
      : lookForMore(this.device, this.superblock, known);
    if (derailment) this.#freeze(derailment);
    else this.#checkOwner();
    if (derailment || end === known) return;
    const sound = soundEnd(this.device, known, end);
    this.shared.wantEntries(sound);
    if (sound < end) this.#foundBad(sound);
  }

  /** The kernel keeps attributes for good, and with them what the role of this host was when it mounted. */
  #checkOwner(): void {
    const { findings, superblock } = findSuperblock(this.device);
    const { ownerUuid } = superblock;
    if (findings.some(isError) || ownerUuid === this.#ownerUuid) return;
    this.#ownerUuid = ownerUuid;
    this.logger.warn(
      `the host with system UUID ${ownerUuid} became the owner; files here may be written as before until the next mount`,
    );
  }

  /** A log that is not followed any more may still be made over, after which its bytes must not be served. */
  #lookAtFrozen(): void {
    const derailment = checkIdentity(this.device, this.superblock);
    if (derailment) this.#freeze(derailment);
  }

  #foundBad(entry: number): void {
    this.#looksAtBadEntry = entry === this.#badEntry ? this.#looksAtBadEntry + 1 : 1;
    this.#badEntry = entry;
    if (this.#looksAtBadEntry < LOOKS_AT_BAD_ENTRY) return;
    this.#freeze('bad-entry', `, entry ${entry}`);
  }

  #freeze(reason: FreezeReason, where = ''): void {
    this.shared.freeze(reason);
    const consequence = this.shared.foreign ? '; reads and writes answer EIO' : '';
    this.logger.error(
      `the log turned invalid (${reason}${where}): what is served stays as it is${consequence}`,
    );
  }

  /** A file that became shorter has lost data. */
  #checkSize(): void {
    if (this.device.currentSize() < this.device.size) {
      throw new FamfsError(
        'device-io',
        `${this.device.path} became shorter than its ${this.device.size} bytes`,
      );
    }
  }

  /** A file that was replaced is no longer what its path says. */
  #checkPath(): void {
    const replaced = this.device.identity() !== identityOf(this.device.path);
    if (replaced && !this.#replaced) {
      this.logger.error(`${this.device.path} was removed or replaced; what is mounted is the former one`);
    }
    this.#replaced = replaced;
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, rdev } = statSync(path);
    return `${dev}:${ino}:${rdev}`;
  } catch {
    return undefined;
  }
}
