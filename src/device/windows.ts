import { bufferAt, isAccessible, mapShared, unmap } from '../native/libc';

/** A Node 20 Buffer ends at 4 GiB and devices are terabytes, so a device is mapped in windows of this many bytes. */
export const WINDOW_BYTES = 2 ** 30;

/** Pages are brought in by so many bytes at a time. */
const GRANULE_BYTES = 2 ** 16;

interface Window {
  readonly address: number;
  readonly length: number;
  readonly view: Buffer;
  /** 1 for each granule whose pages were brought into this process. */
  readonly present: Uint8Array;
}

/** Maps a device piece by piece, each window when it is first needed and until close(). */
export class WindowMap {
  readonly #windows = new Map<number, Window>();

  /** `size` in bytes, a multiple of the device's alignment for devdax; a regular file is mapped to its last page. */
  constructor(
    private readonly fd: number,
    private readonly size: number,
    private readonly writable: boolean,
  ) {}

  /**
   * The range as Buffers on the mapping, one for each window it touches, with all pages present: a process that is
   * killed while the kernel copies from a page that it has to fetch first would turn the copy into an I/O error.
   * Undefined when a page cannot be read.
   */
  segments(offset: number, length: number): Buffer[] | undefined {
    const segments: Buffer[] = [];
    let readable = true;
    this.#walk(offset, length, (window, at, count) => {
      readable &&= bringIn(window, at, count);
      segments.push(window.view.subarray(at, at + count));
    });
    return readable ? segments : undefined;
  }

  /** Calls `visit` with the address and length of each mapped piece of the range. */
  eachAddress(offset: number, length: number, visit: (address: number, length: number) => void): void {
    this.#walk(offset, length, (window, at, count) => visit(window.address + at, count));
  }

  close(): void {
    for (const { address, length } of this.#windows.values()) unmap(address, length);
    this.#windows.clear();
  }

  #walk(offset: number, length: number, visit: (window: Window, at: number, count: number) => void): void {
    const end = offset + length;
    for (let position = offset; position < end; ) {
      const index = Math.floor(position / WINDOW_BYTES);
      const start = index * WINDOW_BYTES;
      const count = Math.min(end, start + WINDOW_BYTES) - position;
      visit(this.#window(index), position - start, count);
      position += count;
    }
  }

  #window(index: number): Window {
    let window = this.#windows.get(index);
    if (!window) {
      const start = index * WINDOW_BYTES;
      const length = Math.min(WINDOW_BYTES, this.size - start);
      const address = mapShared(this.fd, start, length, this.writable);
      const present = new Uint8Array(Math.ceil(length / GRANULE_BYTES));
      window = { address, length, view: bufferAt(address, length), present };
      this.#windows.set(index, window);
    }
    return window;
  }
}

function bringIn({ address, length, present }: Window, at: number, count: number): boolean {
  const first = Math.floor(at / GRANULE_BYTES);
  const end = Math.ceil((at + count) / GRANULE_BYTES);
  let missing = false;
  for (let granule = first; granule < end; granule++) missing ||= present[granule] === 0;
  if (!missing) return true;
  const start = first * GRANULE_BYTES;
  if (!isAccessible(address + start, Math.min(length, end * GRANULE_BYTES) - start)) {
    // The bad page may be a neighbour's.
    return isAccessible(address + at, count);
  }
  present.fill(1, first, end);
  return true;
}
