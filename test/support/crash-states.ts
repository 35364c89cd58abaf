import { type CrashImage, LINE } from './crash-image';
import type { CrashEvent } from './crash-record';

/** A line that was stored to and is not known to be durable: what it may hold, the oldest first. */
interface PendingLine {
  readonly device: number;
  readonly line: number;
  versions: Buffer[];
  /** The version that the next fence makes durable. */
  flushed: number;
}

/** What may be on the devices between two fences: any version of each pending line, whatever the others are. */
export interface Stretch {
  /** How many of the recording's events were begun at its end. */
  readonly end: number;
  readonly pending: readonly PendingLine[];
  /** In the order of the stores: which line got a new version. */
  readonly order: readonly number[];
  /** What was acknowledged before it. */
  readonly acked: ReadonlySet<string>;
  readonly allAcked: boolean;
}

/** Calls `visit` with each stretch of a recording, with the image's lines as durable as they are in it. */
export async function eachStretch(
  images: readonly CrashImage[],
  events: readonly CrashEvent[],
  visit: (stretch: Stretch) => Promise<void>,
): Promise<void> {
  const caches = new Caches(images);
  const acked = new Set<string>();
  let allAcked = false;
  for (const [i, event] of events.entries()) {
    const goesOn = event.kind === 'ack' && events[i - 1]?.kind === 'ack';
    if (event.kind === 'fence' || (event.kind === 'ack' && !goesOn)) {
      await visit({ ...caches.pending(), end: i, acked, allAcked });
    }
    if (event.kind !== 'ack') caches.take(event);
    else if (event.paths === 'all') allAcked = true;
    else for (const path of event.paths) acked.add(path);
  }
  await visit({ ...caches.pending(), end: events.length, acked, allAcked });
}

/** The caches of the host that writes, and what is durable behind them, which is kept in the images. */
class Caches {
  readonly #pending = new Map<number, PendingLine>();
  #order: PendingLine[] = [];

  constructor(private readonly images: readonly CrashImage[]) {}

  pending(): { pending: readonly PendingLine[]; order: readonly number[] } {
    const pending = [...this.#pending.values()];
    const indexes = new Map(pending.map((line, i) => [line, i]));
    this.#order = this.#order.filter((line) => indexes.has(line));
    return { pending, order: this.#order.map((line) => indexes.get(line) as number) };
  }

  take(event: Exclude<CrashEvent, { kind: 'ack' }>): void {
    if (event.kind === 'store') this.#store(event.device, event.offset, event.bytes);
    else if (event.kind === 'zero') this.#zero(event.device, event.offset, event.length);
    else if (event.kind === 'flush') this.#flush(event.device, event.offset, event.length);
    else this.#fence(event.device);
  }

  #store(device: number, offset: number, bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      const line = Math.floor((offset + done) / LINE);
      const at = (offset + done) % LINE;
      const count = Math.min(LINE - at, bytes.length - done);
      this.#change(device, line, at, bytes.subarray(done, done + count));
      done += count;
    }
  }

  #zero(device: number, offset: number, length: number): void {
    const zeros = Buffer.alloc(4096);
    const { now } = this.images[device] as CrashImage;
    for (let done = 0; done < length; ) {
      const count = Math.min(zeros.length - ((offset + done) % zeros.length), length - done);
      const start = offset + done;
      const same = now.compare(zeros, 0, count, start, start + count) === 0;
      if (!same || this.#pending.size > 0) this.#store(device, start, zeros.subarray(0, count));
      done += count;
    }
  }

  #change(device: number, line: number, at: number, bytes: Buffer): void {
    const key = keyOf(device, line);
    const known = this.#pending.get(key);
    const { now } = this.images[device] as CrashImage;
    const start = line * LINE;
    const latest = known?.versions.at(-1) ?? now.subarray(start, start + LINE);
    if (latest.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0) return;
    const changed = Buffer.from(latest);
    bytes.copy(changed, at);
    const pending = known ?? { device, line, versions: [Buffer.from(latest)], flushed: 0 };
    pending.versions.push(changed);
    this.#pending.set(key, pending);
    this.#order.push(pending);
  }

  #flush(device: number, offset: number, length: number): void {
    const first = Math.floor(offset / LINE);
    const past = Math.ceil((offset + length) / LINE);
    if (past - first > this.#pending.size) {
      for (const pending of this.#pending.values())
        if (pending.device === device && pending.line >= first && pending.line < past)
          pending.flushed = pending.versions.length - 1;
      return;
    }
    for (let line = first; line < past; line++) {
      const pending = this.#pending.get(keyOf(device, line));
      if (pending) pending.flushed = pending.versions.length - 1;
    }
  }

  #fence(device: number): void {
    for (const [key, pending] of this.#pending) {
      if (pending.device !== device || pending.flushed === 0) continue;
      pending.versions = pending.versions.slice(pending.flushed);
      pending.flushed = 0;
      putLine(this.images, pending, 0);
      if (pending.versions.length === 1) this.#pending.delete(key);
    }
  }
}

function keyOf(device: number, line: number): number {
  return device * 2 ** 40 + line;
}

/** Puts a version of a line on its device. */
export function putLine(
  images: readonly CrashImage[],
  { device, line, versions }: PendingLine,
  version: number,
): void {
  const { now } = images[device] as CrashImage;
  (versions[version] as Buffer).copy(now, line * LINE);
}

/** Up to this many states of a stretch, all of them are tried. */
export const ALL_STATES = 1024;

/** Which version of each pending line a state has. */
export type Choice = Uint8Array;

/** How many states of a stretch there are; Infinity for very many. */
export function stateCount({ pending }: Stretch): number {
  return pending.reduce((product, { versions }) => product * versions.length, 1);
}

/** All states of a stretch with few; of others `limit` at most: extremes, what an order of stores leaves, and random ones. */
export function* statesOf(stretch: Stretch, limit: number, random: () => number): Generator<Choice> {
  if (stateCount(stretch) <= ALL_STATES) {
    yield* everyState(stretch);
    return;
  }
  let left = limit;
  for (const choices of [extremes(stretch, limit, random), randomStates(stretch, random)])
    for (const choice of choices) {
      if (left-- <= 0) return;
      yield choice;
    }
}

/** All of them, in an order in which neighbours have little in common. */
function* everyState(stretch: Stretch): Generator<Choice> {
  const count = stateCount(stretch);
  let stride = Math.ceil(count * 0.618);
  while (stride > 1 && commonDivisor(stride, count) > 1) stride--;
  for (let i = 0; i < count; i++) {
    let rest = (i * stride) % count;
    yield Uint8Array.from(stretch.pending, ({ versions: { length } }) => {
      const version = rest % length;
      rest = Math.floor(rest / length);
      return version;
    });
  }
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** None and all; each line alone, and missing alone; each prefix of the stores. Half of `limit` at most, if there are more. */
function* extremes(stretch: Stretch, limit: number, random: () => number): Generator<Choice> {
  const { order, pending } = stretch;
  const none = new Uint8Array(pending.length);
  const all = Uint8Array.from(pending, ({ versions }) => versions.length - 1);
  yield none;
  yield all;
  const some = Math.ceil(limit / 6);
  for (const i of sample(pending.length, some, random)) {
    const missing = all.slice();
    missing[i] = 0;
    yield missing;
    const alone = none.slice();
    alone[i] = all[i] as number;
    yield alone;
  }
  for (const end of sample(order.length, some, random)) yield prefix(stretch, end);
}

function prefix({ order, pending }: Stretch, end: number): Choice {
  const choice = new Uint8Array(pending.length);
  for (const i of order.slice(0, end)) {
    const last = (pending[i] as PendingLine).versions.length - 1;
    choice[i] = Math.min((choice[i] as number) + 1, last);
  }
  return choice;
}

function sample(count: number, limit: number, random: () => number): number[] {
  if (count <= limit) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: limit }, () => Math.floor(random() * count));
}

/** Each line old or new as chance has it, with few, many or nearly all of them new, for all lines or for a run of them. */
function* randomStates(stretch: Stretch, random: () => number): Generator<Choice> {
  const { pending } = stretch;
  for (;;) {
    const choice = prefix(stretch, Math.floor(random() * (stretch.order.length + 1)));
    const chance = random() < 0.5 ? random() : random() < 0.5 ? random() ** 4 : 1 - random() ** 4;
    const whole = random() < 0.5;
    const from = whole ? 0 : Math.floor(random() * pending.length);
    const to = whole ? pending.length : from + Math.ceil(random() * Math.min(64, pending.length - from));
    for (let i = from; i < to; i++) {
      const { versions } = pending[i] as PendingLine;
      choice[i] =
        random() < chance ? versions.length - 1 - Math.floor(random() ** 4 * (versions.length - 1)) : 0;
    }
    yield choice;
  }
}
