import { ensureSystemUuid, systemUuid } from '../../../src/device/system-uuid';

const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const NIL = '00000000-0000-0000-0000-000000000000';
const before = process.env.FAMFS_SYSTEM_UUID;

afterEach(() => {
  if (before === undefined) delete process.env.FAMFS_SYSTEM_UUID;
  else process.env.FAMFS_SYSTEM_UUID = before;
});

test.each([UUID, UUID.toUpperCase(), ` ${UUID}\n`])('FAMFS_SYSTEM_UUID %j is taken', (value) => {
  process.env.FAMFS_SYSTEM_UUID = value;
  expect(systemUuid()).toBe(UUID);
  expect(ensureSystemUuid()).toBe(UUID);
});

test.each(['', 'host-a', UUID.slice(1), `${UUID}0`, UUID.replaceAll('-', ''), UUID.replace('f', 'g'), NIL])(
  'FAMFS_SYSTEM_UUID %j is refused, and never replaced',
  (value) => {
    process.env.FAMFS_SYSTEM_UUID = value;
    const refused = expect.objectContaining({
      code: 'system-uuid',
      message: expect.stringContaining('FAMFS_SYSTEM_UUID: not a UUID'),
      hint: expect.stringContaining('8-4-4-4-12'),
    });
    expect(() => systemUuid()).toThrow(refused);
    expect(() => ensureSystemUuid()).toThrow(refused);
  },
);
