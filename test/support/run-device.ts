import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { openDevice } from '../../src/device/open';
import { appendEntries } from '../../src/log/append';
import { decodeEntry, type FileEntry, type LogEntry } from '../../src/log/entry';
import { type Counters, inspectHeader } from '../../src/log/header';
import { entryOffset, LOG_ENTRY, LOG_OFFSET, MIN_LOG_LENGTH } from '../../src/log/layout';
import type { Store } from '../../src/log/store';
import {
  inspectSuperblock,
  loadSuperblock,
  readSuperblockBytes,
  type Superblock,
} from '../../src/log/superblock';
import { extentsOf } from '../../src/types';
import { makeImage, mkdir, writeImage } from './images';
import { DAMAGED_IMAGES } from './images-damaged';
import type { Scratch } from './run-scratch';

/** What is on a device, read from its file without the program under test. */
export interface OnDevice {
  readonly superblock: Superblock;
  readonly counters: Counters;
  readonly entries: readonly LogEntry[];
}

/** Decodes superblock, log header and entries of a device, which must be sound. */
export function readOnDevice(path: string): OnDevice {
  const store = fileStore(path);
  const { superblock, findings } = inspectSuperblock(readSuperblockBytes(store), store.size);
  const header = inspectHeader(store, superblock.logLength);
  expect([...findings, ...header.findings]).toEqual([]);
  const entries = Array.from({ length: header.counters.nextIndex }, (_, index) => {
    const bytes = store.read(entryOffset(index), LOG_ENTRY.bytes);
    expect(LOG_ENTRY.fields.crc.verify(bytes, 0)).toBeUndefined();
    return decodeEntry(bytes, 0);
  });
  return { superblock, counters: header.counters, entries };
}

/** Paths of all entries of a device, in log order. */
export function loggedPaths(path: string): string[] {
  return readOnDevice(path).entries.map((entry) => ('path' in entry ? entry.path.toString() : entry.type));
}

/** The entry of the file at `path`, relative to the mount point, on a device. */
export function fileOnDevice(device: string, path: string): FileEntry {
  const found = readOnDevice(device).entries.find(
    (entry) => entry.type === 'file' && entry.path.toString() === path,
  );
  if (found?.type !== 'file') throw new Error(`${path}: not in the log of ${device}`);
  return found;
}

/** Bytes of the device that a file's extents take. */
export function spaceOf(entry: FileEntry): number {
  return extentsOf(entry.map).reduce((sum, { length }) => sum + length, 0);
}

/** Bytes of a file. */
export function readRange(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    const count = readSync(fd, bytes, 0, length, offset);
    return bytes.subarray(0, count);
  } finally {
    closeSync(fd);
  }
}

/** Bytes of superblock and log, where the log is of the smallest length. */
export const METADATA_BYTES = LOG_OFFSET + MIN_LOG_LENGTH;

/** Superblock and log of a device, where the log is of the smallest length. */
export const metadataOf = (device: string): Buffer => readRange(device, 0, METADATA_BYTES);

/** Stores bytes in a file in place. */
export function writeRange(path: string, offset: number, bytes: Buffer): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}

/** Makes a device whose log has room for `room` more entries; its directories are called d0, d1, ... */
export function writeAlmostFull(path: string, room: number, capacity = 15_420): void {
  const entries = Array.from({ length: capacity - room }, (_, index) => mkdir(`d${index}`));
  writeImage(path, makeImage({ entries }));
}

/** Appends an entry as another host would: no server on this one is told. */
export function appendUnseen(path: string, entry: LogEntry): void {
  const device = openDevice(path, { writable: true, noSync: true });
  const { logLength } = loadSuperblock(device);
  appendEntries(device, logLength, inspectHeader(device, logLength).counters, [entry]);
  device.close();
}

function fileStore(path: string): Store {
  const fd = openSync(path, 'r');
  const { size } = fstatSync(fd);
  closeSync(fd);
  const refuse = () => {
    throw new Error('this store is read only');
  };
  return {
    path,
    size,
    read: (offset, length) => readRange(path, offset, length),
    readInto: (target, offset) => void readRange(path, offset, target.length).copy(target),
    store: refuse,
    zero: refuse,
    flush: refuse,
    fence: refuse,
    invalidate: () => {},
  };
}

/** Writes the damaged image called `name` into a new device file. Returns its path. */
export function damagedDevice(scratch: Scratch, name: string): string {
  const damaged = DAMAGED_IMAGES.find((image) => image.name === name);
  if (!damaged) throw new Error(`${name}: no such damaged image`);
  const device = scratch.path('device.img');
  writeImage(device, damaged.make());
  return device;
}
