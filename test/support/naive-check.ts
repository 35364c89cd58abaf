/**
 * A second judge of famfs media, written from docs/FORMAT.md and sharing nothing with src: plain loops, a CRC of its
 * own, exact numbers. It is slow, holds everything in lists, and is right as far as the format is.
 */
import { checkEntry, type NaiveDevice, type NaiveEntry, type NaiveExtent } from './naive-check-entry';
import { crc32Of, isPower, type NaiveBytes, TOO_LARGE, u32At, u64At } from './naive-read';

const MIB = 2n ** 20n;
const LOG_AT = 2n * MIB;
const HEADER_BYTES = 48n;
const ENTRY_BYTES = 544n;

/** Bytes of a device: `read` gives `length` of them from `offset` on. */
export interface NaiveMedia {
  readonly size: number;
  read(offset: number, length: number): NaiveBytes;
}

export interface NaiveFinding {
  readonly code: string;
  readonly entry?: number;
}

export interface NaiveVerdict {
  readonly findings: readonly NaiveFinding[];
  /** What of the findings need not be told, since a worse one of the same thing was: code and entry. */
  readonly optional: ReadonlySet<string>;
  /** Paths, in latin1, that a mount may show, with the index of the entry that each is of. */
  readonly shown: ReadonlyMap<string, number>;
  /** Entries of files any of whose bytes are in another extent too. */
  readonly overlapping: ReadonlySet<number>;
  /** The entries that were judged, in log order; those of sound files tell where their bytes are. */
  readonly entries: readonly NaiveEntry[];
}

/** Finds all that is wrong with a primary device, by itself: other devices are not looked for. */
export function naiveCheck(media: NaiveMedia): NaiveVerdict {
  const found: NaiveFinding[] = [];
  const optional = new Set<string>();
  const superblock = superblockBytes(media);
  const geometry = checkSuperblock(superblock, BigInt(media.size), found);
  const none = { findings: found, optional, shown: new Map(), overlapping: new Set<number>(), entries: [] };
  if (!geometry) return none;
  const count = checkHeader(
    media.read(Number(LOG_AT), Number(HEADER_BYTES)),
    geometry.logLength,
    found,
    optional,
  );
  if (count === undefined) return none;
  const devices: NaiveDevice[] = [
    { uuid: uuidAt(superblock, 64), size: BigInt(media.size), reserved: LOG_AT + geometry.logLength },
  ];
  const entries: NaiveEntry[] = [];
  for (let index = 0; index < count; index++) {
    const at = Number(LOG_AT + HEADER_BYTES) + index * Number(ENTRY_BYTES);
    const bytes = media.read(at, Number(ENTRY_BYTES));
    const entry = checkEntry(bytes, index, geometry.unit, devices);
    entries.push(entry);
    for (const code of entry.codes) found.push({ code, entry: index });
    for (const code of entry.optional) optional.add(`${code} ${index}`);
  }
  const shown = place(entries, found);
  const overlapping = overlaps(entries);
  return { findings: found, optional, shown, overlapping, entries };
}

function superblockBytes(media: NaiveMedia): NaiveBytes {
  const bytes = new Uint8Array(200);
  bytes.set(media.read(0, Math.min(200, media.size)));
  return bytes;
}

function uuidAt(bytes: NaiveBytes, at: number): string {
  let text = '';
  for (let i = at; i < at + 16; i++) text += (bytes[i] as number).toString(16).padStart(2, '0');
  return text;
}

interface Geometry {
  readonly logLength: bigint;
  readonly unit: bigint;
}

/** What must be known to find the log; undefined when it cannot be. */
function checkSuperblock(bytes: NaiveBytes, deviceSize: bigint, found: NaiveFinding[]): Geometry | undefined {
  const say = (code: string) => void found.push({ code });
  if (u64At(bytes, 0) !== 0x87b282ffn) {
    say('sb-magic');
    return undefined;
  }
  const logLength = u64At(bytes, 24);
  const unit = u64At(bytes, 32);
  let usable = true;
  if (u64At(bytes, 8) !== 48n) say('sb-version');
  if (u64At(bytes, 16) !== LOG_AT) {
    say('sb-log-offset');
    usable = false;
  }
  if (!isPower(logLength) || logLength < 8n * MIB || logLength >= TOO_LARGE) {
    say('sb-log-length');
    usable = false;
  }
  if (unit !== 4096n && unit !== 2n * MIB) {
    say('sb-alloc-unit');
    usable = false;
  }
  if (u32At(bytes, 40) !== 2) say('sb-omf-major');
  if (u64At(bytes, 96) !== BigInt(crc32Of(bytes, 96))) say('sb-crc');
  if (u32At(bytes, 104) > 3) say('sb-flags');
  if (logLength >= 8n * MIB && logLength < TOO_LARGE && LOG_AT + logLength > deviceSize) {
    say('sb-log-beyond-device');
    usable = false;
  }
  if (u64At(bytes, 112) !== deviceSize) say('sb-device-size');
  if (!hasNul(bytes, 136, 200)) say('sb-device-name');
  return usable ? { logLength, unit } : undefined;
}

function hasNul(bytes: NaiveBytes, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return true;
  return false;
}

/** How many entries there are to look at; undefined when the header is none. */
function checkHeader(
  bytes: NaiveBytes,
  logLength: bigint,
  found: NaiveFinding[],
  optional: Set<string>,
): number | undefined {
  const say = (code: string) => void found.push({ code });
  const capacity = (logLength - HEADER_BYTES) / ENTRY_BYTES;
  const nextSeqnum = u64At(bytes, 32);
  const nextIndex = u64At(bytes, 40);
  const isHeader = u64At(bytes, 0) === 0xbadcafef00dn;
  if (!isHeader) say('log-magic');
  if (u64At(bytes, 24) !== BigInt(crc32Of(bytes, 24))) say('log-crc');
  if (u64At(bytes, 8) !== logLength) say('log-length');
  if (u64At(bytes, 16) !== capacity - 1n) say('log-last-index');
  if (nextIndex > capacity) say('log-next-index');
  if (nextSeqnum !== nextIndex) say('log-next-seqnum');
  if (nextSeqnum >= TOO_LARGE && nextIndex >= TOO_LARGE) optional.add('log-next-seqnum undefined');
  if (!isHeader) return undefined;
  return Number(nextIndex < capacity ? nextIndex : capacity);
}

/** Gives the sound entries their places, in log order. */
function place(entries: readonly NaiveEntry[], found: NaiveFinding[]): Map<string, number> {
  const kinds = new Map<string, string>([['.meta', 'mkdir']]);
  const shown = new Map<string, number>();
  entries.forEach((entry, index) => {
    if (!entry.sound || entry.path === undefined) return;
    const problem = problemOf(kinds, entry.path, entry.type === 'mkdir');
    if (problem) found.push({ code: problem, entry: index });
    else {
      kinds.set(entry.path, entry.type);
      shown.set(entry.path, index);
    }
  });
  return shown;
}

function problemOf(kinds: ReadonlyMap<string, string>, path: string, directory: boolean): string | undefined {
  const names = path.split('/');
  for (let i = 1; i < names.length; i++) {
    const kind = kinds.get(names.slice(0, i).join('/'));
    if (kind === undefined) return 'path-no-parent';
    if (kind !== 'mkdir') return 'path-parent-is-file';
  }
  const taken = kinds.get(path);
  if (taken === undefined) return undefined;
  if (directory) return taken === 'mkdir' ? 'path-directory-again' : 'path-directory-over-file';
  return taken === 'mkdir' ? 'path-file-over-directory' : 'path-duplicate';
}

/** The entries of which an extent shares bytes with another one: every extent against every other one. */
function overlaps(entries: readonly NaiveEntry[]): Set<number> {
  const sharing = new Set<number>();
  const extents: NaiveExtent[] = [];
  const owners: number[] = [];
  entries.forEach((entry, index) => {
    if (!entry.sound) return;
    for (const extent of entry.extents) {
      extents.forEach((other, i) => {
        if (!share(extent, other)) return;
        sharing.add(index);
        sharing.add(owners[i] as number);
      });
      extents.push(extent);
      owners.push(index);
    }
  });
  return sharing;
}

function share(a: NaiveExtent, b: NaiveExtent): boolean {
  return a.device === b.device && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}
