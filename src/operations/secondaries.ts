import type { Device } from '../device/device';
import { describeHost } from '../device/host-names';
import { openDevice } from '../device/open';
import { systemUuid } from '../device/system-uuid';
import { FamfsError } from '../errors';
import type { AddDaxdevEntry } from '../log/entry';
import { SUPERBLOCK, SUPERBLOCK_REGION } from '../log/layout';
import { encodeSecondary, identify } from '../log/secondary';
import { storeDurably } from '../log/store';
import { readSuperblockBytes, type Superblock } from '../log/superblock';
import { noteHint } from '../members/candidates';
import { checkNotMounted } from './mounts';

/** A device that became part of a file system. `size` in bytes. */
export interface AddedDevice {
  readonly index: number;
  readonly uuid: string;
  readonly device: string;
  readonly size: number;
}

export interface SecondaryOptions {
  readonly noSync?: boolean;
  /** Take a device that holds a file system, and destroy that. */
  readonly force?: boolean;
  /** Devices of this file system that are not in its log are taken as they are: adding them did not come to its end. */
  readonly of?: { readonly uuid: string; readonly known: readonly string[] };
}

/** Devices on their way to become secondary ones of a file system, open and locked. */
export class NewSecondaries {
  readonly #devices: Device[] = [];

  constructor(
    private readonly primary: Device,
    private readonly options: SecondaryOptions,
  ) {}

  /**
   * Opens devices and checks that each may be taken; nothing is written. close() is needed whatever comes of it.
   * Throws FamfsError `device-mounted`, `already-famfs`, `device-locked`, `device-too-small`, `usage` for one given
   * twice, and what opening throws.
   */
  open(paths: readonly string[]): void {
    for (const path of paths) {
      const device = openDevice(path, { writable: true, noSync: this.options.noSync ?? false });
      const others = [this.primary, ...this.#devices];
      this.#devices.push(device);
      this.#check(path, device, others);
    }
  }

  /** Writes their superblocks, durably, with indexes from `first` on. What they are is in no log yet. */
  write(superblock: Superblock, first: number): AddedDevice[] {
    return this.#devices.map((device, i) => {
      const uuid = crypto.randomUUID();
      storeDurably(device, 0, Buffer.alloc(SUPERBLOCK.bytes));
      storeDurably(device, 0, encodeSecondary(superblock, uuid));
      noteHint(uuid, device.path);
      return { index: first + i, uuid, device: device.path, size: device.size };
    });
  }

  close(): void {
    for (const device of this.#devices) device.close();
  }

  #check(path: string, device: Device, others: readonly Device[]): void {
    if (others.some((other) => other.identity() === device.identity())) {
      throw new FamfsError('usage', `${path}: given twice`, 'each device can be part of a file system once');
    }
    const isOwn = this.#isOfThisFileSystem(path, device);
    if (!isOwn) checkNotMounted(path, device.path);
    if (!device.tryLock()) {
      throw new FamfsError(
        'device-locked',
        `${path}: another famfs process uses it`,
        'try again when it has ended',
      );
    }
    if (device.size < 2 * SUPERBLOCK_REGION) {
      throw new FamfsError(
        'device-too-small',
        `${path}: ${device.size} bytes; a secondary device needs ${2 * SUPERBLOCK_REGION} at least`,
      );
    }
    if (!this.options.force && !isOwn) checkNotFamfs(device);
  }

  /** Whether a device says that it is of the file system that it is to be added to: adding it did not come to its end. */
  #isOfThisFileSystem(path: string, device: Device): boolean {
    const { deviceUuid, role, uuid } = identify(readSuperblockBytes(device));
    const { of } = this.options;
    if (of === undefined || role !== 'secondary' || uuid !== of.uuid) return false;
    const index = of.known.indexOf(deviceUuid);
    if (index === -1) return true;
    throw new FamfsError(
      'already-famfs',
      `${path}: is device ${index} of this file system`,
      `famfs device ls ${this.primary.path} tells all of them`,
    );
  }
}

/** The log entry that makes a device part of a file system. */
export function entryOf({ index, size, uuid }: AddedDevice): AddDaxdevEntry {
  return { type: 'add-daxdev', index, size, deviceUuid: uuid };
}

/** Throws FamfsError `already-famfs` for a device that holds a famfs file system, or is part of one. */
export function checkNotFamfs(device: Device): void {
  const { ownerUuid, role, uuid } = identify(readSuperblockBytes(device));
  if (role === 'empty') return;
  const what =
    role === 'secondary' ? 'is a secondary device of a famfs file system' : 'holds a famfs file system';
  const owner = ownerUuid === systemUuid() ? 'this host' : describeHost(ownerUuid);
  throw new FamfsError(
    'already-famfs',
    `${device.path}: ${what} (UUID ${uuid}), owned by ${owner}`,
    'add --force to destroy it and make a new one',
  );
}
