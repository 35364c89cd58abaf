import { isPowerOfTwo } from '../numbers';
import { array, crc, structure, text, u32, u64, uuid } from './fields';

/** Everything on the media is little-endian. Offsets and lengths are in bytes. These numbers are not ours to change. */
export const MIB = 2 ** 20;
export const SUPERBLOCK_REGION = 2 * MIB;
export const LOG_OFFSET = SUPERBLOCK_REGION;
export const DEFAULT_ALLOC_UNIT = 2 * MIB;
export const MIN_LOG_LENGTH = 8 * MIB;
export const DEFAULT_LOG_LENGTH = 8 * MIB;
/** Longer logs are neither made nor mounted: of more entries, the names may take more than 32 bits can count. */
export const MAX_LOG_LENGTH = 16 * 1024 * MIB;
/** Smaller devices are refused unless asked for: the reference does not read them. */
export const MIN_DEVICE_SIZE = 4 * 1024 * MIB;
export const MAX_EXTENTS = 16;
export const PATH_BYTES = 80;
export const MAX_PATH = PATH_BYTES - 1;

export const SUPERBLOCK_MAGIC = 0x87b282ff;
export const SUPERBLOCK_VERSION = 48;
export const OMF_MAJOR = 2;
export const OMF_MINOR = 2;
export const LOG_MAGIC = 0xbadcafef00d;

export const FLAG_PRIMARY = 1;
export const FLAG_SECONDARY = 2;

export const ENTRY_FILE = 0;
export const ENTRY_MKDIR = 1;
export const ENTRY_ADD_DAXDEV = 3;

export const FILE_FLAG_READ_ONLY = 1;
export const FILE_FLAG_WRITABLE = 2;

export const EXTENT_SIMPLE = 0;
export const EXTENT_INTERLEAVED = 1;

export const PERMISSION_BITS = 0o7777;

export const SUPERBLOCK = structure('Superblock', 200, {
  magic: u64(0, 'magic 0x87b282ff', {
    code: 'sb-magic',
    must: `${SUPERBLOCK_MAGIC} (0x87b282ff)`,
    holds: (v) => v === SUPERBLOCK_MAGIC,
  }),
  version: u64(8, 'version', { code: 'sb-version', must: '48', holds: (v) => v === SUPERBLOCK_VERSION }),
  logOffset: u64(16, 'log offset', {
    code: 'sb-log-offset',
    must: '2097152 (2 MiB)',
    holds: (v) => v === LOG_OFFSET,
  }),
  logLength: u64(24, 'log length in bytes', {
    code: 'sb-log-length',
    must: 'a power of two of 8 MiB or more',
    holds: (v) => isPowerOfTwo(v) && v >= MIN_LOG_LENGTH,
  }),
  allocUnit: u64(32, 'allocation unit in bytes', {
    code: 'sb-alloc-unit',
    must: '4096 or 2097152 (2 MiB)',
    holds: (v) => v === 4096 || v === DEFAULT_ALLOC_UNIT,
  }),
  omfMajor: u32(40, 'on-media format, major number', {
    code: 'sb-omf-major',
    must: '2',
    holds: (v) => v === OMF_MAJOR,
  }),
  omfMinor: u32(44, 'on-media format, minor number'),
  uuid: uuid(48, 'UUID of the file system'),
  deviceUuid: uuid(64, 'UUID of this device'),
  ownerUuid: uuid(80, 'system UUID of the owner host'),
  crc: crc(96, 96),
  flags: u32(104, 'flags: bit 0 primary, bit 1 secondary', {
    code: 'sb-flags',
    must: 'of the bits 0 (primary) and 1 (secondary) alone',
    holds: (v) => v <= (FLAG_PRIMARY | FLAG_SECONDARY),
  }),
  primarySize: u64(112, 'primary device: size in bytes'),
  primaryUuid: uuid(120, 'primary device: UUID (the reference leaves it zero)'),
  primaryName: text(136, 64, 'primary device: name as the owner saw it, NUL-padded'),
});

export const LOG_HEADER = structure('Log header', 48, {
  magic: u64(0, 'magic 0xbadcafef00d', {
    code: 'log-magic',
    must: `${LOG_MAGIC} (0xbadcafef00d)`,
    holds: (v) => v === LOG_MAGIC,
  }),
  length: u64(8, 'log length in bytes, header included'),
  lastIndex: u64(16, 'last valid index: floor((length - 48) / 544) - 1'),
  crc: crc(24, 24),
  nextSeqnum: u64(32, 'next sequence number'),
  nextIndex: u64(40, 'next index: the number of entries in use'),
});

export const LOG_ENTRY = structure('Log entry', 544, {
  seqnum: u64(0, 'sequence number: the index of the entry'),
  type: u32(8, 'type: 0 file, 1 mkdir, 2 delete (reserved), 3 add-daxdev', {
    code: 'entry-type',
    must: '0 (file), 1 (mkdir) or 3 (add-daxdev)',
    holds: (v) => v === ENTRY_FILE || v === ENTRY_MKDIR || v === ENTRY_ADD_DAXDEV,
  }),
  body: array(16, 1, 520, 'body, by type; unused bytes zero'),
  crc: crc(536, 536),
});

const modeRule = {
  code: 'file-mode',
  must: 'of permission bits (07777) alone',
  holds: (v: number) => v <= PERMISSION_BITS,
} as const;

export const FILE_BODY = structure('Body of a file', 544, {
  size: u64(16, 'file size in bytes', {
    code: 'file-size',
    must: 'below 2^53',
    holds: Number.isSafeInteger,
  }),
  flags: u32(24, 'flags: 2 by role of the host, 1 read-only everywhere, 3 writable everywhere', {
    code: 'file-flags',
    must: 'of the bits 0 and 1 alone',
    holds: (v) => v <= (FILE_FLAG_READ_ONLY | FILE_FLAG_WRITABLE),
  }),
  uid: u32(28, 'owner'),
  gid: u32(32, 'group'),
  mode: u32(36, 'permission bits', modeRule),
  path: text(40, PATH_BYTES, 'path relative to the mount point, NUL-terminated'),
  extentType: u32(120, 'extent type: 0 simple, 1 interleaved', {
    code: 'ext-type',
    must: '0 (simple) or 1 (interleaved)',
    holds: (v) => v === EXTENT_SIMPLE || v === EXTENT_INTERLEAVED,
  }),
  extentCount: u32(128, 'number of simple extents (1..16), or of interleaved extents (1)'),
  extents: array(136, MAX_EXTENTS, 24, 'simple: the extents'),
});

export const INTERLEAVE = structure('Interleaved extent', 544, {
  stripCount: u64(136, 'number of strips (1..16)', {
    code: 'il-strips',
    must: '1 to 16',
    holds: (v) => v >= 1 && v <= MAX_EXTENTS,
  }),
  chunkSize: u64(144, 'chunk size in bytes: a power of two, a multiple of the allocation unit'),
  strips: array(152, MAX_EXTENTS, 24, 'the strips'),
});

export const EXTENT = structure('Extent or strip', 24, {
  devindex: u64(0, 'device index'),
  offset: u64(8, 'offset on the device in bytes'),
  length: u64(16, 'length in bytes'),
});

export const MKDIR_BODY = structure('Body of a mkdir', 544, {
  uid: u32(16, 'owner'),
  gid: u32(20, 'group'),
  mode: u32(24, 'permission bits', modeRule),
  path: text(28, PATH_BYTES, 'path relative to the mount point, NUL-terminated'),
});

export const ADD_DAXDEV_BODY = structure('Body of an add-daxdev', 544, {
  size: u64(16, 'device size in bytes', {
    code: 'dev-size',
    must: 'below 2^53 and above the 2 MiB reserved',
    holds: (v) => Number.isSafeInteger(v) && v > SUPERBLOCK_REGION,
  }),
  deviceUuid: uuid(24, 'device UUID'),
  index: u32(40, 'device index: dense, in log order; the primary is 0'),
});

/** Of a file that `famfs fsck --repair` saves superblock and log in: where they begin in it. */
export const BACKUP_SUPERBLOCK_OFFSET = 4096;
export const BACKUP_LOG_OFFSET = 8192;
export const BACKUP_MAGIC = 0x6273666d6166;
export const BACKUP_VERSION = 1;

export const BACKUP_HEADER = structure('Backup header', 80, {
  magic: u64(0, 'magic 0x6273666d6166: the text "famfsb"'),
  version: u64(8, 'version of this format: 1'),
  time: u64(16, 'when it was made: milliseconds since 1970-01-01 UTC'),
  uuid: uuid(24, 'UUID of the file system'),
  deviceUuid: uuid(40, 'UUID of its primary device'),
  logLength: u64(56, 'log length in bytes'),
  sum: u64(64, 'CRC-32 of all bytes from 4096 to the end, upper 32 bits zero'),
  crc: crc(72, 72),
});

/** Entries that a log of `length` bytes holds. */
export function logCapacity(length: number): number {
  return Math.floor((length - LOG_HEADER.bytes) / LOG_ENTRY.bytes);
}

/** Where entry `index` begins on the device. */
export function entryOffset(index: number): number {
  return LOG_OFFSET + LOG_HEADER.bytes + index * LOG_ENTRY.bytes;
}
