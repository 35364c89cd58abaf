import { LOG_OFFSET, SUPERBLOCK } from '../../../src/log/layout';
import { encodeSecondary, identify } from '../../../src/log/secondary';
import { decodeSuperblock, inspectSuperblock, loadSuperblock } from '../../../src/log/superblock';
import { GIB, MemoryStore, makeImage, OWNER_UUID, SECOND_DEVICE_UUID } from '../../support/images';

const primary = loadSuperblock(makeImage().store);
const secondary = () => encodeSecondary(primary, SECOND_DEVICE_UUID);

test('a secondary superblock is that of its file system, without a log', () => {
  const { allocUnit, ownerUuid, uuid } = primary;
  expect(decodeSuperblock(secondary())).toMatchObject({
    ...{ allocUnit, ownerUuid, uuid },
    logLength: 0,
    deviceUuid: SECOND_DEVICE_UUID,
    flags: 2,
  });
  expect(SUPERBLOCK.fields.logOffset.get(secondary(), 0)).toBe(0);
  expect(inspectSuperblock(secondary(), 4 * GIB).findings.map(({ code }) => code)).toEqual([
    'sb-log-offset',
    'sb-log-length',
  ]);
});

test('what a device is can be told by its superblock', () => {
  const { store } = makeImage();
  const bytes = store.read(0, SUPERBLOCK.bytes);
  expect(identify(bytes)).toEqual({
    role: 'primary',
    uuid: primary.uuid,
    deviceUuid: primary.deviceUuid,
    ownerUuid: OWNER_UUID,
  });
  expect(identify(secondary())).toMatchObject({ role: 'secondary', deviceUuid: SECOND_DEVICE_UUID });
  expect(identify(Buffer.alloc(SUPERBLOCK.bytes)).role).toBe('empty');
  const damaged = secondary();
  damaged.writeUInt8(damaged.readUInt8(64) ^ 1, 64);
  expect(identify(damaged).role).toBe('damaged');
});

test('only flag and log tell a secondary device: a primary with the flag, which is under no checksum, stays one', () => {
  const bytes = makeImage().store.read(0, SUPERBLOCK.bytes);
  SUPERBLOCK.fields.flags.set(bytes, 0, 2);
  expect(identify(bytes).role).toBe('primary');
  expect(SUPERBLOCK.fields.logOffset.get(bytes, 0)).toBe(LOG_OFFSET);
});

test('a secondary device given as the primary is told apart from a damaged one', () => {
  const store = new MemoryStore(4 * GIB);
  store.store(0, secondary());
  expect(() => loadSuperblock(store)).toThrow(
    expect.objectContaining({ code: 'secondary-device', message: expect.stringContaining(primary.uuid) }),
  );
});
