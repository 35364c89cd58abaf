import {
  ADD_DAXDEV_BODY,
  EXTENT,
  FILE_BODY,
  INTERLEAVE,
  LOG_ENTRY,
  LOG_HEADER,
  LOG_OFFSET,
  MKDIR_BODY,
  PATH_BYTES,
  SUPERBLOCK,
} from '../../src/log/layout';
import { type BaseImage, DATA, MAX_ENTRIES, type MediaStore, SMALL_UNIT } from './fuzz-media-image';
import { seeded } from './random';

interface Span {
  readonly offset: number;
  readonly length: number;
}

const spans = (fields: Record<string, Span>): Span[] =>
  Object.values(fields).filter(({ length }) => length === 4 || length === 8 || length === 16);

const EXTENT_FIELDS = spans(EXTENT.fields);
const listed = (first: number, count: number): Span[] =>
  Array.from({ length: count }, (_, i) =>
    EXTENT_FIELDS.map(({ offset, length }) => ({ offset: first + i * EXTENT.bytes + offset, length })),
  ).flat();
/** Fields of entries, those that matter most more than once. */
const ENTRY_FIELDS: Span[] = [
  ...spans(LOG_ENTRY.fields),
  ...spans(FILE_BODY.fields),
  ...spans(INTERLEAVE.fields),
  ...spans(INTERLEAVE.fields),
  ...spans(MKDIR_BODY.fields),
  ...spans(ADD_DAXDEV_BODY.fields),
  ...listed(FILE_BODY.fields.extents.offset, 4),
  ...listed(INTERLEAVE.fields.strips.offset, 4),
];
const PATH_AT = [FILE_BODY.fields.path.offset, MKDIR_BODY.fields.path.offset];

const NAMES = [
  ...[
    '',
    '.',
    '..',
    '/',
    '//',
    'a/',
    '/a',
    'a//b',
    './a',
    'a/..',
    '../a',
    'a/../../b',
    '/etc/passwd',
    '../../../x',
  ],
  ...[
    '.meta',
    '.meta/',
    '.meta/x',
    '.meta/.log',
    '.meta/.alloc.cfg',
    '.meta/.alloc.cfg/x',
    '.metal',
    '.alloc.cfg',
  ],
  ...[
    'a0',
    'b1',
    'c2',
    'a0/b1',
    'a0/x',
    'nowhere/x',
    'new\nline',
    '\u001b[31m',
    '\x7f',
    'Größe',
    '...',
    ' ',
    'a0/...',
  ],
  ...['x'.repeat(79), 'x'.repeat(80), `a0/${'y'.repeat(76)}`, 'a/'.repeat(39), 'n\0m'],
].map((name) => Buffer.from(name));
const NO_UTF8 = ['\xff', '\xc3', '\xed\xa0\x80', '\xc0\xaf', 'ok\xff/..', '\x80x'].map((name) =>
  Buffer.from(name, 'latin1'),
);
NAMES.push(...NO_UTF8);

export const NUMBERS: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 15n, 16n, 17n, 4095n, 4096n, 4097n, 8192n, 2n ** 20n, 2n ** 21n, 2n ** 22n],
  ...[2n ** 21n - 4096n, 2n ** 23n, 10n * 2n ** 20n, 10n * 2n ** 20n - 4096n, 10n * 2n ** 20n + 4096n],
  ...[12n * 2n ** 20n, 12n * 2n ** 20n - 4096n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n],
  ...[2n ** 40n, 2n ** 52n, 2n ** 53n - 4096n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 60n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 4096n, 2n ** 64n - 1n, 0x87b282ffn, 0xbadcafef00dn, 48n],
];

/** Makes input `index` of `seed` in a store: an image of `bases`, damaged in one way or several. Others never matter. */
export class MediaDamage {
  #random: () => number = () => 0;

  constructor(
    private readonly seed: number,
    private readonly bases: readonly BaseImage[],
    private readonly store: MediaStore,
  ) {}

  /** Returns how many entries are stored. */
  make(index: number): number {
    this.begin(index);
    const { count, deviceSize, log, superblock } = this.bases[this.#below(this.bases.length)] as BaseImage;
    const { store } = this;
    superblock.copy(store.superblock);
    log.copy(store.log);
    store.size = deviceSize;
    let changes = 0;
    do this.#change(count);
    while (++changes < 6 && this.#random() < 0.45);
    return count;
  }

  /** From here on chance is that of input `index`. */
  begin(index: number): void {
    this.#random = seeded(Math.imul(this.seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  }

  /** Damages one entry, the one at `base` of `bytes`, and mostly makes its sum right. */
  changeEntry(bytes: Buffer, base: number): void {
    const way = this.#below(12);
    if (way < 5) this.#field(bytes, base, ENTRY_FIELDS);
    else if (way < 8) this.#path(bytes, base + (PATH_AT[this.#below(2)] as number));
    else if (way === 8) this.#extent(bytes, base);
    else if (way === 9) this.#flip(bytes, base, LOG_ENTRY.bytes);
    else if (way === 10) bytes[base + this.#below(LOG_ENTRY.bytes)] = this.#below(256);
    else bytes.writeUInt32LE(this.#below(4), base + LOG_ENTRY.fields.type.offset);
    if (this.#random() < 0.95) LOG_ENTRY.fields.crc.seal(bytes, base);
  }

  #change(count: number): void {
    const { log, superblock } = this.store;
    const way = this.#below(100);
    if (way < 70) this.changeEntry(log, this.#entry(count));
    else if (way < 88) this.#rearrange(count);
    else if (way < 93) this.#header();
    else if (way < 98) {
      if (this.#below(3) === 0) this.#flip(superblock, 0, SUPERBLOCK.bytes);
      else this.#field(superblock, 0, spans(SUPERBLOCK.fields));
      if (this.#random() < 0.98) SUPERBLOCK.fields.crc.seal(superblock, 0);
    } else {
      const sizes = [0, 1, 199, 200, 2 ** 21, LOG_OFFSET + 47, DATA - 1, DATA, DATA + SMALL_UNIT, 2 ** 31];
      this.store.size =
        this.#below(2) === 0 ? this.#below(DATA * 2) : (sizes[this.#below(sizes.length)] as number);
    }
  }

  /** Swaps, repeats or drops entries, which keep their old sequence numbers now and then. */
  #rearrange(count: number): void {
    const { log } = this.store;
    const from = this.#entry(count);
    const to = this.#entry(count);
    const moved = Buffer.from(log.subarray(from, from + LOG_ENTRY.bytes));
    const way = this.#below(3);
    if (way === 0) log.copy(log, from, to, to + LOG_ENTRY.bytes);
    if (way === 2) log.fill(0, to, to + LOG_ENTRY.bytes);
    else moved.copy(log, to);
    if (this.#random() < 0.2) return;
    for (const base of [from, to]) {
      LOG_ENTRY.fields.seqnum.set(log, base, (base - LOG_HEADER.bytes) / LOG_ENTRY.bytes);
      LOG_ENTRY.fields.crc.seal(log, base);
    }
  }

  #header(): void {
    const { log } = this.store;
    const { crc, nextIndex, nextSeqnum } = LOG_HEADER.fields;
    if (this.#below(200) === 0) this.#field(log, 0, spans(LOG_HEADER.fields));
    else if (this.#below(2) === 0) {
      // More than are stored are zeros, all alike, and many of them take long.
      const counted = this.#below(MAX_ENTRIES + 8);
      nextIndex.set(log, 0, counted);
      if (this.#random() < 0.8) nextSeqnum.set(log, 0, counted);
    } else this.#field(log, 0, spans(LOG_HEADER.fields).slice(0, -1));
    if (this.#random() < 0.9) crc.seal(log, 0);
  }

  #field(bytes: Buffer, base: number, fields: readonly Span[]): void {
    const { length, offset } = fields[this.#below(fields.length)] as Span;
    const at = base + offset;
    if (length === 4) {
      bytes.writeUInt32LE(Number(this.#number() & 0xffffffffn), at);
      return;
    }
    const value = this.#below(8) === 0 ? this.#nearby(bytes.readBigUInt64LE(at)) : this.#number();
    bytes.writeBigUInt64LE(value, at);
  }

  #number(): bigint {
    if (this.#below(10) > 0) return NUMBERS[this.#below(NUMBERS.length)] as bigint;
    return BigInt(this.#below(2 ** 32)) << BigInt(this.#below(33));
  }

  #nearby(value: bigint): bigint {
    const steps = [1n, BigInt(SMALL_UNIT), 2n ** 21n];
    const step = steps[this.#below(steps.length)] as bigint;
    return BigInt.asUintN(64, this.#below(2) === 0 ? value + step : value - step);
  }

  #path(bytes: Buffer, at: number): void {
    const name = NAMES[this.#below(NAMES.length)] as Buffer;
    if (this.#below(5) > 0) {
      bytes.fill(0, at, at + PATH_BYTES);
      name.copy(bytes, at, 0, PATH_BYTES);
      return;
    }
    bytes[at + this.#below(12)] = [0, 0x2e, 0x2f, 0x0a, 0xff, this.#below(256)][this.#below(6)] as number;
  }

  /** An extent or strip over one of another entry, or a part of it, or over nothing that it may have. */
  #extent(bytes: Buffer, base: number): void {
    const striped = bytes[base + FILE_BODY.fields.extentType.offset] === 1;
    const first = striped ? INTERLEAVE.fields.strips.offset : FILE_BODY.fields.extents.offset;
    const at = base + first + this.#below(3) * EXTENT.bytes;
    const offset = DATA + (this.#below(24) - 4) * SMALL_UNIT;
    bytes.writeBigUInt64LE(BigInt(this.#below(12) === 0 ? 1 : 0), at);
    bytes.writeBigUInt64LE(BigInt(offset), at + EXTENT.fields.offset.offset);
    bytes.writeBigUInt64LE(BigInt(this.#below(5) * SMALL_UNIT), at + EXTENT.fields.length.offset);
  }

  #flip(bytes: Buffer, base: number, length: number): void {
    const at = base + this.#below(length);
    bytes[at] = (bytes[at] as number) ^ (1 << this.#below(8));
  }

  #entry(count: number): number {
    return LOG_HEADER.bytes + this.#below(count) * LOG_ENTRY.bytes;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
