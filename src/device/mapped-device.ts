import { closeSync, fstatSync, type Stats } from 'node:fs';
import { FamfsError } from '../errors';
import { tryLock, unlock } from '../native/libc';
import { checkRange, ioError } from './checks';
import type { OpenOptions } from './device';
import { WindowMap } from './windows';

/** What devices of both kinds have: an open descriptor with its lock, and a mapping in windows. */
export abstract class MappedDevice {
  readonly writable: boolean;
  protected readonly windows: WindowMap;
  #protectedEnd = 0;

  /** `size` in bytes. With `mapWritable` stores may go through the mapping, which begins at multiples of `alignment`. */
  constructor(
    readonly path: string,
    readonly fd: number,
    readonly size: number,
    options: OpenOptions,
    mapWritable: boolean,
    alignment?: number,
  ) {
    this.writable = options.writable;
    this.windows = new WindowMap(fd, size, mapWritable, alignment);
  }

  abstract readInto(target: Buffer, offset: number): void;

  read(offset: number, length: number): Buffer {
    this.checkRange(offset, length);
    const target = Buffer.allocUnsafe(length);
    this.readInto(target, offset);
    return target;
  }

  segments(offset: number, length: number): Buffer[] {
    this.checkRange(offset, length);
    const segments = this.windows.segments(offset, length, 'read');
    if (!segments) throw ioError(this.path, `read ${length} bytes at ${offset}`, undefined);
    return segments;
  }

  protect(end: number): void {
    this.#protectedEnd = end;
    this.windows.protect(end);
  }

  currentSize(): number {
    return this.size;
  }

  identity(): string {
    const { dev, ino, rdev } = this.stat();
    return `${dev}:${ino}:${rdev}`;
  }

  tryLock(): boolean {
    return tryLock(this.fd);
  }

  unlock(): void {
    unlock(this.fd);
  }

  close(): void {
    this.windows.close();
    closeSync(this.fd);
  }

  protected stat(): Stats {
    try {
      return fstatSync(this.fd);
    } catch (cause) {
      throw ioError(this.path, 'ask the system about it', cause);
    }
  }

  protected checkRange(offset: number, length: number): void {
    checkRange(this.path, this.size, offset, length);
  }

  protected checkStore(offset: number, length: number): void {
    this.checkRange(offset, length);
    if (length > 0 && offset < this.#protectedEnd)
      throw new FamfsError(
        'internal',
        `${this.path}: a store at ${offset}, where this process may only read`,
      );
  }
}
