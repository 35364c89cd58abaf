import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '../../../src/device/open';
import type { DeviceRecord } from '../../../src/log/check-entry';
import { encodeSecondary } from '../../../src/log/secondary';
import { loadSuperblock, type Superblock } from '../../../src/log/superblock';
import { hintOf } from '../../../src/members/candidates';
import { Members } from '../../../src/members/members';
import { GIB, makeImage, writeImage } from '../../support/images';

const SIZE = 64 * 2 ** 20;

let directory: string;
let superblock: Superblock;
let records: DeviceRecord[];

/** A new sparse file of SIZE bytes that begins with `bytes`. */
function put(name: string, bytes: Buffer, size = SIZE): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  truncateSync(path, size);
  return path;
}

const uuids = [crypto.randomUUID(), crypto.randomUUID()];
const members = (...given: string[]) =>
  new Members(openDevice(join(directory, 'primary'), { writable: false }), superblock, records, given);
const secondary = (index: 1 | 2, of = superblock) => encodeSecondary(of, uuids[index - 1] as string);
const failing = (code: string, ...says: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(says.join('.*'))) });

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-members-'));
  process.env.XDG_RUNTIME_DIR = directory;
  writeImage(join(directory, 'primary'), makeImage({ deviceSize: 4 * GIB }));
  const device = openDevice(join(directory, 'primary'), { writable: false });
  superblock = loadSuperblock(device);
  device.close();
  records = [{ uuid: superblock.deviceUuid, size: 4 * GIB }, ...uuids.map((uuid) => ({ uuid, size: SIZE }))];
});

afterEach(() => {
  delete process.env.FAMFS_DEVICES;
  rmSync(directory, { recursive: true });
});

describe('a device is found by its UUID', () => {
  test('among those given, in whatever order', () => {
    const [a, b] = [put('a', secondary(1)), put('b', secondary(2))];
    const found = members(b, a);
    expect([found.at(0).path, found.at(1).path, found.at(2).path]).toEqual([
      join(directory, 'primary'),
      a,
      b,
    ]);
    expect(found.problems()).toEqual([]);
    expect(found.at(1)).toBe(found.at(1));
    found.close();
  });

  test('in FAMFS_DEVICES', () => {
    process.env.FAMFS_DEVICES = `${put('a', secondary(1))}::${put('b', secondary(2))}`;
    const found = members();
    expect(found.problems()).toEqual([]);
    found.close();
  });

  test('where it was found before, as long as it is there', () => {
    const given = [put('a', secondary(1)), put('b', secondary(2))];
    members(...given).problems();
    expect(uuids.map(hintOf)).toEqual(given);
    const found = members();
    expect(found.at(2).path).toBe(given[1]);
    found.close();
    rmSync(given[1] as string);
    const later = members();
    expect(later.find(1)?.path).toBe(given[0]);
    expect(() => later.at(2)).toThrow(failing('device-missing', uuids[1] as string, String(SIZE)));
    later.close();
  });

  test('when the log names it only later', () => {
    const added = records.splice(2);
    const found = members(put('a', secondary(1)), put('b', secondary(2)));
    expect(found.count).toBe(2);
    expect(() => found.at(2)).toThrow(RangeError);
    records.push(...added);
    expect(found.at(2).size).toBe(SIZE);
    found.close();
  });
});

describe('a device that cannot be used is an error of its own kind', () => {
  test.each([
    ['missing', () => []],
    ['damaged', () => [put('zeros', Buffer.alloc(200))]],
    ['damaged', () => [put('damaged', Buffer.concat([secondary(1).subarray(0, 90), Buffer.alloc(110, 1)]))]],
    ['foreign', () => [put('foreign', secondary(1, { ...superblock, uuid: crypto.randomUUID() }))]],
    ['truncated', () => [put('short', secondary(1), SIZE - 1)]],
  ] as const)('%s', (trouble, make) => {
    const paths = make();
    const found = members(...paths, put('b', secondary(2)));
    expect(() => found.at(1)).toThrow(
      failing(`device-${trouble}`, uuids[0] as string, String(SIZE), ...paths),
    );
    expect(found.find(1)).toBeUndefined();
    expect(found.problems()).toMatchObject([{ trouble, index: 1, uuid: uuids[0], size: SIZE }]);
    expect(found.at(2).size).toBe(SIZE);
    found.close();
  });

  test('but not where the right one is elsewhere', () => {
    const found = members(put('zeros', Buffer.alloc(200)), put('b', secondary(2)), put('a', secondary(1)));
    expect(found.problems()).toEqual([]);
    found.close();
  });

  test('a path that leads nowhere is none', () => {
    expect(members(join(directory, 'nothing'), directory).problems()).toMatchObject([
      { trouble: 'missing', index: 1 },
      { trouble: 'missing', index: 2 },
    ]);
  });
});
