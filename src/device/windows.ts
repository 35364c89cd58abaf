import { bufferAt, mapShared, unmap } from '../native/libc';

/** A Node 20 Buffer ends at 4 GiB and devices are terabytes, so a device is mapped in windows of this many bytes. */
export const WINDOW_BYTES = 2 ** 30;

interface Window {
  readonly address: number;
  readonly length: number;
  readonly view: Buffer;
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

  /** The range as Buffers on the mapping, one for each window it touches. */
  segments(offset: number, length: number): Buffer[] {
    const segments: Buffer[] = [];
    this.#walk(offset, length, (window, at, count) => segments.push(window.view.subarray(at, at + count)));
    return segments;
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
      window = { address, length, view: bufferAt(address, length) };
      this.#windows.set(index, window);
    }
    return window;
  }
}
