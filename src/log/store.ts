/** What the log needs of a device. Offsets and lengths in bytes; see Device in src/device for the full contract. */
export interface Store {
  readonly path: string;
  readonly size: number;
  read(offset: number, length: number): Buffer;
  /** Fills `target`. */
  readInto(target: Buffer, offset: number): void;
  store(offset: number, bytes: Buffer): void;
  zero(offset: number, length: number): void;
  flush(offset: number, length: number): void;
  fence(): void;
  invalidate(offset: number, length: number): void;
}

/** Stores bytes and waits until they are durable, and visible to other hosts. */
export function storeDurably(store: Store, offset: number, bytes: Buffer): void {
  store.store(offset, bytes);
  store.flush(offset, bytes.length);
  store.fence();
}
