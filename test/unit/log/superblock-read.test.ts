import { FLAG_SECONDARY, LOG_OFFSET, MIB, SUPERBLOCK } from '../../../src/log/layout';
import {
  findSuperblock,
  inspectSuperblock,
  isHalfTaken,
  loadSuperblock,
  readSuperblockBytes,
  storeOwner,
} from '../../../src/log/superblock';
import { damage, GIB, type Image, MemoryStore, makeImage, superblockField } from '../../support/images';

/** How superblocks are read while they change, how an owner is stored, and what is told of those that do not load. */

const NEW_OWNER = 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02';
const OTHER = '3f1d9a52-7c04-4f8e-9b1c-d27a6e0f5c11';
const { crc, ownerUuid } = SUPERBLOCK.fields;

/** A store whose superblock, the first `wrong` times it is read, has a wrong sum. */
function unsettled({ store }: Image, wrong: number): { reads: () => number; restore: () => void } {
  let reads = 0;
  const spy = jest.spyOn(store, 'read').mockImplementation((offset, length) => {
    const bytes = MemoryStore.prototype.read.call(store, offset, length);
    if (++reads <= wrong) bytes[crc.offset] = (bytes[crc.offset] as number) ^ 1;
    return bytes;
  });
  return { reads: () => reads, restore: () => spy.mockRestore() };
}

describe('a superblock whose sum alone is wrong', () => {
  test.each([1, 9])('is read again, and is sound when it is the %d. time', (wrong) => {
    const image = makeImage();
    const { reads } = unsettled(image, wrong);
    expect(findSuperblock(image.store).findings).toEqual([]);
    expect(reads()).toBe(wrong + 1);
  });

  test('is damaged when it is wrong ten times', () => {
    const image = makeImage();
    const { reads } = unsettled(image, 100);
    expect(findSuperblock(image.store).findings).toMatchObject([{ code: 'sb-crc' }]);
    expect(reads()).toBe(10);
  });

  test('is read again though there are warnings too, and not where there is another error', () => {
    const image = makeImage();
    damage(image, superblockField('primarySize'), 7 * GIB, { reseal: true });
    expect(findSuperblock(image.store).findings.map(({ code }) => code)).toEqual(['sb-device-size']);
    const { reads, restore } = unsettled(image, 1);
    expect(findSuperblock(image.store).findings).toHaveLength(1);
    expect(reads()).toBe(2);
    restore();
    damage(image, superblockField('version'), 49, { reseal: true });
    const second = unsettled(image, 1);
    expect(findSuperblock(image.store).findings.map(({ code }) => code)).toContain('sb-crc');
    expect(second.reads()).toBe(1);
  });

  test('with one other error and none of the sum is read once', () => {
    const image = makeImage();
    damage(image, superblockField('version'), 49, { reseal: true });
    const { reads } = unsettled(image, 0);
    expect(findSuperblock(image.store).findings).toMatchObject([{ code: 'sb-version' }]);
    expect(reads()).toBe(1);
  });
});

describe('an owner', () => {
  test('is stored behind its sum, and both are flushed', () => {
    const { store } = makeImage();
    const already = store.calls.length;
    storeOwner(store, readSuperblockBytes(store), NEW_OWNER);
    expect(store.calls.slice(already)).toEqual([
      { call: 'store', offset: crc.offset, length: crc.length },
      { call: 'fence' },
      { call: 'store', offset: ownerUuid.offset, length: ownerUuid.length },
      { call: 'flush', offset: ownerUuid.offset, length: crc.offset + crc.length - ownerUuid.offset },
      { call: 'fence' },
    ]);
    expect(loadSuperblock(store).ownerUuid).toBe(NEW_OWNER);
  });

  test('that was cut off behind its sum is known, to the host that was at it alone', () => {
    const image = makeImage();
    const { store } = image;
    const before = readSuperblockBytes(store);
    storeOwner(store, before, NEW_OWNER);
    const after = readSuperblockBytes(store);
    const half = Buffer.from(before);
    after.copy(half, crc.offset, crc.offset, crc.offset + crc.length);
    const found = (bytes: Buffer) => ({ bytes, ...inspectSuperblock(bytes, store.size) });
    expect(isHalfTaken(found(half), NEW_OWNER)).toBe(true);
    expect(isHalfTaken(found(half), OTHER)).toBe(false);
    expect(isHalfTaken(found(before), NEW_OWNER)).toBe(false);
    expect(isHalfTaken(found(after), NEW_OWNER)).toBe(false);
    half[SUPERBLOCK.fields.version.offset] = 49;
    expect(isHalfTaken(found(half), NEW_OWNER)).toBe(false);
  });
});

describe('what does not load', () => {
  const load = (change: (image: Image) => void) => {
    const image = makeImage();
    change(image);
    return () => loadSuperblock(image.store);
  };

  test('has a hint', () => {
    expect(load(({ store }) => store.store(0, Buffer.alloc(SUPERBLOCK.bytes)))).toThrow(
      expect.objectContaining({ code: 'not-famfs', hint: 'famfs mkfs makes one' }),
    );
    expect(load((image) => damage(image, superblockField('version'), 49, { reseal: true }))).toThrow(
      expect.objectContaining({ code: 'bad-superblock', hint: 'famfs fsck tells more' }),
    );
  });

  test('is a secondary device where the flag says so and there is no log', () => {
    const hint = 'give the primary device; famfs device scan tells which one that is';
    const secondary = (flags: number, logLength: number) => (image: Image) => {
      damage(image, superblockField('flags'), flags, { reseal: true });
      damage(image, superblockField('logLength'), logLength, { reseal: true });
    };
    expect(load(secondary(FLAG_SECONDARY, 0))).toThrow(
      expect.objectContaining({ code: 'secondary-device', hint }),
    );
    expect(load(secondary(0, 0))).toThrow(expect.objectContaining({ code: 'bad-superblock' }));
    expect(load(secondary(FLAG_SECONDARY, 4096))).toThrow(
      expect.objectContaining({ code: 'bad-superblock' }),
    );
  });

  test('has a log that ends behind the device, and not one that ends with it', () => {
    const image = makeImage();
    const bytes = readSuperblockBytes(image.store);
    const { logLength } = loadSuperblock(image.store);
    const beyond = (deviceSize: number) =>
      inspectSuperblock(bytes, deviceSize).findings.find(({ code }) => code === 'sb-log-beyond-device');
    expect(beyond(LOG_OFFSET + logLength)).toBeUndefined();
    expect(beyond(LOG_OFFSET + logLength - 1)?.detail).toBe(
      `the log ends at ${LOG_OFFSET + logLength}, the device at ${LOG_OFFSET + logLength - 1}`,
    );
    damage(image, superblockField('logLength'), MIB, { reseal: true });
    const short = readSuperblockBytes(image.store);
    expect(inspectSuperblock(short, 2 * MIB).findings.map(({ code }) => code)).not.toContain(
      'sb-log-beyond-device',
    );
  });
});
