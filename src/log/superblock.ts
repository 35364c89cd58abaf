import { FamfsError } from '../errors';
import { decode, encode, exactText, verify } from './fields';
import { type Finding, finding, isError } from './findings';
import {
  FLAG_SECONDARY,
  LOG_OFFSET,
  MIN_LOG_LENGTH,
  OMF_MAJOR,
  OMF_MINOR,
  SUPERBLOCK,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_VERSION,
} from './layout';
import type { Store } from './store';

/** A superblock's values. Sizes in bytes, UUIDs in lower-case text form. */
export interface Superblock {
  readonly logLength: number;
  readonly allocUnit: number;
  readonly omfMajor: number;
  readonly omfMinor: number;
  readonly uuid: string;
  readonly deviceUuid: string;
  readonly ownerUuid: string;
  readonly flags: number;
  /** Size and name of the primary device as the owner saw it: hints, under no checksum. */
  readonly primarySize: number;
  readonly primaryName: string;
}

const NAME_BYTES = SUPERBLOCK.fields.primaryName.length;

/** The 200 bytes of a superblock, sealed with its checksum. A name that does not fit is cut short. */
export function encodeSuperblock(
  superblock: Omit<Superblock, 'omfMajor' | 'omfMinor'>,
  logOffset = LOG_OFFSET,
): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  encode(SUPERBLOCK, bytes, 0, {
    ...superblock,
    magic: SUPERBLOCK_MAGIC,
    version: SUPERBLOCK_VERSION,
    logOffset,
    omfMajor: OMF_MAJOR,
    omfMinor: OMF_MINOR,
    primaryName: Buffer.from(superblock.primaryName).subarray(0, NAME_BYTES - 1),
  });
  SUPERBLOCK.fields.crc.seal(bytes, 0);
  return bytes;
}

/** The values of a superblock, unchecked. */
export function decodeSuperblock(bytes: Buffer): Superblock {
  const { primaryName, ...values } = decode(SUPERBLOCK, bytes);
  return { ...values, primaryName: primaryName.toString() };
}

/** Reads and checks a superblock without judging: its values and all that is wrong with it. */
export function inspectSuperblock(
  bytes: Buffer,
  deviceSize: number,
): { superblock: Superblock; findings: Finding[] } {
  const findings: Finding[] = [];
  if (bytes.every((byte) => byte === 0)) findings.push(finding('sb-magic', 'the superblock is all zeros'));
  else verify(SUPERBLOCK, bytes, 0, ({ code, detail }) => findings.push(finding(code, detail)));
  const superblock = decodeSuperblock(bytes);
  if (!findings.some((found) => found.code === 'sb-magic')) {
    findings.push(...checkSum(bytes), ...checkAgainstDevice(bytes, superblock, deviceSize));
    if (SUPERBLOCK.fields.primaryName.get(bytes, 0).length === NAME_BYTES)
      findings.push(finding('sb-device-name', `all ${NAME_BYTES} bytes are used`));
  }
  return { superblock, findings };
}

/** How often, and how far apart, a superblock with a wrong checksum is read before it counts as damaged. */
const LOOKS = 10;
const BETWEEN_LOOKS_MS = 5;

/** What a device has for a superblock: its bytes, its values, and all that is wrong with it. */
export interface FoundSuperblock {
  readonly bytes: Buffer;
  readonly superblock: Superblock;
  readonly findings: Finding[];
}

/**
 * Reads and checks a device's superblock without judging, cached lines dropped first. Where the checksum alone is wrong
 * the owner may be about to change: it is read again for a twentieth of a second.
 */
export function findSuperblock(store: Store): FoundSuperblock {
  for (let look = 1; ; look++) {
    const bytes = readSuperblockBytes(store);
    const found = { bytes, ...inspectSuperblock(bytes, store.size) };
    if (!onlyTheSumIsWrong(found.findings) || look === LOOKS) return found;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_LOOKS_MS);
  }
}

function onlyTheSumIsWrong(findings: readonly Finding[]): boolean {
  const errors = findings.filter(isError);
  return errors.length === 1 && errors[0]?.code === 'sb-crc';
}

/**
 * True when a superblock is sound but for a change of owner to the host `ownerUuid` that was cut off: its checksum, the
 * first thing that storeOwner stores, is that of the whole with this owner.
 */
export function isHalfTaken({ bytes, findings }: FoundSuperblock, ownerUuid: string): boolean {
  const { crc } = SUPERBLOCK.fields;
  return onlyTheSumIsWrong(findings) && crc.big(bytes, 0) === crc.big(withOwner(bytes, ownerUuid), 0);
}

/**
 * Makes the host `ownerUuid` the owner of the file system whose superblock is `bytes`, durably. Checksum and owner are
 * in one cache line and are stored in this order: where the power fails in between, the line is as it was, or new, or
 * isHalfTaken by this host, which can do it again.
 */
export function storeOwner(store: Store, bytes: Buffer, ownerUuid: string): void {
  const { crc, ownerUuid: owner } = SUPERBLOCK.fields;
  const changed = withOwner(bytes, ownerUuid);
  store.store(crc.offset, changed.subarray(crc.offset, crc.offset + crc.length));
  store.fence();
  store.store(owner.offset, changed.subarray(owner.offset, owner.offset + owner.length));
  store.flush(owner.offset, crc.offset + crc.length - owner.offset);
  store.fence();
}

function withOwner(bytes: Buffer, ownerUuid: string): Buffer {
  const changed = Buffer.from(bytes);
  SUPERBLOCK.fields.ownerUuid.set(changed, 0, ownerUuid);
  SUPERBLOCK.fields.crc.seal(changed, 0);
  return changed;
}

/** True when a superblock, sound or not, says where a log is that fits on the device. */
export function hasUsableGeometry(findings: readonly Finding[]): boolean {
  const fatal = ['sb-magic', 'sb-alloc-unit', 'sb-log-offset', 'sb-log-length', 'sb-log-beyond-device'];
  return !findings.some((found) => fatal.includes(found.code));
}

/** The bytes of a device's superblock, cached lines dropped first; zeros stand for what a short device lacks. */
export function readSuperblockBytes(store: Store): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  const length = Math.min(bytes.length, store.size);
  store.invalidate(0, length);
  store.read(0, length).copy(bytes);
  return bytes;
}

/**
 * Reads the superblock of a famfs device.
 * Throws FamfsError `not-famfs` where there is none and `bad-superblock` where it is damaged or not supported.
 */
export function loadSuperblock(store: Store): Superblock {
  const { superblock, findings } = findSuperblock(store);
  const errors = findings.filter(isError);
  const first = errors[0];
  if (!first) return superblock;
  if (first.code === 'sb-magic') {
    throw new FamfsError(
      'not-famfs',
      `${store.path}: no famfs file system: ${first.detail}`,
      'famfs mkfs makes one',
    );
  }
  if ((superblock.flags & FLAG_SECONDARY) !== 0 && superblock.logLength === 0) {
    throw noLog(store.path, superblock.uuid);
  }
  const what = errors.map((found) => `${found.code}: ${found.detail}`).join('; ');
  throw new FamfsError('bad-superblock', `${store.path}: bad superblock: ${what}`, 'famfs fsck tells more');
}

/** The error for a device that was given in place of the primary one of its file system. */
export function noLog(path: string, uuid: string): FamfsError {
  return new FamfsError(
    'secondary-device',
    `${path}: a secondary device of file system ${uuid}, without a log`,
    'give the primary device; famfs device scan tells which one that is',
  );
}

function checkSum(bytes: Buffer): Finding[] {
  const wrong = SUPERBLOCK.fields.crc.verify(bytes, 0);
  if (wrong === 'crc') return [finding('sb-crc', 'the stored sum is not that of bytes 0..95')];
  return wrong === 'upper' ? [finding('sb-crc', 'the upper 32 bits of the sum are not zero')] : [];
}

function checkAgainstDevice(bytes: Buffer, superblock: Superblock, deviceSize: number): Finding[] {
  const findings: Finding[] = [];
  const { logLength, primarySize } = superblock;
  if (Number.isFinite(logLength) && logLength >= MIN_LOG_LENGTH && LOG_OFFSET + logLength > deviceSize) {
    findings.push(
      finding(
        'sb-log-beyond-device',
        `the log ends at ${LOG_OFFSET + logLength}, the device at ${deviceSize}`,
      ),
    );
  }
  if (primarySize !== deviceSize) {
    const stored = exactText(SUPERBLOCK.fields.primarySize, bytes, 0);
    findings.push(finding('sb-device-size', `stored ${stored}, the device has ${deviceSize}`));
  }
  return findings;
}
