/** The part of the naive checker that judges one log entry, from docs/FORMAT.md alone. */
import { crc32Of, isPower, type NaiveBytes, TOO_LARGE, u32At, u64At } from './naive-read';

/** A device that extents may be on; nothing may be in its first `reserved` bytes. */
export interface NaiveDevice {
  readonly uuid: string;
  readonly size: bigint;
  readonly reserved: bigint;
}

export interface NaiveExtent {
  readonly device: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/** What an entry is, and the codes of all that is wrong with it. */
export interface NaiveEntry {
  readonly type: string;
  readonly sound: boolean;
  readonly codes: ReadonlySet<string>;
  readonly optional: ReadonlySet<string>;
  /** Of a file or directory, in latin1. */
  readonly path?: string;
  readonly extents: readonly NaiveExtent[];
  readonly size?: bigint;
  /** Of an interleaved file. */
  readonly chunk?: bigint;
}

const WARNINGS = [
  ...['entry-stray-bytes', 'file-flags', 'file-mode', 'path-control', 'path-utf8'],
  'il-strip-lengths',
];
const CRC_AT = 536;
const TYPES = ['file', 'mkdir', undefined, 'add-daxdev'];

/** Judges one entry at a time; a sound one that adds a device is put behind `devices`. */
export function checkEntry(
  bytes: NaiveBytes,
  index: number,
  unit: bigint,
  devices: NaiveDevice[],
): NaiveEntry {
  const entry = new Judge(bytes, unit, devices);
  if (u64At(bytes, CRC_AT) !== BigInt(crc32Of(bytes, CRC_AT))) return entry.damaged('entry-crc');
  const type = TYPES[u32At(bytes, 8)];
  if (u64At(bytes, 0) !== BigInt(index)) entry.damaged('entry-seqnum');
  if (type === undefined) entry.damaged('entry-type');
  if (entry.codes.size > 0 || type === undefined) return entry;
  entry.type = type;
  entry.zeros(12, 16);
  if (type === 'file') entry.file();
  else if (type === 'mkdir') entry.directory();
  else entry.device();
  return entry;
}

class Judge implements NaiveEntry {
  type = 'unknown';
  readonly codes = new Set<string>();
  readonly optional = new Set<string>();
  path?: string;
  extents: NaiveExtent[] = [];
  size?: bigint;
  chunk?: bigint;

  constructor(
    private readonly bytes: NaiveBytes,
    private readonly unit: bigint,
    private readonly devices: NaiveDevice[],
  ) {}

  get sound(): boolean {
    for (const code of this.codes) if (!WARNINGS.includes(code)) return false;
    return true;
  }

  damaged(code: string): this {
    this.codes.add(code);
    return this;
  }

  zeros(start: number, end: number): void {
    for (let i = start; i < end; i++) if (this.bytes[i] !== 0) this.codes.add('entry-stray-bytes');
  }

  directory(): void {
    if (u32At(this.bytes, 24) > 0o7777) this.codes.add('file-mode');
    this.pathAt(28);
    this.zeros(108, CRC_AT);
  }

  device(): void {
    const size = u64At(this.bytes, 16);
    let uuid = '';
    for (let i = 24; i < 40; i++) uuid += (this.bytes[i] as number).toString(16).padStart(2, '0');
    if (size >= TOO_LARGE || size <= 2n ** 21n) this.codes.add('dev-size');
    if (u32At(this.bytes, 40) !== this.devices.length) this.codes.add('dev-index');
    for (const device of this.devices) if (device.uuid === uuid) this.codes.add('dev-duplicate');
    this.zeros(44, CRC_AT);
    if (this.sound) this.devices.push({ uuid, size, reserved: 2n ** 21n });
  }

  file(): void {
    const { bytes } = this;
    this.size = u64At(bytes, 16);
    if (this.size >= TOO_LARGE) {
      this.codes.add('file-size');
      this.optional.add('ext-short');
    }
    if (u32At(bytes, 24) > 3) this.codes.add('file-flags');
    if (u32At(bytes, 36) > 0o7777) this.codes.add('file-mode');
    this.pathAt(40);
    this.zeros(124, 128);
    this.zeros(132, 136);
    const type = u32At(bytes, 120);
    if (type === 1) this.strips(u32At(bytes, 128), this.size);
    else if (type === 0) this.simple(u32At(bytes, 128), this.size);
    else {
      this.codes.add('ext-type');
      // What the bytes mean cannot be known: nothing needs to be said of them, and anything may be.
      for (const code of ['count', 'length', 'offset', 'in-metadata', 'beyond-device', 'devindex', 'short'])
        this.optional.add(`ext-${code}`);
      this.optional.add('entry-stray-bytes');
    }
  }

  private simple(count: number, size: bigint): void {
    if (count < 1 || count > 16) {
      this.codes.add('ext-count');
      return;
    }
    this.extentsAt(136, count);
    const total = this.extents.reduce((sum, { length }) => sum + length, 0n);
    if (total < size) this.codes.add('ext-short');
  }

  private strips(count: number, size: bigint): void {
    if (count !== 1) this.codes.add('il-count');
    const strips = u64At(this.bytes, 136);
    const chunk = u64At(this.bytes, 144);
    const chunkIsWrong = !isPower(chunk) || chunk % this.unit !== 0n || chunk >= TOO_LARGE;
    if (strips < 1n || strips > 16n) this.codes.add('il-strips');
    if (chunkIsWrong) this.codes.add('il-chunk');
    if (strips < 1n || strips > 16n || chunkIsWrong) return;
    this.chunk = chunk;
    this.extentsAt(152, Number(strips));
    const chunks = (size + chunk - 1n) / chunk;
    this.extents.forEach(({ length }, i) => {
      let held = 0n;
      // How many of the file's chunks are strip i's: c mod n is i.
      if (chunks > BigInt(i)) held = (chunks - BigInt(i) + strips - 1n) / strips;
      if (length < held * chunk) this.codes.add('ext-short');
      if (length !== this.extents[0]?.length) this.codes.add('il-strip-lengths');
    });
  }

  private extentsAt(first: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = first + 24 * i;
      const extent = {
        device: u64At(this.bytes, at),
        offset: u64At(this.bytes, at + 8),
        length: u64At(this.bytes, at + 16),
      };
      this.extents.push(extent);
      this.extent(extent);
    }
    this.zeros(first + 24 * count, CRC_AT);
  }

  private extent({ device, length, offset }: NaiveExtent): void {
    const { codes, unit } = this;
    if (length === 0n || length % unit !== 0n) codes.add('ext-length');
    if (offset === 0n || offset % unit !== 0n) codes.add('ext-offset');
    // Of numbers that are too large for any device, it is enough to say that.
    if (offset >= TOO_LARGE) this.optional.add('ext-offset');
    if (length >= TOO_LARGE) for (const code of ['ext-length', 'ext-short']) this.optional.add(code);
    if (length >= TOO_LARGE) this.optional.add('il-strip-lengths');
    const record = device < BigInt(this.devices.length) ? this.devices[Number(device)] : undefined;
    if (!record) codes.add('ext-devindex');
    const reserved = device === 0n ? (this.devices[0] as NaiveDevice).reserved : 2n ** 21n;
    if (offset < reserved) codes.add('ext-in-metadata');
    if (record && offset + length > record.size) codes.add('ext-beyond-device');
  }

  private pathAt(start: number): void {
    let end = start;
    while (end < start + 80 && this.bytes[end] !== 0) end++;
    if (end === start + 80) {
      this.codes.add('path-unterminated');
      return;
    }
    const bytes = this.bytes.subarray(start, end);
    this.path = Buffer.from(bytes).toString('latin1');
    for (const code of pathCodes(this.path, bytes, this.type === 'mkdir')) this.codes.add(code);
    if (this.path.startsWith('/')) this.optional.add('path-trailing-slash');
    this.zeros(end, start + 80);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function isUtf8(bytes: NaiveBytes): boolean {
  try {
    UTF8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function pathCodes(path: string, bytes: NaiveBytes, directory: boolean): string[] {
  if (path === '') return ['path-empty'];
  const codes: string[] = [];
  if (path.startsWith('/')) codes.push('path-absolute');
  if (path.endsWith('/')) codes.push('path-trailing-slash');
  const names = path.split('/');
  names.forEach((name, i) => {
    if (name === '' && i > 0 && i < names.length - 1) codes.push('path-empty-component');
    if (name === '.') codes.push('path-dot');
    if (name === '..') codes.push('path-dotdot');
  });
  const isOwnFile = path === '.meta/.alloc.cfg' && !directory;
  if (names[0] === '.meta' && !isOwnFile) codes.push('path-reserved');
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) codes.push('path-control');
  if (bytes.some((byte) => byte > 0x7f) && !isUtf8(bytes)) codes.push('path-utf8');
  return codes;
}
