import { fdatasyncSync, readSync, statfsSync } from 'node:fs';
import { errnoOf } from '../errors';
import { bufferAt, mapSharedPopulated, punchHole, sendFile, unmap } from '../native/libc';
import { PAGE_BYTES } from '../numbers';
import { readFully } from '../read-fully';
import { ioError } from './checks';
import { writeRange } from './copy-range';
import type { Device, OpenOptions } from './device';
import { MappedDevice } from './mapped-device';

const COPY_BYTES = 2 ** 20;
/** From statfs(2). */
const TMPFS_MAGIC = 0x01021994;

/**
 * A regular file (or memfd path) as the device. The page cache is coherent between the processes of a host, so
 * invalidate() has nothing to do, and durability across a crash of the host comes from fdatasync at each fence.
 */
export class FileDevice extends MappedDevice implements Device {
  readonly kind = 'file';
  readonly #noSync: boolean;
  #unsynced = false;
  #onTmpfs: boolean | undefined;

  constructor(path: string, fd: number, size: number, options: OpenOptions) {
    super(path, fd, size, options, false);
    this.#noSync = options.noSync ?? false;
  }

  readInto(target: Buffer, offset: number): void {
    this.checkRange(offset, target.length);
    for (let done = 0; done < target.length; ) {
      const count = this.#try('read it', () =>
        readSync(this.fd, target, done, target.length - done, offset + done),
      );
      if (count === 0) throw ioError(this.path, `read at ${offset + done}`, new Error('the file ends there'));
      done += count;
    }
  }

  /** A full tmpfs has no page to map for a hole, which can be read all the same: then the bytes are a copy. */
  override segments(offset: number, length: number): Buffer[] {
    this.checkRange(offset, length);
    return this.windows.segments(offset, length, 'read') ?? [this.read(offset, length)];
  }

  store(offset: number, bytes: Buffer): void {
    this.checkStore(offset, bytes.length);
    this.#try('write it', () => writeRange(this.fd, offset, bytes));
  }

  zero(offset: number, length: number): void {
    this.checkStore(offset, length);
    if (length === 0) return;
    try {
      punchHole(this.fd, offset, length);
    } catch (cause) {
      if (errnoOf(cause) !== 'EOPNOTSUPP') throw ioError(this.path, 'zero it', cause);
      const zeros = Buffer.alloc(Math.min(length, COPY_BYTES));
      for (let done = 0; done < length; done += zeros.length) {
        this.store(offset + done, zeros.subarray(0, Math.min(zeros.length, length - done)));
      }
    }
  }

  async fill(offset: number, source: number, position: number, length: number): Promise<number> {
    this.checkStore(offset, length);
    let done = 0;
    try {
      while (done < length) {
        const count = sendFile(this.fd, offset + done, source, position + done, length - done);
        if (count === 0) return done;
        done += count;
      }
      return done;
    } catch {
      // What goes wrong may be of either file: by read and write it is told which.
      return done + this.#copy(offset + done, source, position + done, length - done);
    }
  }

  lend(offset: number, length: number): number | undefined {
    this.checkStore(offset, length);
    return this.fd;
  }

  /** By a mapping: on tmpfs one thread at a time writes to a file, and pages of memory need no blocks. */
  fillBeside(offset: number, source: number, position: number, length: number): boolean {
    this.checkStore(offset, length);
    this.#onTmpfs ??= statfsSync(`/proc/self/fd/${this.fd}`).type === TMPFS_MAGIC;
    if (!this.#onTmpfs) return false;
    const before = offset % PAGE_BYTES;
    try {
      const address = mapSharedPopulated(this.fd, offset - before, before + length);
      try {
        return readFully(source, bufferAt(address + before, length), position) === length;
      } finally {
        unmap(address, before + length);
      }
    } catch {
      return false;
    }
  }

  flush(_offset: number, length: number): void {
    if (length > 0) this.#unsynced = true;
  }

  fence(): void {
    if (this.#unsynced && !this.#noSync) this.#try('sync it', () => fdatasyncSync(this.fd));
    this.#unsynced = false;
  }

  invalidate(): void {}

  override currentSize(): number {
    return this.stat().size;
  }

  #copy(offset: number, source: number, position: number, length: number): number {
    const buffer = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, length));
    let done = 0;
    while (done < length) {
      const count = readSync(source, buffer, 0, Math.min(buffer.length, length - done), position + done);
      if (count === 0) break;
      this.store(offset + done, buffer.subarray(0, count));
      done += count;
    }
    return done;
  }

  #try<T>(action: string, call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw ioError(this.path, action, cause);
    }
  }
}
