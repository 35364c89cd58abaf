import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { encodeEntry, extentBase, type LogEntry } from '../../src/log/entry';
import { type CrcField, encode, type Field, type U64Field } from '../../src/log/fields';
import { FILE_FLAGS } from '../../src/log/file-flags';
import { encodeHeader } from '../../src/log/header';
import {
  DEFAULT_ALLOC_UNIT,
  DEFAULT_LOG_LENGTH,
  EXTENT,
  entryOffset,
  LOG_ENTRY,
  LOG_HEADER,
  LOG_OFFSET,
  MIB,
  SUPERBLOCK,
} from '../../src/log/layout';
import { encodeSuperblock } from '../../src/log/superblock';
import type { Extent, FileMap } from '../../src/types';
import { MemoryStore } from './images-store';

export { MemoryStore } from './images-store';

export const GIB = 1024 * MIB;
/** The host that owns the images made here: give it to commands as FAMFS_SYSTEM_UUID. */
export const OWNER_UUID = '0b5ad1e5-3c1f-4d7e-8a44-5f0c2f9b6e01';
export const FS_UUID = 'c3a8d7f0-91b2-4e5d-9f13-7b6a2c4d8e02';
export const DEVICE_UUID = '5d9e2b71-08c4-4f3a-b6d5-1e7f90a3c803';
export const SECOND_DEVICE_UUID = 'e81f4c26-7a3b-4d90-8c57-2b6d0f9a1e04';

export interface ImageOptions {
  /** Bytes the device claims to have. */
  readonly deviceSize?: number;
  readonly logLength?: number;
  readonly allocUnit?: number;
  readonly entries?: readonly LogEntry[];
}

/** A famfs file system in memory: superblock and log, on a device that claims a size. */
export interface Image {
  readonly store: MemoryStore;
  readonly logLength: number;
  readonly allocUnit: number;
  /** Entries that were stored. */
  readonly entryCount: number;
}

/** A file entry; what is not said is usual. */
export function file(path: string | Buffer, size: number, map: FileMap, more: object = {}): LogEntry {
  return {
    type: 'file',
    path: Buffer.from(path),
    size,
    flags: FILE_FLAGS['by-role'],
    uid: 0,
    gid: 0,
    mode: 0o644,
    map,
    ...more,
  };
}

export function mkdir(path: string | Buffer, mode = 0o755, more: object = {}): LogEntry {
  return { type: 'mkdir', path: Buffer.from(path), uid: 0, gid: 0, mode, ...more };
}

export function addDaxdev(index: number, size: number, deviceUuid: string): LogEntry {
  return { type: 'add-daxdev', index, size, deviceUuid };
}

/** Hands out extents one after another, as an allocator on an empty device would. */
export class Space {
  readonly #unit: number;
  #next: number;

  constructor({ logLength = DEFAULT_LOG_LENGTH, allocUnit = DEFAULT_ALLOC_UNIT }: ImageOptions = {}) {
    this.#unit = allocUnit;
    this.#next = LOG_OFFSET + logLength;
  }

  /** An extent that holds `bytes` bytes, and one unit at least. */
  take(bytes: number, devindex = 0): Extent {
    const length = Math.max(1, Math.ceil(bytes / this.#unit)) * this.#unit;
    const extent = { devindex, offset: this.#next, length };
    this.#next += length;
    return extent;
  }

  simple(...lengths: number[]): FileMap {
    return { kind: 'simple', extents: lengths.map((bytes) => this.take(bytes)) };
  }

  interleaved(size: number, nstrips: number, chunkSize: number): FileMap {
    const length = Math.ceil(size / (nstrips * chunkSize)) * chunkSize;
    return {
      kind: 'interleaved',
      chunkSize,
      strips: Array.from({ length: nstrips }, () => this.take(length)),
    };
  }
}

/** One of everything that a log may hold. The indexes of some of them are in TYPICAL. */
export function typicalEntries(options: ImageOptions = {}): LogEntry[] {
  const space = new Space(options);
  const unit = options.allocUnit ?? DEFAULT_ALLOC_UNIT;
  const remote: FileMap = { kind: 'simple', extents: [{ devindex: 1, offset: 64 * MIB, length: 4 * MIB }] };
  return [
    file('one-unit', unit, space.simple(unit)),
    mkdir('data'),
    file('data/one-byte', 1, space.simple(1)),
    mkdir('data/deep', 0o700),
    file('data/deep/two-extents', 3 * unit - 5, space.simple(unit, 2 * unit)),
    file('striped', 33 * MIB, space.interleaved(33 * MIB, 4, 2 * MIB)),
    addDaxdev(1, 8 * GIB, SECOND_DEVICE_UUID),
    file('data/remote', 4 * MIB, remote),
    file('empty', 0, space.simple(0)),
    file('odd', unit + 1, space.simple(unit + 1), { uid: 1000, gid: 1001, mode: 0o4755 }),
    file('data/deep/Größe “1”: é', 100, space.simple(100), { flags: 1, mode: 0o400 }),
    file('big', 50 * MIB, space.simple(50 * MIB)),
    file('striped-by-one', 5 * MIB, space.interleaved(5 * MIB, 1, 4 * MIB)),
  ];
}

/** Where in typicalEntries() what is. */
export const TYPICAL = {
  file: 0,
  mkdir: 1,
  fileInDirectory: 2,
  deepDirectory: 3,
  twoExtents: 4,
  striped: 5,
  addDaxdev: 6,
  remoteFile: 7,
  last: 12,
} as const;

/** A sound image with the given entries, or with one of everything. */
export function makeImage(options: ImageOptions = {}): Image {
  const { deviceSize = 4 * GIB, logLength = DEFAULT_LOG_LENGTH, allocUnit = DEFAULT_ALLOC_UNIT } = options;
  const entries = options.entries ?? typicalEntries(options);
  const store = new MemoryStore(deviceSize);
  const superblock = encodeSuperblock({
    logLength,
    allocUnit,
    uuid: FS_UUID,
    deviceUuid: DEVICE_UUID,
    ownerUuid: OWNER_UUID,
    flags: 0,
    primarySize: deviceSize,
    primaryName: '/dev/dax0.0',
  });
  store.store(0, superblock);
  const counters = { nextSeqnum: entries.length, nextIndex: entries.length };
  store.store(LOG_OFFSET, encodeHeader(logLength, counters));
  const bytes = Buffer.alloc(entries.length * LOG_ENTRY.bytes);
  entries.forEach((entry, i) => {
    encodeEntry(entry, i, bytes, i * LOG_ENTRY.bytes);
  });
  store.store(entryOffset(0), bytes);
  return { store, logLength, allocUnit, entryCount: entries.length };
}

/** Writes an image into a new sparse file of the device's size. */
export function writeImage(path: string, image: Image = makeImage()): void {
  const fd = openSync(path, 'w', 0o644);
  try {
    ftruncateSync(fd, image.store.size);
    image.store.eachPage((offset, bytes) => writeSync(fd, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(fd);
  }
}

/** A field of a structure on an image, and the checksum that covers it. `start` is where that checksum counts from. */
export interface Place<V> {
  readonly start: number;
  readonly length: number;
  readonly crc: CrcField;
  readonly set: (bytes: Buffer, value: V) => void;
}

/** What may be stored in a field: exact 64 bits as a bigint. */
type Storable<F> = F extends U64Field ? number | bigint : F extends Field<infer V> ? V : never;

interface Table<F> {
  readonly fields: F;
}

/** How to store in `field`, one of layout.ts, of the structure that begins at `base`. */
function setter<V>(field: object, base: number): (bytes: Buffer, value: V) => void {
  return (bytes, value) => {
    if (typeof value === 'bigint') (field as U64Field).setBig(bytes, base, value);
    else (field as Field<V>).set(bytes, base, value);
  };
}

type SuperblockFields = typeof SUPERBLOCK.fields;
type HeaderFields = typeof LOG_HEADER.fields;

export function superblockField<K extends keyof SuperblockFields>(
  name: K,
): Place<Storable<SuperblockFields[K]>> {
  const { bytes: length, fields } = SUPERBLOCK;
  return { start: 0, length, crc: fields.crc, set: setter(fields[name], 0) };
}

export function headerField<K extends keyof HeaderFields>(name: K): Place<Storable<HeaderFields[K]>> {
  const { bytes: length, fields } = LOG_HEADER;
  return { start: LOG_OFFSET, length, crc: fields.crc, set: setter(fields[name], 0) };
}

/** A field of entry `index`; `table` is LOG_ENTRY, or that of a body. */
export function entryField<F extends Record<string, object>, K extends keyof F>(
  index: number,
  table: Table<F>,
  name: K,
): Place<Storable<F[K]>> {
  return { ...entryPlace(index), set: setter(table.fields[name] as object, 0) };
}

/** A field of extent, or strip, `number` of the file entry `index`. */
export function extentField(
  index: number,
  number: number,
  name: keyof typeof EXTENT.fields,
  kind: 'extent' | 'strip' = 'extent',
): Place<number | bigint> {
  const base = extentBase(kind === 'strip', 0) + number * EXTENT.bytes;
  return { ...entryPlace(index), set: setter(EXTENT.fields[name], base) };
}

/** Raw bytes of entry `index`, from byte `at` of it on. */
export function entryBytes(index: number, at: number): Place<Buffer> {
  return { ...entryPlace(index), set: (bytes, value) => void value.copy(bytes, at) };
}

function entryPlace(index: number): Omit<Place<never>, 'set'> {
  return { start: entryOffset(index), length: LOG_ENTRY.bytes, crc: LOG_ENTRY.fields.crc };
}

/** Stores a value in a field, with its structure's checksum recomputed (`reseal`) or left as it was. */
export function damage<V>(image: Image, place: Place<V>, value: V, { reseal }: { reseal: boolean }): void {
  const bytes = image.store.read(place.start, place.length);
  place.set(bytes, value);
  if (reseal) place.crc.seal(bytes, 0);
  image.store.store(place.start, bytes);
}

/** Raises or lowers the counters of the header without storing an entry. */
export function setCounters(image: Image, nextIndex: number, nextSeqnum = nextIndex): void {
  const bytes = image.store.read(LOG_OFFSET, LOG_HEADER.bytes);
  encode(LOG_HEADER, bytes, 0, { nextIndex, nextSeqnum });
  image.store.store(LOG_OFFSET, bytes);
}
