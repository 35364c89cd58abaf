import { FLAG_SECONDARY, SUPERBLOCK, SUPERBLOCK_MAGIC } from './layout';
import { decodeSuperblock, encodeSuperblock, type Superblock } from './superblock';

/**
 * The 200 bytes of the superblock of a secondary device, sealed: that of its file system, with a device UUID of its own,
 * without a log. Name and size stay those of the primary.
 */
export function encodeSecondary(primary: Superblock, deviceUuid: string): Buffer {
  const { allocUnit, ownerUuid, primaryName, primarySize, uuid } = primary;
  const same = { allocUnit, ownerUuid, primaryName, primarySize, uuid };
  return encodeSuperblock({ ...same, deviceUuid, logLength: 0, flags: FLAG_SECONDARY }, 0);
}

/** What the first bytes of a device say it is, for one that may be a secondary device. */
export type DeviceRole = 'empty' | 'damaged' | 'primary' | 'secondary';

export interface Identity {
  readonly role: DeviceRole;
  /** Of a primary or secondary device: the file system, the device itself, and the file system's owner. */
  readonly uuid: string;
  readonly deviceUuid: string;
  readonly ownerUuid: string;
}

/** Tells what a device is by the bytes of its superblock, without judging whether the file system is sound. */
export function identify(bytes: Buffer): Identity {
  const { deviceUuid, ownerUuid, uuid } = decodeSuperblock(bytes);
  return { role: roleOf(bytes), uuid, deviceUuid, ownerUuid };
}

function roleOf(bytes: Buffer): DeviceRole {
  const { crc, flags, logLength, logOffset, magic } = SUPERBLOCK.fields;
  if (magic.get(bytes, 0) !== SUPERBLOCK_MAGIC) return 'empty';
  if (crc.verify(bytes, 0) !== undefined) return 'damaged';
  const secondary = (flags.get(bytes, 0) & FLAG_SECONDARY) !== 0;
  return secondary && logOffset.get(bytes, 0) === 0 && logLength.get(bytes, 0) === 0
    ? 'secondary'
    : 'primary';
}
