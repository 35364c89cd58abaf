/** What open() needs to know of a device besides its path. */
export interface OpenOptions {
  readonly writable: boolean;
  /** File-backed devices only: leave out fdatasync. For throw-away devices; a crash of the host may lose all. */
  readonly noSync?: boolean;
  /** Open this path in place of the one that names the device, such as a link to what another process has open. */
  readonly through?: string;
}

/**
 * A daxdev as the rest of the program sees it. Offsets and lengths are in bytes and are checked against `size`.
 * Every store to a device goes through `store`, `zero`, `fill` or `fillBeside`, or is made by what `lend` gave. It becomes
 * durable, and visible to other hosts, by `flush` of its range and then `fence`. Failures of the medium throw FamfsError
 * `device-io`.
 */
export interface Device {
  readonly path: string;
  readonly kind: 'file' | 'devdax';
  /** The open descriptor. */
  readonly fd: number;
  /** Bytes. */
  readonly size: number;
  readonly writable: boolean;

  /** Copies a range out of the device. A page that cannot be read is an error, never a signal. */
  read(offset: number, length: number): Buffer;
  /** Copies a range into `target`, which it fills. */
  readInto(target: Buffer, offset: number): void;
  /** Writes metadata or data that is in memory. */
  store(offset: number, bytes: Buffer): void;
  /** Makes a range read as zeros. */
  zero(offset: number, length: number): void;
  /**
   * Reads up to `length` bytes of an open file, from `position` on, into the device at `offset`.
   * Returns the bytes read: fewer only at the end of the file.
   */
  fill(offset: number, source: number, position: number, length: number): Promise<number>;
  /**
   * The descriptor by which other threads may store to this range with pwrite(2). Undefined where stores are made
   * otherwise. Throws as store() does.
   */
  lend(offset: number, length: number): number | undefined;
  /**
   * Fills a range that was lent from an open file, while other threads store to others, where the file system has writers
   * of a file wait for each other and there is a way beside them. False where there is none, or it did not lead to the end.
   */
  fillBeside(offset: number, source: number, position: number, length: number): boolean;
  /** Begins to write back stores to a range. Done only after the next fence. */
  flush(offset: number, length: number): void;
  /** Waits until all that was flushed before is durable: orders what comes before against what comes after. */
  fence(): void;
  /** Drops cached copies of a range, so that the next read sees what other hosts wrote. */
  invalidate(offset: number, length: number): void;
  /**
   * The range as views of mapped memory, to be handed to system calls (writev) and never touched from JavaScript:
   * a bad page then is EFAULT and not SIGBUS. Copies, where the bytes can be read and not be mapped.
   */
  segments(offset: number, length: number): Buffer[];
  /**
   * From here on stores to the first `end` bytes throw FamfsError `internal`, and none of them is mapped for writing,
   * down to the device's alignment. Before the first store.
   */
  protect(end: number): void;
  /** Bytes that the device has by now: fewer than `size` when a file was truncated. */
  currentSize(): number;
  /** What is open, as opposed to what the path leads to by now: device, inode and device number. */
  identity(): string;
  /** Takes the device's exclusive lock without waiting; false when another process has it. */
  tryLock(): boolean;
  unlock(): void;
  close(): void;
}
