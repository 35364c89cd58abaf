import type { LogEntry } from '../../src/log/entry';
import { encodeHeader } from '../../src/log/header';
import { DEFAULT_ALLOC_UNIT, LOG_OFFSET, MIB } from '../../src/log/layout';
import { encodeSuperblock } from '../../src/log/superblock';
import type { Extent } from '../../src/types';
import { Host, SharedMemory } from './coherence';
import { DEVICE_UUID, FS_UUID, file, GIB, OWNER_UUID } from './images';

export const LOG_LENGTH = 8 * MIB;
export const FILE_BYTES = 200;
const DATA = LOG_OFFSET + LOG_LENGTH;

/** Memory with an empty file system, owned by OWNER_UUID, written back. */
export function formatted(): SharedMemory {
  const memory = new SharedMemory(4 * GIB);
  const host = new Host(memory, () => 1);
  const identity = { uuid: FS_UUID, deviceUuid: DEVICE_UUID, ownerUuid: OWNER_UUID };
  const rest = { flags: 0, primarySize: memory.size, primaryName: '/dev/dax0.0' };
  host.store(
    0,
    encodeSuperblock({ logLength: LOG_LENGTH, allocUnit: DEFAULT_ALLOC_UNIT, ...identity, ...rest }),
  );
  host.store(LOG_OFFSET, encodeHeader(LOG_LENGTH));
  host.flush(0, LOG_OFFSET + MIB);
  host.fence();
  return memory;
}

/** Where the file of entry `index` lies, as any owner chooses: first fit. */
export function placeOf(index: number): Extent {
  return { devindex: 0, offset: DATA + index * DEFAULT_ALLOC_UNIT, length: DEFAULT_ALLOC_UNIT };
}

/** Stores the bytes of the file of entry `index`, durably. */
export function storeFile(owner: Host, index: number, contents: Buffer): void {
  const place = placeOf(index);
  owner.store(place.offset, contents);
  owner.flush(place.offset, place.length);
  owner.fence();
}

/** The entry of that file. */
export function fileAt(index: number, name: string): LogEntry {
  return file(name, FILE_BYTES, { kind: 'simple', extents: [placeOf(index)] });
}
