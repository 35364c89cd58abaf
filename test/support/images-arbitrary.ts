import fc from 'fast-check';
import type { AddDaxdevEntry, FileEntry, LogEntry, MkdirEntry } from '../../src/log/entry';
import { MAX_EXTENTS, MAX_PATH, PERMISSION_BITS } from '../../src/log/layout';
import type { Extent, FileMap } from '../../src/types';

/** Values that the format can hold, sound or not: what encode must write and decode must read back. */
export const u32 = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
);
export const safeU64 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1));
export const uuid = fc.uuid();

/** Bytes of a path: any but NUL, as many as an entry holds. */
export const pathBytes = fc
  .uint8Array({ min: 1, max: 255, minLength: 0, maxLength: MAX_PATH })
  .map((bytes) => Buffer.from(bytes));

const mode = fc.integer({ min: 0, max: PERMISSION_BITS });
const extent: fc.Arbitrary<Extent> = fc.record({
  devindex: fc.nat(300),
  offset: safeU64,
  length: safeU64,
});
const extents = fc.array(extent, { minLength: 1, maxLength: MAX_EXTENTS });

const map: fc.Arbitrary<FileMap> = fc.oneof(
  extents.map((list): FileMap => ({ kind: 'simple', extents: list })),
  fc
    .tuple(fc.integer({ min: 12, max: 40 }), extents)
    .map(([shift, strips]): FileMap => ({ kind: 'interleaved', chunkSize: 2 ** shift, strips })),
);

export const fileEntry: fc.Arbitrary<FileEntry> = fc.record({
  type: fc.constant('file' as const),
  path: pathBytes,
  size: safeU64,
  flags: u32,
  uid: u32,
  gid: u32,
  mode,
  map,
});

export const mkdirEntry: fc.Arbitrary<MkdirEntry> = fc.record({
  type: fc.constant('mkdir' as const),
  path: pathBytes,
  uid: u32,
  gid: u32,
  mode,
});

export const addDaxdevEntry: fc.Arbitrary<AddDaxdevEntry> = fc.record({
  type: fc.constant('add-daxdev' as const),
  size: safeU64,
  deviceUuid: uuid,
  index: u32,
});

export const logEntry: fc.Arbitrary<LogEntry> = fc.oneof(fileEntry, mkdirEntry, addDaxdevEntry);
