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
