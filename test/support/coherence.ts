import type { Store } from '../../src/log/store';

/** Bytes that a cache keeps, writes back and drops as one. */
const LINE = 64;

/** What a program does to the caches and can forget: each kind counted apart, in the order of the calls. */
export type CacheCall = 'flush' | 'fence' | 'invalidate';

/** A call that is left out: the `nth` of its kind, counted from the last reset, or that one and all after it. */
export interface Omission {
  readonly call: CacheCall;
  readonly nth: number;
  readonly andAfter?: boolean;
}

/** Thrown where a host loses its power. */
export class PowerLoss extends Error {}

interface Line {
  readonly bytes: Buffer;
  dirty: boolean;
  /** A flush of it has begun and may end at any time, at the latest with the next fence. */
  leaving: boolean;
}

/** Memory that hosts share and that knows nothing of their caches. */
export class SharedMemory {
  readonly #lines = new Map<number, Buffer>();

  /** `size` in bytes. */
  constructor(readonly size: number) {}

  load(line: number): Buffer {
    return Buffer.from(this.#lines.get(line) ?? Buffer.alloc(LINE));
  }

  save(line: number, bytes: Buffer): void {
    this.#lines.set(line, Buffer.from(bytes));
  }
}

/**
 * A host's view of shared memory, through caches of its own that no other host's stores reach. At any time, as chance
 * has it, a line leaves the cache, written back if it was stored to; a flush ends; or a line behind one that was read
 * is fetched before anybody asked for it.
 */
export class Host implements Store {
  readonly path = '/dev/shared';
  /** Calls until the power fails; not when Infinity. */
  power = Number.POSITIVE_INFINITY;
  omit: Omission | undefined;
  /** Called before each thing that this host does, with how many it did: others may have their turn then. */
  onStep: ((steps: number) => void) | undefined;
  #steps = 0;
  readonly #cache = new Map<number, Line>();
  readonly #calls: Record<CacheCall, number> = { flush: 0, fence: 0, invalidate: 0 };

  constructor(
    private readonly memory: SharedMemory,
    private readonly random: () => number,
  ) {}

  get size(): number {
    return this.memory.size;
  }

  /** Counts calls anew, for an omission. */
  resetCalls(): void {
    this.#calls.flush = this.#calls.fence = this.#calls.invalidate = 0;
  }

  read(offset: number, length: number): Buffer {
    const target = Buffer.alloc(length);
    this.readInto(target, offset);
    return target;
  }

  readInto(target: Buffer, offset: number): void {
    this.#step();
    eachLine(offset, target.length, (line, at, done, count) => {
      this.#line(line).bytes.copy(target, done, at, at + count);
    });
    if (this.#happens(0.3)) this.#line(Math.floor((offset + target.length) / LINE) + 1);
  }

  store(offset: number, bytes: Buffer): void {
    eachLine(offset, bytes.length, (line, at, done, count) => {
      this.#step();
      const cached = this.#line(line);
      if (cached.leaving) this.#writeBack(line, cached);
      bytes.copy(cached.bytes, at, done, done + count);
      this.#cache.set(line, { bytes: cached.bytes, dirty: true, leaving: false });
    });
  }

  zero(offset: number, length: number): void {
    this.store(offset, Buffer.alloc(length));
  }

  flush(offset: number, length: number): void {
    if (this.#isOmitted('flush')) return;
    this.#beginFlush(offset, length);
  }

  fence(): void {
    if (this.#isOmitted('fence')) return;
    this.#endFlushes();
  }

  invalidate(offset: number, length: number): void {
    if (this.#isOmitted('invalidate')) return;
    this.#beginFlush(offset, length);
    this.#endFlushes();
  }

  /** The power fails: some of what was not written back was on its way out and arrives, the rest is lost. */
  crash(): void {
    for (const [line, cached] of this.#cache)
      if (cached.dirty && this.#happens(0.5)) this.memory.save(line, cached.bytes);
    this.#cache.clear();
  }

  #beginFlush(offset: number, length: number): void {
    this.#step();
    const past = Math.ceil((offset + length) / LINE);
    for (const [line, cached] of this.#cache)
      if (line >= Math.floor(offset / LINE) && line < past) cached.leaving = true;
  }

  #endFlushes(): void {
    this.#step();
    for (const [line, cached] of this.#cache) if (cached.leaving) this.#writeBack(line, cached);
  }

  #isOmitted(call: CacheCall): boolean {
    const nth = this.#calls[call]++;
    if (this.omit?.call !== call) return false;
    return this.omit.andAfter ? nth >= this.omit.nth : nth === this.omit.nth;
  }

  #line(line: number): Line {
    const cached = this.#cache.get(line) ?? { bytes: this.memory.load(line), dirty: false, leaving: false };
    this.#cache.set(line, cached);
    return cached;
  }

  #writeBack(line: number, { bytes, dirty }: Line): void {
    if (dirty) this.memory.save(line, bytes);
    this.#cache.delete(line);
  }

  /** What may happen between two things that a program does. */
  #step(): void {
    if (--this.power < 0) throw new PowerLoss();
    this.onStep?.(this.#steps++);
    for (const [line, cached] of this.#cache)
      if (this.#happens(cached.leaving ? 0.3 : 0.05)) this.#writeBack(line, cached);
  }

  #happens(chance: number): boolean {
    return this.random() < chance;
  }
}

function eachLine(
  offset: number,
  length: number,
  visit: (line: number, at: number, done: number, count: number) => void,
): void {
  for (let done = 0; done < length; ) {
    const at = (offset + done) % LINE;
    const count = Math.min(LINE - at, length - done);
    visit(Math.floor((offset + done) / LINE), at, done, count);
    done += count;
  }
}
