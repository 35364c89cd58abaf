import { roleHere } from '../device/system-uuid';
import { LOG_OFFSET, SUPERBLOCK_VERSION } from '../log/layout';
import type { Role } from './check';
import { devicesOf, type ListedDevice } from './device-list';
import { mountsOfDevice } from './mounts';
import { type View, withView } from './view';

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
  readonly devices: readonly ListedDevice[];
  /** The primary device as the owner saw it when it made the file system. */
  readonly recorded: { readonly size: number; readonly name: string };
  readonly mounts: { readonly directory: string; readonly readOnly: boolean }[];
}

/** Tells what a file system is, devices looked for at `given` first. Throws what opening a view throws. */
export function info(target: string, given: readonly string[] = []): Promise<Info> {
  return withView(target, { devices: given }, infoOf);
}

function infoOf(view: View): Info {
  const { capacity, device, notShown, replay, superblock, tree } = view;
  return {
    device: device.path,
    deviceKind: device.kind,
    uuid: superblock.uuid,
    ownerUuid: superblock.ownerUuid,
    role: roleHere(superblock.ownerUuid),
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
    devices: devicesOf(view),
    recorded: { size: superblock.primarySize, name: superblock.primaryName },
    mounts: mountsOfDevice(device.path).map(({ directory, readOnly }) => ({ directory, readOnly })),
  };
}
