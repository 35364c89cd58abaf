import { isPowerOfTwo } from '../numbers';
import { isZero } from '../zeros';
import { extentBase } from './entry';
import { exactText, type Gap, gapsBetween, type Violation, verify } from './fields';
import { entryFinding, type Finding, type FindingCode } from './findings';
import {
  ADD_DAXDEV_BODY,
  ENTRY_ADD_DAXDEV,
  ENTRY_FILE,
  EXTENT,
  EXTENT_INTERLEAVED,
  FILE_BODY,
  INTERLEAVE,
  LOG_ENTRY,
  LOG_OFFSET,
  MAX_EXTENTS,
  MKDIR_BODY,
  PATH_BYTES,
  SUPERBLOCK_REGION,
} from './layout';
import { checkPath, type PathKind, pathLength, printable } from './paths';
import type { Superblock } from './superblock';

/** A device that extents may be on. Index 0 of a table of them is the primary. `size` in bytes. */
export interface DeviceRecord {
  readonly uuid: string;
  readonly size: number;
}

const { seqnum: SEQNUM, type: TYPE, crc: CRC } = LOG_ENTRY.fields;
/** What of an entry must be zero, by its type. Unused extents and strips come on top. */
export const FILE_GAPS = gapsOf(FILE_BODY.fields, FILE_BODY.fields.extents.offset);
export const MKDIR_GAPS = gapsOf(MKDIR_BODY.fields, CRC.offset);
const ADD_DAXDEV_GAPS = gapsOf(ADD_DAXDEV_BODY.fields, CRC.offset);

function gapsOf(body: Record<string, { offset: number; length: number }>, end: number): Gap[] {
  return gapsBetween([SEQNUM, TYPE, ...Object.values(body).filter((field) => field.offset < end)], end);
}

export type FindingSink = (finding: Finding) => void;

/** What an entry is when all that matters of it is sound; `corrupt` when it cannot be told what it was. */
export type Verdict = 'file' | 'mkdir' | 'add-daxdev' | 'rejected' | 'corrupt';

/**
 * Checks log entries one at a time, in log order, field by field, without making objects for sound ones. Knows the
 * devices, since extents are checked against them; each sound add-daxdev entry adds one.
 */
export class EntryChecker {
  readonly devices: DeviceRecord[];
  readonly #allocUnit: number;
  readonly #logEnd: number;
  #bytes: Buffer = Buffer.alloc(0);
  #base = 0;
  #index = 0;
  #errors = 0;
  readonly #onViolation = ({ code, detail }: Violation) => this.#found(code, detail);
  readonly #onPathProblem = (code: FindingCode) =>
    this.#found(code, `the path is "${entryPath(this.#bytes, this.#base)}"`);

  /** `deviceSize` is the real size of the primary device in bytes. */
  constructor(
    superblock: Superblock,
    deviceSize: number,
    private readonly report: FindingSink,
  ) {
    this.devices = [{ uuid: superblock.deviceUuid, size: deviceSize }];
    this.#allocUnit = superblock.allocUnit;
    this.#logEnd = LOG_OFFSET + superblock.logLength;
  }

  /** Judges the entry at `base`, which is to be entry `index`, and reports all that is wrong with it. */
  check(bytes: Buffer, base: number, index: number): Verdict {
    this.#bytes = bytes;
    this.#base = base;
    this.#index = index;
    this.#errors = 0;
    if (!this.#checkEnvelope()) return 'corrupt';
    switch (LOG_ENTRY.fields.type.get(bytes, base)) {
      case ENTRY_FILE:
        this.#checkFile();
        return this.#errors === 0 ? 'file' : 'rejected';
      case ENTRY_ADD_DAXDEV:
        this.#checkAddDaxdev();
        return this.#errors === 0 ? 'add-daxdev' : 'rejected';
      default:
        verify(MKDIR_BODY, bytes, base, this.#onViolation);
        this.#checkPath(MKDIR_BODY.fields.path.offset, 'directory');
        this.#checkGaps(MKDIR_GAPS);
        return this.#errors === 0 ? 'mkdir' : 'rejected';
    }
  }

  #found(code: FindingCode, detail: string): void {
    const found = entryFinding(code, this.#index, entryPath(this.#bytes, this.#base), detail);
    if (found.severity === 'error') this.#errors++;
    this.report(found);
  }

  /** Checksum, sequence and type: without them nothing else of an entry means anything. */
  #checkEnvelope(): boolean {
    const wrong = LOG_ENTRY.fields.crc.verify(this.#bytes, this.#base);
    if (wrong) {
      const detail =
        wrong === 'crc' ? 'the stored sum is not that of the entry' : 'the upper half of the sum is not zero';
      this.report(entryFinding('entry-crc', this.#index, undefined, detail));
      return false;
    }
    const seqnum = LOG_ENTRY.fields.seqnum.get(this.#bytes, this.#base);
    if (seqnum !== this.#index) {
      const stored = exactText(SEQNUM, this.#bytes, this.#base);
      this.#found('entry-seqnum', `is ${stored}, must be ${this.#index}`);
    }
    verify(LOG_ENTRY, this.#bytes, this.#base, this.#onViolation);
    return this.#errors === 0;
  }

  #checkPath(offset: number, kind: PathKind): void {
    const start = this.#base + offset;
    const length = pathLength(this.#bytes, start);
    if (length === -1) {
      this.#found('path-unterminated', `the path has no NUL in its ${PATH_BYTES} bytes`);
      return;
    }
    checkPath(this.#bytes, start, length, this.#onPathProblem, kind);
    this.#checkZeros(offset + length, offset + PATH_BYTES);
  }

  #checkGaps(gaps: readonly Gap[]): void {
    for (const gap of gaps) this.#checkZeros(gap.start, gap.end);
  }

  /** Bytes `start` to `end` of the entry are of no use and must be zero. */
  #checkZeros(start: number, end: number): void {
    if (isZero(this.#bytes, this.#base + start, this.#base + end)) return;
    this.#found('entry-stray-bytes', `bytes ${start} to ${end - 1} of the entry must be zero`);
  }

  #checkFile(): void {
    const { extentType, path, size } = FILE_BODY.fields;
    verify(FILE_BODY, this.#bytes, this.#base, this.#onViolation);
    this.#checkPath(path.offset, 'file');
    this.#checkGaps(FILE_GAPS);
    const bytes = size.get(this.#bytes, this.#base);
    if (extentType.get(this.#bytes, this.#base) === EXTENT_INTERLEAVED) this.#checkInterleaved(bytes);
    else this.#checkSimple(bytes);
  }

  #checkSimple(size: number): void {
    const count = FILE_BODY.fields.extentCount.get(this.#bytes, this.#base);
    if (count < 1 || count > MAX_EXTENTS) {
      this.#found('ext-count', `${count} extents, must be 1 to ${MAX_EXTENTS}`);
      return;
    }
    const first = extentBase(false, this.#base);
    let total = 0;
    for (let i = 0; i < count; i++) total += this.#checkExtent(first + i * EXTENT.bytes, 'extent', i);
    this.#checkZeros(first + count * EXTENT.bytes - this.#base, CRC.offset);
    if (total < size) this.#found('ext-short', `the extents hold ${total} bytes, the file has ${size}`);
  }

  #checkInterleaved(size: number): void {
    const count = FILE_BODY.fields.extentCount.get(this.#bytes, this.#base);
    if (count !== 1) this.#found('il-count', `${count} interleaved extents, must be 1`);
    const errorsBefore = this.#errors;
    verify(INTERLEAVE, this.#bytes, this.#base, this.#onViolation);
    const chunkSize = INTERLEAVE.fields.chunkSize.get(this.#bytes, this.#base);
    if (!isPowerOfTwo(chunkSize) || chunkSize % this.#allocUnit !== 0) {
      const value = INTERLEAVE.fields.chunkSize.big(this.#bytes, this.#base);
      this.#found('il-chunk', `is ${value}, must be a power of two and a multiple of ${this.#allocUnit}`);
    }
    if (this.#errors > errorsBefore) return;
    this.#checkStrips(size, chunkSize, INTERLEAVE.fields.stripCount.get(this.#bytes, this.#base));
  }

  #checkStrips(size: number, chunkSize: number, stripCount: number): void {
    const first = extentBase(true, this.#base);
    const chunks = Math.ceil(size / chunkSize);
    let unequal = false;
    for (let i = 0; i < stripCount; i++) {
      const length = this.#checkExtent(first + i * EXTENT.bytes, 'strip', i);
      const chunksHere = Math.ceil((chunks - i) / stripCount);
      if (length < chunksHere * chunkSize) {
        this.#found(
          'ext-short',
          `strip ${i} has ${length} bytes, ${chunksHere} chunks of ${chunkSize} lie in it`,
        );
      }
      unequal ||= length !== EXTENT.fields.length.get(this.#bytes, first);
    }
    this.#checkZeros(first + stripCount * EXTENT.bytes - this.#base, CRC.offset);
    if (unequal) this.#found('il-strip-lengths', 'the strips are not equally long');
  }

  /** Checks one extent or strip; returns its length in bytes. */
  #checkExtent(at: number, kind: 'extent' | 'strip', number: number): number {
    const { devindex, length, offset } = EXTENT.fields;
    const start = offset.get(this.#bytes, at);
    const bytes = length.get(this.#bytes, at);
    const device = devindex.get(this.#bytes, at);
    const unit = this.#allocUnit;
    const problem = (code: FindingCode, what: string) =>
      this.#found(code, `${kind} ${number}: ${this.#extentText(at)}: ${what}`);
    const record = this.devices[device];
    if (!record) problem('ext-devindex', 'no such device was added');
    if (bytes === 0 || (Number.isFinite(bytes) && bytes % unit !== 0)) {
      problem('ext-length', `the length must be a positive multiple of ${unit}`);
    }
    if (start === 0 || (Number.isFinite(start) && start % unit !== 0)) {
      problem('ext-offset', `the offset must be a positive multiple of ${unit}`);
    }
    const reserved = device === 0 ? this.#logEnd : SUPERBLOCK_REGION;
    if (start < reserved) problem('ext-in-metadata', `bytes below ${reserved} are reserved`);
    if (record && start + bytes > record.size) {
      problem('ext-beyond-device', `the device ends at ${record.size}`);
    }
    return bytes;
  }

  #extentText(at: number): string {
    const { devindex, length, offset } = EXTENT.fields;
    const [device, start, bytes] = [devindex, offset, length].map((field) => field.big(this.#bytes, at));
    return `device ${device}, offset ${start}, length ${bytes}`;
  }

  #checkAddDaxdev(): void {
    const { deviceUuid, index, size } = ADD_DAXDEV_BODY.fields;
    verify(ADD_DAXDEV_BODY, this.#bytes, this.#base, this.#onViolation);
    this.#checkGaps(ADD_DAXDEV_GAPS);
    const number = index.get(this.#bytes, this.#base);
    const uuid = deviceUuid.get(this.#bytes, this.#base);
    if (number !== this.devices.length) {
      this.#found('dev-index', `is ${number}, must be ${this.devices.length}`);
    }
    const taken = this.devices.findIndex((device) => device.uuid === uuid);
    if (taken !== -1) this.#found('dev-duplicate', `${uuid} is device ${taken} already`);
    if (this.#errors === 0) this.devices.push({ uuid, size: size.get(this.#bytes, this.#base) });
  }
}

/** The path of the entry at `base` in printable form; undefined when it has a type without one. */
export function entryPath(bytes: Buffer, base: number): string | undefined {
  const type = LOG_ENTRY.fields.type.get(bytes, base);
  if (type > 1) return undefined;
  return printable((type === ENTRY_FILE ? FILE_BODY : MKDIR_BODY).fields.path.get(bytes, base));
}
