import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { backupSize, decodeBackup, differenceOf, encodeBackupHeader } from '../../../src/log/backup';
import {
  BACKUP_HEADER,
  BACKUP_LOG_OFFSET,
  BACKUP_SUPERBLOCK_OFFSET,
  MIB,
  SUPERBLOCK,
} from '../../../src/log/layout';
import { decodeSuperblock } from '../../../src/log/superblock';
import { DEVICE_UUID, damage, FS_UUID, type Image, makeImage, superblockField } from '../../support/images';

const LOG_LENGTH = 8 * MIB;
const SIZE = backupSize(LOG_LENGTH);
const header = {
  time: 1_800_000_000_123,
  uuid: FS_UUID,
  deviceUuid: DEVICE_UUID,
  logLength: LOG_LENGTH,
  sum: 7,
};
const superblockOf = ({ store }: Image) => store.read(0, SUPERBLOCK.bytes);
const superblock = superblockOf(makeImage());
const whole = () => encodeBackupHeader(header, superblock);

test('what was encoded is decoded', () => {
  expect(decodeBackup(whole(), SIZE)).toEqual({
    header: expect.objectContaining(header),
    bytes: superblock,
    superblock: decodeSuperblock(superblock),
  });
});

test('any byte of the header that differs is found', () => {
  const at = fc.integer({ min: 0, max: BACKUP_HEADER.bytes - 1 });
  fc.assert(
    fc.property(at, fc.integer({ min: 1, max: 255 }), (offset, bits) => {
      const bytes = whole();
      bytes[offset] = (bytes[offset] as number) ^ bits;
      expect(typeof decodeBackup(bytes, SIZE)).toBe('string');
    }),
  );
});

test('any bytes at all are decoded or refused in words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2 * BACKUP_LOG_OFFSET }), fc.boolean(), (noise, begins) => {
      const bytes = Buffer.from(noise);
      if (begins) whole().copy(bytes, 0, 0, BACKUP_HEADER.bytes);
      expect(typeof decodeBackup(bytes, bytes.length)).toBe('string');
    }),
  );
});

test.each([
  ['an empty file', Buffer.alloc(0), 0, 'not a backup'],
  [
    'one that ends in the superblock',
    whole().subarray(0, BACKUP_SUPERBLOCK_OFFSET + 9),
    4105,
    'not a backup',
  ],
  ['one that is cut short', whole(), SIZE - 1, `it has ${SIZE - 1} bytes, and must have ${SIZE}`],
  ['one that is too long', whole(), SIZE + 1, `must have ${SIZE}`],
  ['one of another version', withVersion(2n), SIZE, 'version 2'],
  ['one of a version beyond 2^53', withVersion(2n ** 64n - 1n), SIZE, 'version 18446744073709551615'],
  [
    'one of another log length',
    encodeBackupHeader({ ...header, logLength: 16 * MIB }, superblock),
    SIZE,
    'differ',
  ],
  [
    'one of another file system',
    encodeBackupHeader({ ...header, uuid: DEVICE_UUID }, superblock),
    SIZE,
    'differ',
  ],
  [
    'one of another device',
    encodeBackupHeader({ ...header, deviceUuid: FS_UUID }, superblock),
    SIZE,
    'differ',
  ],
  ['one with a damaged superblock', encodeBackupHeader(header, damagedSuperblock()), SIZE, 'sb-version'],
  ['one without a superblock', encodeBackupHeader(header, Buffer.alloc(200)), SIZE, 'sb-magic'],
])('%s is refused', (_what, bytes, size, says) => {
  expect(decodeBackup(bytes, size)).toEqual(expect.stringContaining(says));
});

function withVersion(version: bigint): Buffer {
  const bytes = whole();
  BACKUP_HEADER.fields.version.setBig(bytes, 0, version);
  BACKUP_HEADER.fields.crc.seal(bytes, 0);
  return bytes;
}

function damagedSuperblock(): Buffer {
  const image = makeImage();
  damage(image, superblockField('version'), 49, { reseal: true });
  return superblockOf(image);
}

test('a header that does not match its sum is told so', () => {
  const bytes = whole();
  bytes[BACKUP_HEADER.fields.crc.offset] = (bytes[BACKUP_HEADER.fields.crc.offset] as number) ^ 1;
  expect(decodeBackup(bytes, SIZE)).toBe('its header does not match its checksum');
  bytes[0] = 0;
  expect(decodeBackup(bytes, SIZE)).toBe('not a backup of superblock and log');
});

test('a file has its header and a whole log', () => {
  expect(SIZE).toBe(BACKUP_LOG_OFFSET + LOG_LENGTH);
});

test('a device is told from the one that was saved by its file system, then by itself', () => {
  const saved = decodeSuperblock(superblock);
  const other = '3f1d9a52-7c04-4f8e-9b1c-d27a6e0f5c11';
  expect(differenceOf(saved, saved)).toBeUndefined();
  expect(differenceOf({ ...saved, uuid: other, deviceUuid: other }, saved)).toBe(
    `holds the file system ${other}, the backup is of ${FS_UUID}`,
  );
  expect(differenceOf({ ...saved, deviceUuid: other }, saved)).toBe(
    `is the device ${other}, the backup is of ${DEVICE_UUID}`,
  );
});

test('it begins as the documentation says', () => {
  const bytes = whole();
  expect(bytes.toString('latin1', 0, 8)).toBe('famfsb\0\0');
  expect(bytes.readUInt32LE(72)).toBe(crc32(bytes.subarray(0, 72)));
});
