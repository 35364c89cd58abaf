import fc from 'fast-check';
import { encodeHeader, inspectHeader, readCounters, storeCounters } from '../../../src/log/header';
import { LOG_HEADER, LOG_OFFSET, logCapacity, MIB, SUPERBLOCK } from '../../../src/log/layout';
import {
  encodeSuperblock,
  hasUsableGeometry,
  inspectSuperblock,
  loadSuperblock,
  readSuperblockBytes,
} from '../../../src/log/superblock';
import { damage, GIB, headerField, MemoryStore, makeImage, superblockField } from '../../support/images';
import { safeU64, uuid } from '../../support/images-arbitrary';

const logLength = fc.integer({ min: 3, max: 20 }).map((shift) => 2 ** shift * MIB);
const name = fc.string({ unit: 'grapheme', maxLength: 63 }).filter((text) => {
  return Buffer.byteLength(text) < 64 && !text.includes('\0');
});
const superblocks = fc.record({
  logLength,
  allocUnit: fc.constantFrom(4096, 2 * MIB),
  uuid,
  deviceUuid: uuid,
  ownerUuid: uuid,
  flags: fc.integer({ min: 0, max: 3 }),
  primarySize: fc.integer({ min: 2 * MIB * MIB, max: Number.MAX_SAFE_INTEGER }),
  primaryName: name,
});

describe('superblock', () => {
  test('reads back as it was written, and is written the same again', () => {
    fc.assert(
      fc.property(superblocks, (values) => {
        const bytes = encodeSuperblock(values);
        const { superblock, findings } = inspectSuperblock(bytes, values.primarySize);
        expect(findings).toEqual([]);
        expect(superblock).toMatchObject({ ...values, omfMajor: 2, omfMinor: 2 });
        expect(encodeSuperblock(superblock).equals(bytes)).toBe(true);
      }),
    );
  });

  test('a name that is too long is cut and keeps its NUL', () => {
    const long = { ...inspectSuperblock(readSuperblockBytes(makeImage().store), 0).superblock };
    const bytes = encodeSuperblock({ ...long, primaryName: `/dev/${'x'.repeat(100)}` });
    expect(inspectSuperblock(bytes, 4 * GIB)).toMatchObject({
      findings: [],
      superblock: { primaryName: `/dev/${'x'.repeat(58)}` },
    });
  });

  test('loads where only warnings are found', () => {
    const image = makeImage();
    damage(image, superblockField('primarySize'), 7, { reseal: false });
    damage(image, superblockField('flags'), 0xff, { reseal: false });
    expect(loadSuperblock(image.store)).toMatchObject({ logLength: 8 * MIB, flags: 0xff });
  });

  test('does not load where there is none', () => {
    expect(() => loadSuperblock(new MemoryStore(4 * GIB))).toThrow(
      expect.objectContaining({ code: 'not-famfs', message: expect.stringContaining('/dev/memory') }),
    );
    expect(() => loadSuperblock(new MemoryStore(100))).toThrow(
      expect.objectContaining({ code: 'not-famfs' }),
    );
    expect(() => loadSuperblock(new MemoryStore(0))).toThrow(expect.objectContaining({ code: 'not-famfs' }));
  });

  test('does not load where it is damaged, and all is told that is wrong', () => {
    const image = makeImage();
    damage(image, superblockField('version'), 49, { reseal: true });
    damage(image, superblockField('omfMajor'), 3, { reseal: false });
    expect(() => loadSuperblock(image.store)).toThrow(
      expect.objectContaining({
        code: 'bad-superblock',
        message: expect.stringMatching(/sb-version: .*; sb-omf-major: .*; sb-crc: /),
      }),
    );
  });

  test('never throws on bytes at random, and gives a geometry only where a log can be', () => {
    const deviceSize = 64 * MIB;
    const bytes = fc.uint8Array({ minLength: SUPERBLOCK.bytes, maxLength: SUPERBLOCK.bytes });
    fc.assert(
      fc.property(bytes, fc.boolean(), (random, famfs) => {
        const buffer = Buffer.from(random);
        if (famfs) SUPERBLOCK.fields.magic.set(buffer, 0, 0x87b282ff);
        const { superblock, findings } = inspectSuperblock(buffer, deviceSize);
        if (!hasUsableGeometry(findings)) return;
        expect(LOG_OFFSET + superblock.logLength).toBeLessThanOrEqual(deviceSize);
      }),
    );
  });
});

describe('log header', () => {
  test('is sound as it was written', () => {
    fc.assert(
      fc.property(logLength, fc.nat(15_420), (length, nextIndex) => {
        const store = new MemoryStore(4096 * GIB);
        const counters = { nextSeqnum: nextIndex, nextIndex };
        store.store(LOG_OFFSET, encodeHeader(length, counters));
        expect(inspectHeader(store, length)).toEqual({ counters, findings: [] });
        expect(readCounters(store)).toEqual(counters);
        expect(LOG_HEADER.fields.lastIndex.get(store.read(LOG_OFFSET, LOG_HEADER.bytes), 0)).toBe(
          logCapacity(length) - 1,
        );
      }),
    );
  });

  test('counters are stored, flushed and fenced, and touch nothing else', () => {
    fc.assert(
      fc.property(safeU64, safeU64, (nextSeqnum, nextIndex) => {
        const { store } = makeImage({ entries: [] });
        const before = store.read(LOG_OFFSET, LOG_HEADER.bytes);
        store.calls.length = 0;
        storeCounters(store, { nextSeqnum, nextIndex });
        expect(store.calls).toEqual([
          { call: 'store', offset: LOG_OFFSET + 32, length: 16 },
          { call: 'flush', offset: LOG_OFFSET + 32, length: 16 },
          { call: 'fence' },
        ]);
        expect(readCounters(store)).toEqual({ nextSeqnum, nextIndex });
        expect(store.read(LOG_OFFSET, 32).equals(before.subarray(0, 32))).toBe(true);
      }),
    );
  });

  test('counters that are no numbers read as Infinity', () => {
    const image = makeImage();
    damage(image, headerField('nextIndex'), 2n ** 64n - 1n, { reseal: true });
    expect(readCounters(image.store)).toEqual({ nextSeqnum: 13, nextIndex: Number.POSITIVE_INFINITY });
  });
});
