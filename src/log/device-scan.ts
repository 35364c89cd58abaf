import { type DeviceRecord, EntryChecker } from './check-entry';
import { BLOCK_ENTRIES } from './entry-blocks';
import { inspectHeader } from './header';
import { ENTRY_ADD_DAXDEV, entryOffset, LOG_ENTRY, logCapacity } from './layout';
import type { Store } from './store';
import type { Superblock } from './superblock';

/** Finds the devices that a log names, without a tree: only entries that add one are judged, as Replay judges them. */
export class DeviceScan {
  readonly #checker: EntryChecker;
  #next = 0;

  constructor(
    private readonly store: Store,
    private readonly superblock: Superblock,
  ) {
    this.#checker = new EntryChecker(superblock, store.size, () => {});
  }

  /** The devices known so far, the primary first. It grows. */
  get devices(): readonly DeviceRecord[] {
    return this.#checker.devices;
  }

  /** Looks at all entries that the log's header counts. Throws FamfsError `device-io`. */
  toEnd(): void {
    const { logLength } = this.superblock;
    this.to(Math.min(inspectHeader(this.store, logLength).counters.nextIndex, logCapacity(logLength)));
  }

  /** Looks at the entries not yet seen up to, not including, `end`. Throws FamfsError `device-io`. */
  to(end: number): void {
    if (end <= this.#next) return;
    const bytes = Buffer.allocUnsafeSlow(Math.min(BLOCK_ENTRIES, end - this.#next) * LOG_ENTRY.bytes);
    while (this.#next < end) {
      const count = Math.min(BLOCK_ENTRIES, end - this.#next);
      this.#look(bytes.subarray(0, count * LOG_ENTRY.bytes));
      this.#next += count;
    }
  }

  #look(bytes: Buffer): void {
    const offset = entryOffset(this.#next);
    this.store.invalidate(offset, bytes.length);
    this.store.readInto(bytes, offset);
    for (let base = 0; base < bytes.length; base += LOG_ENTRY.bytes) {
      if (LOG_ENTRY.fields.type.get(bytes, base) !== ENTRY_ADD_DAXDEV) continue;
      this.#checker.check(bytes, base, this.#next + base / LOG_ENTRY.bytes);
    }
  }
}
