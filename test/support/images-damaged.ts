import type { LogEntry } from '../../src/log/entry';
import type { FindingCode } from '../../src/log/findings';
import {
  ADD_DAXDEV_BODY,
  FILE_BODY,
  INTERLEAVE,
  LOG_ENTRY,
  LOG_HEADER,
  LOG_OFFSET,
  logCapacity,
  MIB,
  MKDIR_BODY,
  SUPERBLOCK,
} from '../../src/log/layout';
import {
  addDaxdev,
  DEVICE_UUID,
  damage,
  entryBytes,
  entryField,
  extentField,
  file,
  GIB,
  headerField,
  type Image,
  type ImageOptions,
  makeImage,
  mkdir,
  type Place,
  SECOND_DEVICE_UUID,
  Space,
  setCounters,
  superblockField,
  TYPICAL,
  typicalEntries,
} from './images';

/** A damaged image, and the codes of all that must be found wrong with it, each once. */
export interface DamagedImage {
  readonly name: string;
  readonly codes: readonly FindingCode[];
  readonly make: () => Image;
}

const U64_MAX = 2n ** 64n - 1n;
const STRAY = Buffer.from([1]);

function damaged(
  name: string,
  codes: readonly FindingCode[],
  spoil: (image: Image) => void,
  options?: ImageOptions,
): DamagedImage {
  return {
    name,
    codes,
    make: () => {
      const image = makeImage(options);
      spoil(image);
      return image;
    },
  };
}

/** One field changed, and the checksum made to fit. */
function poked<V>(name: string, codes: readonly FindingCode[], place: Place<V>, value: V): DamagedImage {
  return damaged(name, codes, (image) => damage(image, place, value, { reseal: true }));
}

/** One field changed, and the checksum left as it was. */
function flipped<V>(name: string, codes: readonly FindingCode[], place: Place<V>, value: V): DamagedImage {
  return damaged(name, codes, (image) => damage(image, place, value, { reseal: false }));
}

/** One more entry behind the typical ones. */
function appended(name: string, codes: readonly FindingCode[], entry: LogEntry): DamagedImage {
  return damaged(name, codes, () => {}, { entries: [...typicalEntries(), entry] });
}

/** The path of the last typical file changed. */
function badPath(path: string | Buffer, ...codes: FindingCode[]): DamagedImage {
  const text = typeof path === 'string' ? JSON.stringify(path) : path.toString('latin1');
  return poked(`file path ${text}`, codes, entryField(TYPICAL.last, FILE_BODY, 'path'), Buffer.from(path));
}

const superblocks: DamagedImage[] = [
  damaged('superblock all zeros', ['sb-magic'], ({ store }) => store.zero(0, SUPERBLOCK.bytes)),
  poked('superblock magic', ['sb-magic'], superblockField('magic'), 0x87b282fe),
  poked('superblock magic with its upper half set', ['sb-magic'], superblockField('magic'), U64_MAX),
  poked('superblock version 49', ['sb-version'], superblockField('version'), 49),
  flipped('superblock sum', ['sb-crc'], superblockField('crc'), 0x12345678),
  damaged('superblock sum, upper half', ['sb-crc'], (image) => {
    const sum = SUPERBLOCK.fields.crc.big(image.store.read(0, SUPERBLOCK.bytes), 0);
    damage(image, superblockField('crc'), sum + 2n ** 32n, { reseal: false });
  }),
  flipped('file system UUID', ['sb-crc'], superblockField('uuid'), DEVICE_UUID),
  poked('allocation unit 8192', ['sb-alloc-unit'], superblockField('allocUnit'), 8192),
  poked('allocation unit 0', ['sb-alloc-unit'], superblockField('allocUnit'), 0),
  poked('format major 3', ['sb-omf-major'], superblockField('omfMajor'), 3),
  poked('log offset 4 MiB', ['sb-log-offset'], superblockField('logOffset'), 4 * MIB),
  poked('log length 12 MiB', ['sb-log-length'], superblockField('logLength'), 12 * MIB),
  poked('log length 4096', ['sb-log-length'], superblockField('logLength'), 4096),
  poked('log length 2^64 - 1', ['sb-log-length'], superblockField('logLength'), U64_MAX),
  poked('log length 1 TiB', ['sb-log-beyond-device'], superblockField('logLength'), 1024 * GIB),
  poked('unknown superblock flags', ['sb-flags'], superblockField('flags'), 4),
  poked('device size 0', ['sb-device-size'], superblockField('primarySize'), 0),
  poked('device name without NUL', ['sb-device-name'], superblockField('primaryName'), Buffer.alloc(64, 'n')),
  damaged(
    'device cut to 6 MiB',
    ['sb-log-beyond-device', 'sb-device-size'],
    (image) => damage(image, superblockField('primarySize'), 4 * GIB, { reseal: true }),
    { deviceSize: 6 * MIB, entries: [] },
  ),
];

const capacity = logCapacity(8 * MIB);
const headers: DamagedImage[] = [
  damaged('log header all zeros', ['log-magic', 'log-crc', 'log-length', 'log-last-index'], ({ store }) =>
    store.zero(LOG_OFFSET, LOG_HEADER.bytes),
  ),
  poked('log magic', ['log-magic'], headerField('magic'), 0xbadcafef00e),
  flipped('log header sum', ['log-crc'], headerField('crc'), 1),
  flipped('log header sum, upper half', ['log-crc'], headerField('crc'), 0xa5875078n + 2n ** 32n),
  poked('log length doubled', ['log-length'], headerField('length'), 16 * MIB),
  poked('log length 0', ['log-length'], headerField('length'), 0),
  poked('last index', ['log-last-index'], headerField('lastIndex'), capacity),
  poked('next sequence number', ['log-next-seqnum'], headerField('nextSeqnum'), 77),
  poked('next index one too high', ['log-next-seqnum', 'entry-crc'], headerField('nextIndex'), 14),
  damaged('both counters one too high', ['entry-crc'], (image) => setCounters(image, 14)),
  damaged('more entries than fit', ['log-next-index', 'entry-crc'], (image) =>
    setCounters(image, capacity + 1),
  ),
  damaged('2^40 entries', ['log-next-index', 'entry-crc'], (image) => setCounters(image, 2 ** 40)),
  poked(
    '2^64 - 1 entries',
    ['log-next-index', 'log-next-seqnum', 'entry-crc'],
    headerField('nextIndex'),
    U64_MAX,
  ),
];

const envelopes: DamagedImage[] = [
  flipped('sum of the first entry', ['entry-crc'], entryField(0, LOG_ENTRY, 'crc'), 1),
  flipped('sum of the last entry', ['entry-crc'], entryField(TYPICAL.last, LOG_ENTRY, 'crc'), 1),
  flipped('sum of an entry, upper half', ['entry-crc'], entryBytes(0, 540), STRAY),
  flipped('one byte of an entry', ['entry-crc'], entryBytes(0, 50), STRAY),
  flipped(
    'sum of a mkdir',
    ['entry-crc', 'path-no-parent'],
    entryField(TYPICAL.deepDirectory, LOG_ENTRY, 'crc'),
    1,
  ),
  poked('sequence number 77', ['entry-seqnum'], entryField(0, LOG_ENTRY, 'seqnum'), 77),
  ...[2, 4, 99].map((type) =>
    poked(`entry type ${type}`, ['entry-type'], entryField(TYPICAL.last, LOG_ENTRY, 'type'), type),
  ),
  ...[12, 124, 132, 160, 519, 520, 535].map((at) =>
    poked(`stray byte ${at} of a file`, ['entry-stray-bytes'], entryBytes(TYPICAL.file, at), STRAY),
  ),
  poked('stray byte behind a path', ['entry-stray-bytes'], entryBytes(TYPICAL.file, 119), STRAY),
  poked('stray byte behind strips', ['entry-stray-bytes'], entryBytes(TYPICAL.striped, 248), STRAY),
  poked('stray byte of a mkdir', ['entry-stray-bytes'], entryBytes(TYPICAL.mkdir, 108), STRAY),
  poked('stray byte of an add-daxdev', ['entry-stray-bytes'], entryBytes(TYPICAL.addDaxdev, 535), STRAY),
];

const files: DamagedImage[] = [
  poked('file flags 4', ['file-flags'], entryField(0, FILE_BODY, 'flags'), 4),
  poked('file mode with a type', ['file-mode'], entryField(0, FILE_BODY, 'mode'), 0o100644),
  poked('mkdir mode with a type', ['file-mode'], entryField(TYPICAL.mkdir, MKDIR_BODY, 'mode'), 0o40755),
  poked('file size 2^53', ['file-size', 'ext-short'], entryField(0, FILE_BODY, 'size'), 2n ** 53n),
  poked('file size 2^64 - 1', ['file-size', 'ext-short'], entryField(0, FILE_BODY, 'size'), U64_MAX),
];

const paths: DamagedImage[] = [
  badPath('', 'path-empty'),
  badPath('/etc/passwd', 'path-absolute'),
  badPath('x/', 'path-trailing-slash'),
  badPath('data//x', 'path-empty-component'),
  badPath('.', 'path-dot'),
  badPath('data/./x', 'path-dot'),
  badPath('..', 'path-dotdot'),
  badPath('dir1/../../../escape2', 'path-dotdot'),
  badPath('.meta', 'path-reserved'),
  badPath('.meta/.log', 'path-reserved'),
  badPath(Buffer.alloc(80, 'x'), 'path-unterminated'),
  badPath('new\nline\u001b[31m', 'path-control'),
  badPath(Buffer.from('bad\xff\xfe', 'latin1'), 'path-utf8'),
  badPath('nowhere/x', 'path-no-parent'),
  badPath('one-unit/x', 'path-parent-is-file'),
  badPath('one-unit', 'path-duplicate'),
  badPath('data', 'path-file-over-directory'),
  appended('mkdir path ../escdir', ['path-dotdot'], mkdir('../escdir')),
  appended('mkdir path empty', ['path-empty'], mkdir('')),
  appended('mkdir where stripe defaults are', ['path-reserved'], mkdir('.meta/.alloc.cfg')),
  appended('mkdir without parent', ['path-no-parent'], mkdir('nowhere/x')),
  appended('mkdir in a file', ['path-parent-is-file'], mkdir('data/one-byte/x')),
  appended('mkdir over a file', ['path-directory-over-file'], mkdir('one-unit')),
  appended('mkdir again', ['path-directory-again'], mkdir('data')),
];

const count = entryField(0, FILE_BODY, 'extentCount');
const deviceEnd = 4 * GIB;
const extents: DamagedImage[] = [
  poked('extent type 2', ['ext-type'], entryField(0, FILE_BODY, 'extentType'), 2),
  ...[0, 17, 2 ** 32 - 1].map((value) => poked(`${value} extents`, ['ext-count'], count, value)),
  poked('extent length 0', ['ext-length', 'ext-short'], extentField(0, 0, 'length'), 0),
  poked('extent length unaligned', ['ext-length'], extentField(0, 0, 'length'), 3 * MIB),
  poked('extent length 2^60', ['ext-beyond-device'], extentField(0, 0, 'length'), 2n ** 60n),
  poked('extent offset 0', ['ext-offset', 'ext-in-metadata'], extentField(0, 0, 'offset'), 0),
  poked('extent offset unaligned', ['ext-offset'], extentField(0, 0, 'offset'), 100 * MIB + 4096),
  poked('extent in the log', ['ext-in-metadata'], extentField(0, 0, 'offset'), 8 * MIB),
  poked('extent beyond the device', ['ext-beyond-device'], extentField(0, 0, 'offset'), deviceEnd),
  poked('extent offset 2^63', ['ext-beyond-device'], extentField(0, 0, 'offset'), 2n ** 63n),
  poked(
    'extent across the end',
    ['ext-beyond-device'],
    extentField(TYPICAL.twoExtents, 1, 'offset'),
    deviceEnd - 2 * MIB,
  ),
  poked('device index 1 before it is added', ['ext-devindex'], extentField(0, 0, 'devindex'), 1),
  poked('device index 2^64 - 1', ['ext-devindex'], extentField(0, 0, 'devindex'), U64_MAX),
  poked('extents shorter than the file', ['ext-short'], entryField(0, FILE_BODY, 'size'), 2 * MIB + 1),
  poked(
    'extent beyond the second device',
    ['ext-beyond-device'],
    extentField(TYPICAL.remoteFile, 0, 'offset'),
    8 * GIB,
  ),
  poked(
    'extent in the first 2 MiB of the second device',
    ['ext-offset', 'ext-in-metadata'],
    extentField(TYPICAL.remoteFile, 0, 'offset'),
    0,
  ),
];

const strips = TYPICAL.striped;
const interleaved: DamagedImage[] = [
  ...[0, 2].map((value) =>
    poked(`${value} interleaved extents`, ['il-count'], entryField(strips, FILE_BODY, 'extentCount'), value),
  ),
  ...[0, 17, 2 ** 40].map((value) =>
    poked(`${value} strips`, ['il-strips'], entryField(strips, INTERLEAVE, 'stripCount'), value),
  ),
  ...[0, MIB, 6 * MIB, U64_MAX].map((value) =>
    poked(`chunk size ${value}`, ['il-chunk'], entryField(strips, INTERLEAVE, 'chunkSize'), value),
  ),
  poked(
    'strip too short for the file',
    ['ext-short', 'il-strip-lengths'],
    extentField(strips, 0, 'length', 'strip'),
    8 * MIB,
  ),
  poked('strips of two lengths', ['il-strip-lengths'], extentField(strips, 1, 'length', 'strip'), 8 * MIB),
  poked('strip unaligned', ['ext-offset'], extentField(strips, 2, 'offset', 'strip'), GIB + 512),
  poked('strip offset 0', ['ext-offset', 'ext-in-metadata'], extentField(strips, 3, 'offset', 'strip'), 0),
];

const space = new Space();
const devices: DamagedImage[] = [
  poked(
    'device index with a gap',
    ['dev-index', 'ext-devindex'],
    entryField(TYPICAL.addDaxdev, ADD_DAXDEV_BODY, 'index'),
    3,
  ),
  poked(
    'device with the UUID of the primary',
    ['dev-duplicate', 'ext-devindex'],
    entryField(TYPICAL.addDaxdev, ADD_DAXDEV_BODY, 'deviceUuid'),
    DEVICE_UUID,
  ),
  appended('device added twice', ['dev-duplicate'], addDaxdev(2, 8 * GIB, SECOND_DEVICE_UUID)),
  poked(
    'device of no bytes',
    ['dev-size', 'ext-devindex'],
    entryField(TYPICAL.addDaxdev, ADD_DAXDEV_BODY, 'size'),
    0,
  ),
  appended(
    'file with everything wrong',
    ['path-dotdot', 'file-flags', 'file-mode', 'ext-short'],
    file('../x', 9 * MIB, space.simple(1), { flags: 8, mode: 0o170000 }),
  ),
];

/** Every kind of damage that a replay, or a look at superblock and header, finds. */
export const DAMAGED_IMAGES: readonly DamagedImage[] = [
  ...superblocks,
  ...headers,
  ...envelopes,
  ...files,
  ...paths,
  ...extents,
  ...interleaved,
  ...devices,
];
