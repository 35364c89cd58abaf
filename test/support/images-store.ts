import type { Store } from '../../src/log/store';

const PAGE_BYTES = 2 ** 16;

/** What was asked of a store that changes it or orders changes. */
export type StoreCall =
  | { readonly call: 'store' | 'zero' | 'flush'; readonly offset: number; readonly length: number }
  | { readonly call: 'fence' };

/** A device in memory, as sparse as what was stored on it: `size` may be terabytes. Keeps a record of calls. */
export class MemoryStore implements Store {
  readonly path = '/dev/memory';
  readonly calls: StoreCall[] = [];
  readonly #pages = new Map<number, Buffer>();

  /** `size` in bytes. */
  constructor(readonly size: number) {}

  read(offset: number, length: number): Buffer {
    const target = Buffer.alloc(length);
    this.readInto(target, offset);
    return target;
  }

  readInto(target: Buffer, offset: number): void {
    this.#walk(offset, target.length, (page, at, done, count) => {
      const bytes = this.#pages.get(page);
      if (bytes) bytes.copy(target, done, at, at + count);
      else target.fill(0, done, done + count);
    });
  }

  store(offset: number, bytes: Buffer): void {
    this.calls.push({ call: 'store', offset, length: bytes.length });
    this.#walk(offset, bytes.length, (page, at, done, count) => {
      bytes.copy(this.#page(page), at, done, done + count);
    });
  }

  zero(offset: number, length: number): void {
    this.calls.push({ call: 'zero', offset, length });
    this.#walk(offset, length, (page, at, _done, count) => this.#pages.get(page)?.fill(0, at, at + count));
  }

  flush(offset: number, length: number): void {
    this.calls.push({ call: 'flush', offset, length });
  }

  fence(): void {
    this.calls.push({ call: 'fence' });
  }

  invalidate(): void {}

  /** Calls `visit` with each page that something was stored on. */
  eachPage(visit: (offset: number, bytes: Buffer) => void): void {
    for (const [page, bytes] of this.#pages) {
      const offset = page * PAGE_BYTES;
      visit(offset, bytes.subarray(0, Math.min(PAGE_BYTES, this.size - offset)));
    }
  }

  #page(number: number): Buffer {
    const existing = this.#pages.get(number);
    if (existing) return existing;
    const page = Buffer.alloc(PAGE_BYTES);
    this.#pages.set(number, page);
    return page;
  }

  #walk(
    offset: number,
    length: number,
    visit: (page: number, at: number, done: number, count: number) => void,
  ): void {
    if (offset < 0 || offset + length > this.size) {
      throw new RangeError(`bytes ${offset} to ${offset + length} of a device of ${this.size}`);
    }
    for (let done = 0; done < length; ) {
      const page = Math.floor((offset + done) / PAGE_BYTES);
      const at = offset + done - page * PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - at, length - done);
      visit(page, at, done, count);
      done += count;
    }
  }
}
