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
export function encodeSuperblock(superblock: Omit<Superblock, 'omfMajor' | 'omfMinor'>): Buffer {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  encode(SUPERBLOCK, bytes, 0, {
    ...superblock,
    magic: SUPERBLOCK_MAGIC,
    version: SUPERBLOCK_VERSION,
    logOffset: LOG_OFFSET,
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
  const { superblock, findings } = inspectSuperblock(readSuperblockBytes(store), store.size);
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
    throw new FamfsError(
      'secondary-device',
      `${store.path}: a secondary device of file system ${superblock.uuid}, without a log`,
      'give the primary device; famfs device scan tells which one that is',
    );
  }
  const what = errors.map((found) => `${found.code}: ${found.detail}`).join('; ');
  throw new FamfsError('bad-superblock', `${store.path}: bad superblock: ${what}`, 'famfs fsck tells more');
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
