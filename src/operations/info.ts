import { systemUuid } from '../device/system-uuid';
import { LOG_OFFSET, SUPERBLOCK_VERSION } from '../log/layout';
import type { Role } from './check';
import { mountsOfDevice } from './mounts';
import { withView } from './view';

/** A device of a file system, by its index in maps of files. `size` in bytes. */
export interface InfoDevice {
  readonly index: number;
  readonly uuid: string;
  readonly size: number;
}

/** What superblock and log say of a file system. Sizes and offsets in bytes. */
export interface Info {
  readonly device: string;
  readonly deviceKind: 'file' | 'devdax';
  readonly uuid: string;
  readonly ownerUuid: string;
  readonly role: Role;
  readonly superblockVersion: number;
  /** Version of the on-media format. */
  readonly format: string;
  readonly allocUnit: number;
  readonly log: {
    readonly offset: number;
    readonly length: number;
    readonly entries: number;
    readonly capacity: number;
    /** Entries that are damaged. */
    readonly notShown: number;
  };
  readonly files: number;
  readonly directories: number;
  readonly devices: InfoDevice[];
  /** The primary device as the owner saw it when it made the file system. */
  readonly recorded: { readonly size: number; readonly name: string };
  readonly mounts: { readonly directory: string; readonly readOnly: boolean }[];
}

/** Tells what a file system is. Throws what opening a view throws. */
export function info(target: string): Promise<Info> {
  return withView(target, {}, ({ capacity, device, notShown, replay, superblock, tree }) => ({
    device: device.path,
    deviceKind: device.kind,
    uuid: superblock.uuid,
    ownerUuid: superblock.ownerUuid,
    role: superblock.ownerUuid === systemUuid() ? 'owner' : 'client',
    superblockVersion: SUPERBLOCK_VERSION,
    format: `${superblock.omfMajor}.${superblock.omfMinor}`,
    allocUnit: superblock.allocUnit,
    log: {
      offset: LOG_OFFSET,
      length: superblock.logLength,
      entries: replay.counts.entries,
      capacity,
      notShown,
    },
    files: tree.fileCount,
    directories: tree.directoryCount,
    devices: replay.devices.map(({ size, uuid }, index) => ({ index, uuid, size })),
    recorded: { size: superblock.primarySize, name: superblock.primaryName },
    mounts: mountsOfDevice(device.path).map(({ directory, readOnly }) => ({ directory, readOnly })),
  }));
}
