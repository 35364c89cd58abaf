import { encode } from './fields';
import {
  FLAG_SECONDARY,
  OMF_MAJOR,
  OMF_MINOR,
  SUPERBLOCK,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_VERSION,
} from './layout';
import { decodeSuperblock, type Superblock } from './superblock';

/**
 * The 200 bytes of the superblock of a secondary device, sealed: that of its file system, with a device UUID of its own,
 * without a log. Name and size stay those of the primary.
 */
export function encodeSecondary(primary: Superblock, deviceUuid: string): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  encode(SUPERBLOCK, bytes, 0, {
    magic: SUPERBLOCK_MAGIC,
    version: SUPERBLOCK_VERSION,
    logOffset: 0,
    logLength: 0,
    allocUnit: primary.allocUnit,
    omfMajor: OMF_MAJOR,
    omfMinor: OMF_MINOR,
    uuid: primary.uuid,
    deviceUuid,
    ownerUuid: primary.ownerUuid,
    flags: FLAG_SECONDARY,
    primarySize: primary.primarySize,
    primaryName: Buffer.from(primary.primaryName).subarray(0, SUPERBLOCK.fields.primaryName.length - 1),
  });
  SUPERBLOCK.fields.crc.seal(bytes, 0);
  return bytes;
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
