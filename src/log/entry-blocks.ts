import type { DeviceRecord } from './check-entry';
import { entryOffset, LOG_ENTRY } from './layout';
import { PlainCheck } from './plain-check';
import type { Store } from './store';
import type { Superblock } from './superblock';

/** Entries that are looked at together: 256 KiB, which stay in the processor's cache meanwhile. */
export const BLOCK_ENTRIES = 481;

/** Entries in memory, one behind the other, and what a glance says of each. */
export interface EntryBlock {
  readonly bytes: Buffer;
  /** As PlainCheck.recognise. */
  recognise(slot: number, index: number): 'file' | 'mkdir' | undefined;
}

/** Where a replay gets its entries from, in log order. */
export interface EntryBlocks {
  /** Entries `first` up to `first + count`, at most BLOCK_ENTRIES of them. What the last call gave is no longer valid. */
  read(first: number, count: number): EntryBlock;
}

/** Entries `first` up to `first + count` as they are on the device: cached lines are dropped first. */
export function readEntries(store: Store, first: number, count: number): Buffer {
  store.invalidate(entryOffset(first), count * LOG_ENTRY.bytes);
  return store.read(entryOffset(first), count * LOG_ENTRY.bytes);
}

/** Reads the blocks of a device into one piece of memory, one after the other. */
export class StoreBlocks implements EntryBlocks {
  readonly bytes: Buffer;
  readonly #plain: PlainCheck;

  /** For blocks of up to `count` entries. */
  constructor(
    private readonly store: Store,
    superblock: Superblock,
    devices: readonly DeviceRecord[],
    count: number,
  ) {
    this.bytes = Buffer.allocUnsafeSlow(count * LOG_ENTRY.bytes);
    this.#plain = new PlainCheck(this.bytes, superblock, devices);
  }

  read(first: number, count: number): EntryBlock {
    const bytes = this.bytes.subarray(0, count * LOG_ENTRY.bytes);
    this.store.invalidate(entryOffset(first), bytes.length);
    this.store.readInto(bytes, entryOffset(first));
    return this;
  }

  recognise(slot: number, index: number): 'file' | 'mkdir' | undefined {
    return this.#plain.recognise(slot, index);
  }
}
