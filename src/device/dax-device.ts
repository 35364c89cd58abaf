import { read } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors';
import { copyFromMemory, copyToMemory, isAccessible } from '../native/libc';
import { loadPmem, type Pmem } from '../native/libpmem';
import { ioError } from './checks';
import type { Device, OpenOptions } from './device';
import { MappedDevice } from './mapped-device';

const readAsync = promisify(read);

const ZERO_BYTES = 2 ** 20;

/**
 * A devdax character device. The kernel offers nothing but mmap on it (read, write, fsync and msync are EINVAL), so
 * copies go through process_vm_readv/writev on the mapping, where a bad page is an error and not SIGBUS, and
 * durability and coherence between hosts come from processor cache flushes by libpmem.
 */
export class DaxDevice extends MappedDevice implements Device {
  readonly kind = 'devdax';
  readonly #pmem: Pmem;

  /** `alignment` in bytes: of what mappings begin at multiples. */
  constructor(path: string, fd: number, size: number, options: OpenOptions, alignment?: number) {
    super(path, fd, size, options, options.writable, alignment);
    this.#pmem = loadPmem();
  }

  readInto(target: Buffer, offset: number): void {
    let done = 0;
    this.#eachAddress(offset, target.length, 'read', (address, length) => {
      if (!copyFromMemory(target.subarray(done, done + length), address)) {
        throw ioError(this.path, `read ${length} bytes at ${offset + done}`, undefined);
      }
      done += length;
    });
  }

  store(offset: number, bytes: Buffer): void {
    this.checkStore(offset, bytes.length);
    let done = 0;
    this.#eachAddress(offset, bytes.length, 'write', (address, length) => {
      if (!copyToMemory(address, bytes.subarray(done, done + length))) {
        throw ioError(this.path, `write ${length} bytes at ${offset + done}`, undefined);
      }
      done += length;
    });
  }

  zero(offset: number, length: number): void {
    this.checkStore(offset, length);
    const zeros = Buffer.alloc(Math.min(length, ZERO_BYTES));
    for (let done = 0; done < length; done += zeros.length) {
      this.store(offset + done, zeros.subarray(0, Math.min(zeros.length, length - done)));
    }
  }

  async fill(offset: number, source: number, position: number, length: number): Promise<number> {
    this.checkStore(offset, length);
    const segments = this.windows.segments(offset, length, 'write');
    if (!segments) throw ioError(this.path, 'write it', undefined);
    let done = 0;
    for (const segment of segments) {
      for (let at = 0; at < segment.length; ) {
        const count = await this.#readInto(segment, at, source, position + done);
        if (count === 0) return done;
        at += count;
        done += count;
      }
    }
    return done;
  }

  lend(offset: number, length: number): number | undefined {
    this.checkStore(offset, length);
    return undefined;
  }

  fillBeside(): boolean {
    return false;
  }

  flush(offset: number, length: number): void {
    this.#eachAddress(offset, length, 'read', (address, count) => {
      if (!isAccessible(address, count)) {
        throw ioError(this.path, `flush ${length} bytes at ${offset}`, undefined);
      }
      this.#pmem.flush(address, count);
    });
  }

  fence(): void {
    this.#pmem.drain();
  }

  invalidate(offset: number, length: number): void {
    this.flush(offset, length);
    this.fence();
  }

  #eachAddress(
    offset: number,
    length: number,
    access: 'read' | 'write',
    visit: (address: number, length: number) => void,
  ): void {
    this.checkRange(offset, length);
    this.windows.eachAddress(offset, length, access, visit);
  }

  async #readInto(segment: Buffer, at: number, source: number, position: number): Promise<number> {
    try {
      return (await readAsync(source, segment, at, segment.length - at, position)).bytesRead;
    } catch (cause) {
      if (errnoOf(cause) === 'EFAULT') throw ioError(this.path, 'write it', undefined);
      throw cause;
    }
  }
}
