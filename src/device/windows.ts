import { bufferAt, isAccessible, mapShared, unmap } from '../native/libc';

/** A Node 20 Buffer ends at 4 GiB and devices are terabytes, so a device is mapped in windows of this many bytes. */
export const WINDOW_BYTES = 2 ** 30;

/** Pages are brought in by so many bytes at a time. */
const GRANULE_BYTES = 2 ** 16;

/** devdax maps multiples of this many bytes, or of more where it says so. */
export const DEFAULT_ALIGNMENT = 2 ** 21;

/** What a range is mapped for. */
type Access = 'read' | 'write';

interface Window {
  /** Where it begins on the device. */
  readonly start: number;
  readonly address: number;
  readonly length: number;
  readonly view: Buffer;
  /** 1 for each granule whose pages were brought into this process. */
  readonly present: Uint8Array;
}

/**
 * Maps a device piece by piece, each window when it is first needed and until close(). What is only read is mapped for
 * reading alone; a window that something is stored in is mapped for writing beside that, and used for both from then on.
 */
export class WindowMap {
  readonly #readable = new Map<number, Window>();
  readonly #writable = new Map<number, Window>();
  #protectedEnd = 0;

  /**
   * `size` in bytes, a multiple of `alignment` for devdax; a regular file is mapped to its last page. Without
   * `mayWrite` everything is mapped for reading alone, and stores fail.
   */
  constructor(
    private readonly fd: number,
    private readonly size: number,
    private readonly mayWrite: boolean,
    private readonly alignment = DEFAULT_ALIGNMENT,
  ) {}

  /** From here on maps the first `end` bytes for reading alone, down to the alignment. */
  protect(end: number): void {
    this.#protectedEnd = end - (end % this.alignment);
  }

  /**
   * The range as Buffers on the mapping, one for each window it touches, with all pages present: a process that is
   * killed while the kernel copies from a page that it has to fetch first would turn the copy into an I/O error.
   * Undefined when a page cannot be read.
   */
  segments(offset: number, length: number, access: Access): Buffer[] | undefined {
    const segments: Buffer[] = [];
    let readable = true;
    this.#walk(offset, length, access, (window, at, count) => {
      readable &&= bringIn(window, at, count);
      segments.push(window.view.subarray(at, at + count));
    });
    return readable ? segments : undefined;
  }

  /** Calls `visit` with the address and length of each mapped piece of the range. */
  eachAddress(
    offset: number,
    length: number,
    access: Access,
    visit: (address: number, length: number) => void,
  ): void {
    this.#walk(offset, length, access, (window, at, count) => visit(window.address + at, count));
  }

  close(): void {
    for (const windows of [this.#readable, this.#writable]) {
      for (const { address, length } of windows.values()) unmap(address, length);
      windows.clear();
    }
  }

  #walk(
    offset: number,
    length: number,
    access: Access,
    visit: (window: Window, at: number, count: number) => void,
  ): void {
    const end = offset + length;
    for (let position = offset; position < end; ) {
      const index = Math.floor(position / WINDOW_BYTES);
      const count = Math.min(end, (index + 1) * WINDOW_BYTES) - position;
      const window = this.#window(index, position, access);
      visit(window, position - window.start, count);
      position += count;
    }
  }

  #window(index: number, position: number, access: Access): Window {
    const writable = this.#writable.get(index);
    if (writable && position >= writable.start) return writable;
    if (access === 'read' || !this.mayWrite) return this.#opened(this.#readable, index, 0, false);
    return this.#opened(this.#writable, index, this.#protectedEnd, true);
  }

  #opened(windows: Map<number, Window>, index: number, from: number, writable: boolean): Window {
    let window = windows.get(index);
    if (!window) {
      const start = Math.max(index * WINDOW_BYTES, from);
      const length = Math.min((index + 1) * WINDOW_BYTES, this.size) - start;
      const address = mapShared(this.fd, start, length, writable);
      const present = new Uint8Array(Math.ceil(length / GRANULE_BYTES));
      window = { start, address, length, view: bufferAt(address, length), present };
      windows.set(index, window);
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
