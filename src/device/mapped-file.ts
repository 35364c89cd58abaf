import { copyFromMemory, mapShared, unmap } from '../native/libc';

/** A part of an open file, mapped for reading. */
export class MappedFile {
  readonly #address: number;

  /** `start`, a multiple of the page size, and `length` in bytes. Throws the system's error. */
  constructor(
    fd: number,
    start: number,
    private readonly length: number,
  ) {
    this.#address = mapShared(fd, start, length, false);
  }

  /** Copies bytes out of the mapping, from `at` on, into `target`; false when a page of it is bad. */
  read(target: Buffer, at: number): boolean {
    if (at < 0 || at + target.length > this.length) throw new RangeError(`${at} is not in the mapping`);
    return copyFromMemory(target, this.#address + at);
  }

  close(): void {
    unmap(this.#address, this.length);
  }
}
