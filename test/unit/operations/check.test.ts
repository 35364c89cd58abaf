import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_HEADER, LOG_OFFSET, logCapacity, MIB } from '../../../src/log/layout';
import { type CheckReport, check } from '../../../src/operations/check';
import {
  addDaxdev,
  DEVICE_UUID,
  damage,
  FS_UUID,
  file,
  GIB,
  headerField,
  type Image,
  makeImage,
  mkdir,
  OWNER_UUID,
  Space,
  setCounters,
  superblockField,
  writeImage,
} from '../../support/images';

let directory: string;
let host: string | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-check-'));
  host = process.env.FAMFS_SYSTEM_UUID;
  process.env.FAMFS_SYSTEM_UUID = OWNER_UUID;
});

afterEach(() => {
  if (host === undefined) delete process.env.FAMFS_SYSTEM_UUID;
  else process.env.FAMFS_SYSTEM_UUID = host;
  rmSync(directory, { recursive: true });
});

const devicePath = () => join(directory, 'device');

function checkImage(image: Image, signal?: AbortSignal): Promise<CheckReport> {
  writeImage(devicePath(), image);
  return check(devicePath(), signal ? { signal } : {});
}

const codesOf = (report: CheckReport) => report.findings.map(({ code }) => code);

/** Files of 3 MiB and 1 byte, and a directory. */
function someEntries(space = new Space()) {
  return [file('a', 3 * MIB, space.simple(3 * MIB)), mkdir('d'), file('d/b', 1, space.simple(1))];
}

describe('a sound file system', () => {
  test('has no findings, and this in it', async () => {
    expect(await checkImage(makeImage({ entries: someEntries() }))).toEqual({
      device: devicePath(),
      deviceBytes: 4 * GIB,
      uuid: FS_UUID,
      ownerUuid: OWNER_UUID,
      role: 'owner',
      contents: {
        entries: 3,
        capacity: logCapacity(8 * MIB),
        files: 2,
        directories: 1,
        fileBytes: 3 * MIB + 1,
        space: expect.objectContaining({ totalUnits: 2048, usedUnits: 5 + 2 + 1, freeRuns: 1 }),
      },
      errors: 0,
      warnings: 0,
      findings: [],
    });
  });

  test('belongs to another host, if it does', async () => {
    process.env.FAMFS_SYSTEM_UUID = DEVICE_UUID;
    expect(await checkImage(makeImage())).toMatchObject({ role: 'client', ownerUuid: OWNER_UUID });
  });

  test('with an empty log has nothing in it', async () => {
    const { contents, findings } = await checkImage(makeImage({ entries: [] }));
    expect(contents).toMatchObject({ entries: 0, files: 0, directories: 0, fileBytes: 0 });
    expect(findings).toEqual([]);
  });

  test('of more entries than are looked at in one go is seen whole', async () => {
    const entries = Array.from({ length: 48_200 }, (_, i) => mkdir(`d${i}`));
    const { contents, findings } = await checkImage(makeImage({ entries, logLength: 32 * MIB }));
    expect(contents).toMatchObject({ entries: 48_200, directories: 48_200 });
    expect(findings).toEqual([]);
  }, 60_000);
});

describe('damage of the superblock', () => {
  test('without its magic leaves nothing to tell', async () => {
    const image = makeImage({ entries: someEntries() });
    damage(image, superblockField('magic'), 1n, { reseal: true });
    const report = await checkImage(image);
    expect(codesOf(report)).toEqual(['sb-magic']);
    expect(report).toMatchObject({ errors: 1, warnings: 0, deviceBytes: 4 * GIB });
    expect(Object.keys(report)).toEqual(['device', 'deviceBytes', 'errors', 'warnings', 'findings']);
  });

  test('that leaves the log where it is does not hide the files', async () => {
    const image = makeImage({ entries: someEntries() });
    damage(image, superblockField('flags'), 4, { reseal: true });
    const report = await checkImage(image);
    expect(report).toMatchObject({ uuid: FS_UUID, errors: 0, warnings: 1, contents: { files: 2 } });
    expect(codesOf(report)).toEqual(['sb-flags']);
  });

  test('whose log length cannot be leaves the identity', async () => {
    const image = makeImage({ entries: someEntries() });
    damage(image, superblockField('logLength'), 3 * MIB, { reseal: true });
    const report = await checkImage(image);
    expect(report).toMatchObject({ uuid: FS_UUID, role: 'owner', errors: 1 });
    expect(report.contents).toBeUndefined();
  });
});

describe('damage of the log', () => {
  test('without its magic is not looked into', async () => {
    const image = makeImage({ entries: someEntries() });
    damage(image, headerField('magic'), 1n, { reseal: true });
    const report = await checkImage(image);
    expect(codesOf(report)).toEqual(['log-magic']);
    expect(report.contents).toBeUndefined();
  });

  test('with a wrong sum is looked into all the same', async () => {
    const image = makeImage({ entries: someEntries() });
    image.store.store(LOG_OFFSET + LOG_HEADER.fields.crc.offset, Buffer.from([1, 2, 3, 4]));
    const report = await checkImage(image);
    expect(codesOf(report)).toEqual(['log-crc']);
    expect(report).toMatchObject({ errors: 1, contents: { entries: 3, files: 2 } });
  });

  test('counted beyond its end is looked into as far as there are entries', async () => {
    const image = makeImage({ entries: someEntries() });
    setCounters(image, 2 ** 40);
    const { contents, findings, errors } = await checkImage(image);
    expect(contents).toMatchObject({ entries: logCapacity(8 * MIB), files: 2 });
    expect(findings.filter(({ code }) => code === 'entry-crc')).toHaveLength(logCapacity(8 * MIB) - 3);
    expect(findings[0]?.code).toBe('log-next-index');
    expect(errors).toBe(findings.length);
  });

  test('files that share bytes are found after all else', async () => {
    const extents = new Space();
    const map = extents.simple(MIB);
    const entries = [file('one', MIB, map), file('two', MIB, map), mkdir('three', 0o7777777)];
    const report = await checkImage(makeImage({ entries }));
    expect(codesOf(report)).toEqual(['file-mode', 'ext-overlap']);
    expect(report).toMatchObject({ errors: 1, warnings: 1 });
  });

  test('a device that is not here is a warning', async () => {
    const entries = [addDaxdev(1, 8 * GIB, '0d0d0d0d-1111-4222-8333-444444444444')];
    const report = await checkImage(makeImage({ entries }));
    expect(codesOf(report)).toEqual(['dev-missing']);
    expect(report.contents?.space.devices).toEqual([expect.objectContaining({ totalUnits: 2048 }), null]);
  });
});

test('is ended by a signal before the next stride, saying where', async () => {
  const message = `${devicePath()}: interrupted at entry 0 of 3`;
  const ended = checkImage(makeImage({ entries: someEntries() }), AbortSignal.abort());
  await expect(ended).rejects.toMatchObject({ code: 'interrupted', message });
});

test('a signal that was not given ends nothing', async () => {
  const { signal } = new AbortController();
  await expect(checkImage(makeImage({ entries: someEntries() }), signal)).resolves.toMatchObject({
    errors: 0,
  });
});
