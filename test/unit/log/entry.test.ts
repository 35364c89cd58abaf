import fc from 'fast-check';
import { decodeEntry, encodeEntry, type LogEntry } from '../../../src/log/entry';
import { EXTENT, FILE_BODY, LOG_ENTRY, MKDIR_BODY } from '../../../src/log/layout';
import { file, mkdir, Space } from '../../support/images';
import { addDaxdevEntry, fileEntry, logEntry, mkdirEntry, safeU64 } from '../../support/images-arbitrary';

function encoded(entry: LogEntry, seqnum = 0): Buffer {
  const bytes = Buffer.alloc(LOG_ENTRY.bytes);
  encodeEntry(entry, seqnum, bytes, 0);
  return bytes;
}

describe.each([
  ['file', fileEntry],
  ['mkdir', mkdirEntry],
  ['add-daxdev', addDaxdevEntry],
] as const)('a %s entry', (_type, arbitrary: fc.Arbitrary<LogEntry>) => {
  test('reads back as it was written, and is written the same again', () => {
    fc.assert(
      fc.property(arbitrary, safeU64, (entry, seqnum) => {
        const bytes = encoded(entry, seqnum);
        const decoded = decodeEntry(bytes, 0);
        expect(decoded).toEqual(entry);
        expect(LOG_ENTRY.fields.seqnum.get(bytes, 0)).toBe(seqnum);
        expect(encoded(decoded, seqnum).equals(bytes)).toBe(true);
      }),
    );
  });

  test('is sealed: no bit of it may change', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(8 * LOG_ENTRY.bytes - 1), (entry, bit) => {
        const bytes = encoded(entry);
        expect(LOG_ENTRY.fields.crc.verify(bytes, 0)).toBeUndefined();
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(LOG_ENTRY.fields.crc.verify(bytes, 0)).toBeDefined();
      }),
    );
  });

  test('takes its 544 bytes and no more, whatever was there', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(1000), (entry, base) => {
        const bytes = Buffer.alloc(base + LOG_ENTRY.bytes + 100, 0xff);
        encodeEntry(entry, 7, bytes, base);
        expect(bytes.subarray(base, base + LOG_ENTRY.bytes).equals(encoded(entry, 7))).toBe(true);
        expect(bytes.subarray(0, base).every((byte) => byte === 0xff)).toBe(true);
        expect(bytes.subarray(base + LOG_ENTRY.bytes).every((byte) => byte === 0xff)).toBe(true);
      }),
    );
  });
});

test('entries lie behind one another without a gap', () => {
  fc.assert(
    fc.property(fc.array(logEntry, { maxLength: 5 }), (entries) => {
      const bytes = Buffer.alloc(entries.length * LOG_ENTRY.bytes);
      entries.forEach((entry, i) => {
        encodeEntry(entry, i, bytes, i * LOG_ENTRY.bytes);
      });
      const decoded = entries.map((_, i) => decodeEntry(bytes, i * LOG_ENTRY.bytes));
      expect(decoded).toEqual(entries);
    }),
  );
});

describe('fields lie where the format says', () => {
  test('of a file with simple extents', () => {
    const bytes = encoded(
      file(
        'dir/name',
        5,
        { kind: 'simple', extents: [{ devindex: 2, offset: 3, length: 4 }] },
        { uid: 6, gid: 7 },
      ),
      9,
    );
    expect(bytes.readBigUInt64LE(0)).toBe(9n);
    expect(bytes.readUInt32LE(8)).toBe(0);
    expect(bytes.readBigUInt64LE(16)).toBe(5n);
    expect([24, 28, 32, 36].map((at) => bytes.readUInt32LE(at))).toEqual([2, 6, 7, 0o644]);
    expect(bytes.toString('latin1', 40, 50)).toBe('dir/name\0\0');
    expect([120, 128].map((at) => bytes.readUInt32LE(at))).toEqual([0, 1]);
    expect([136, 144, 152].map((at) => bytes.readBigUInt64LE(at))).toEqual([2n, 3n, 4n]);
    expect(bytes.subarray(160, 536).every((byte) => byte === 0)).toBe(true);
  });

  test('of an interleaved file', () => {
    const bytes = encoded(file('f', 2 ** 25, new Space().interleaved(2 ** 25, 3, 2 ** 22)));
    expect([120, 128].map((at) => bytes.readUInt32LE(at))).toEqual([1, 1]);
    expect([136, 144].map((at) => bytes.readBigUInt64LE(at))).toEqual([3n, BigInt(2 ** 22)]);
    const strips = [0, 1, 2].map((i) => bytes.readBigUInt64LE(152 + 24 * i + 16));
    expect(strips).toEqual([12n, 12n, 12n].map((mebibytes) => mebibytes << 20n));
  });

  test('of a mkdir and an add-daxdev', () => {
    const directory = encoded(mkdir('d', 0o711));
    expect([8, 16, 20, 24].map((at) => directory.readUInt32LE(at))).toEqual([1, 0, 0, 0o711]);
    expect(directory.toString('latin1', 28, 30)).toBe('d\0');
    const deviceUuid = '00112233-4455-6677-8899-aabbccddeeff';
    const device = encoded({ type: 'add-daxdev', index: 1, size: 2 ** 40, deviceUuid });
    expect(device.readUInt32LE(8)).toBe(3);
    expect(device.readBigUInt64LE(16)).toBe(2n ** 40n);
    expect(device.toString('hex', 24, 40)).toBe('00112233445566778899aabbccddeeff');
    expect(device.readUInt32LE(40)).toBe(1);
  });
});

test('a path of 79 bytes keeps its NUL', () => {
  const bytes = encoded(mkdir('x'.repeat(79)));
  expect(bytes.readUInt8(MKDIR_BODY.fields.path.offset + 79)).toBe(0);
  expect(decodeEntry(bytes, 0)).toMatchObject({ path: Buffer.from('x'.repeat(79)) });
});

test('an impossible number of extents reads as no more than 16', () => {
  const bytes = encoded(file('f', 1, new Space().simple(1)));
  FILE_BODY.fields.extentCount.set(bytes, 0, 2 ** 32 - 1);
  expect(decodeEntry(bytes, 0)).toMatchObject({ map: { extents: { length: 16 } } });
  expect(FILE_BODY.fields.extents.length).toBe(16 * EXTENT.bytes);
});
