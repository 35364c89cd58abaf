import { type Extent, extentsOf, type FileMap } from '../types';
import { encode } from './fields';
import {
  ADD_DAXDEV_BODY,
  ENTRY_ADD_DAXDEV,
  ENTRY_FILE,
  ENTRY_MKDIR,
  EXTENT,
  EXTENT_INTERLEAVED,
  EXTENT_SIMPLE,
  FILE_BODY,
  INTERLEAVE,
  LOG_ENTRY,
  MAX_EXTENTS,
  MKDIR_BODY,
} from './layout';

/** A file as the log has it. `path` in bytes, relative to the mount point; sizes in bytes; `mode` permission bits. */
export interface FileEntry {
  readonly type: 'file';
  readonly path: Buffer;
  readonly size: number;
  readonly flags: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly map: FileMap;
}

export interface MkdirEntry {
  readonly type: 'mkdir';
  readonly path: Buffer;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** Binds a device index to a device. `size` in bytes. */
export interface AddDaxdevEntry {
  readonly type: 'add-daxdev';
  readonly size: number;
  readonly deviceUuid: string;
  readonly index: number;
}

export type LogEntry = FileEntry | MkdirEntry | AddDaxdevEntry;

/** Writes an entry, sealed, into `bytes` at `base`. Its checksum covers the sequence number, which is its index. */
export function encodeEntry(entry: LogEntry, seqnum: number, bytes: Buffer, base: number): void {
  bytes.fill(0, base, base + LOG_ENTRY.bytes);
  LOG_ENTRY.fields.seqnum.set(bytes, base, seqnum);
  switch (entry.type) {
    case 'file':
      LOG_ENTRY.fields.type.set(bytes, base, ENTRY_FILE);
      encodeFile(entry, bytes, base);
      break;
    case 'mkdir': {
      const { type, ...body } = entry;
      LOG_ENTRY.fields.type.set(bytes, base, ENTRY_MKDIR);
      encode(MKDIR_BODY, bytes, base, body);
      break;
    }
    case 'add-daxdev': {
      const { type, ...body } = entry;
      LOG_ENTRY.fields.type.set(bytes, base, ENTRY_ADD_DAXDEV);
      encode(ADD_DAXDEV_BODY, bytes, base, body);
      break;
    }
  }
  LOG_ENTRY.fields.crc.seal(bytes, base);
}

/** Field by field: a copy logs half a million of them. */
function encodeFile(entry: FileEntry, bytes: Buffer, base: number): void {
  const { fields } = FILE_BODY;
  const { map } = entry;
  const extents = extentsOf(map);
  const interleaved = map.kind === 'interleaved';
  fields.size.set(bytes, base, entry.size);
  fields.flags.set(bytes, base, entry.flags);
  fields.uid.set(bytes, base, entry.uid);
  fields.gid.set(bytes, base, entry.gid);
  fields.mode.set(bytes, base, entry.mode);
  fields.path.set(bytes, base, entry.path);
  fields.extentType.set(bytes, base, interleaved ? EXTENT_INTERLEAVED : EXTENT_SIMPLE);
  fields.extentCount.set(bytes, base, interleaved ? 1 : extents.length);
  if (interleaved) encode(INTERLEAVE, bytes, base, { stripCount: extents.length, chunkSize: map.chunkSize });
  const { devindex, length, offset } = EXTENT.fields;
  let at = extentBase(interleaved, base);
  for (const extent of extents) {
    devindex.set(bytes, at, extent.devindex);
    offset.set(bytes, at, extent.offset);
    length.set(bytes, at, extent.length);
    at += EXTENT.bytes;
  }
}

/** Where the extents, or the strips, of the file entry at `base` begin. */
export function extentBase(interleaved: boolean, base: number): number {
  return base + (interleaved ? INTERLEAVE.fields.strips.offset : FILE_BODY.fields.extents.offset);
}

/** Reads the entry at `base`, which must have passed the checks of EntryChecker. */
export function decodeEntry(bytes: Buffer, base: number): LogEntry {
  switch (LOG_ENTRY.fields.type.get(bytes, base)) {
    case ENTRY_MKDIR: {
      const { uid, gid, mode, path } = MKDIR_BODY.fields;
      return {
        type: 'mkdir',
        path: Buffer.from(path.get(bytes, base)),
        uid: uid.get(bytes, base),
        gid: gid.get(bytes, base),
        mode: mode.get(bytes, base),
      };
    }
    case ENTRY_ADD_DAXDEV: {
      const { size, deviceUuid, index } = ADD_DAXDEV_BODY.fields;
      return {
        type: 'add-daxdev',
        size: size.get(bytes, base),
        deviceUuid: deviceUuid.get(bytes, base),
        index: index.get(bytes, base),
      };
    }
    default:
      return decodeFile(bytes, base);
  }
}

function decodeFile(bytes: Buffer, base: number): FileEntry {
  const { size, flags, uid, gid, mode, path } = FILE_BODY.fields;
  return {
    type: 'file',
    path: Buffer.from(path.get(bytes, base)),
    size: size.get(bytes, base),
    flags: flags.get(bytes, base),
    uid: uid.get(bytes, base),
    gid: gid.get(bytes, base),
    mode: mode.get(bytes, base),
    map: decodeMap(bytes, base),
  };
}

function decodeMap(bytes: Buffer, base: number): FileMap {
  if (FILE_BODY.fields.extentType.get(bytes, base) === EXTENT_INTERLEAVED) {
    const { stripCount, chunkSize } = INTERLEAVE.fields;
    const strips = decodeExtents(bytes, extentBase(true, base), stripCount.get(bytes, base));
    return { kind: 'interleaved', chunkSize: chunkSize.get(bytes, base), strips };
  }
  const count = FILE_BODY.fields.extentCount.get(bytes, base);
  return { kind: 'simple', extents: decodeExtents(bytes, extentBase(false, base), count) };
}

function decodeExtents(bytes: Buffer, first: number, count: number): Extent[] {
  const { devindex, offset, length } = EXTENT.fields;
  return Array.from({ length: Math.min(count, MAX_EXTENTS) }, (_, i) => {
    const at = first + i * EXTENT.bytes;
    return {
      devindex: devindex.get(bytes, at),
      offset: offset.get(bytes, at),
      length: length.get(bytes, at),
    };
  });
}
