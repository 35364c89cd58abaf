import { closeSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { encodeHeader } from '../../src/log/header';
import { LOG_OFFSET, MIB, SUPERBLOCK, SUPERBLOCK_REGION } from '../../src/log/layout';
import { encodeSuperblock } from '../../src/log/superblock';
import type { FormatResult } from '../../src/operations/format';
import { GIB, writeImage } from '../support/images';
import { CLIENT, famfs, famfsOk, OWNER } from '../support/run';
import { readOnDevice, readRange } from '../support/run-device';
import { codesOf, expectClean, expectQuiet, fsck } from '../support/run-expect';
import { noise } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const sized = (bytes: number): string => {
  const path = scratch.path('device.img');
  writeFileSync(path, '');
  truncateSync(path, bytes);
  return path;
};

describe('what mkfs writes', () => {
  test('a superblock, a log header and nothing else, byte for byte', async () => {
    const device = sized(4 * GIB);
    const { uuid } = (await famfsOk(['mkfs', '--json', device])).json<FormatResult>();
    const { superblock, counters, entries } = readOnDevice(device);
    expect(superblock).toMatchObject({
      logLength: 8 * MIB,
      allocUnit: 2 * MIB,
      omfMajor: 2,
      omfMinor: 2,
      uuid,
      deviceUuid: expect.stringMatching(UUID),
      ownerUuid: OWNER,
      flags: 0,
      primarySize: 4 * GIB,
      primaryName: device,
    });
    expect(counters).toEqual({ nextSeqnum: 0, nextIndex: 0 });
    expect(entries).toEqual([]);
    const metadata = readRange(device, 0, SUPERBLOCK_REGION + 8 * MIB + 2 * MIB);
    const expected = Buffer.alloc(metadata.length);
    encodeSuperblock(superblock).copy(expected, 0);
    encodeHeader(8 * MIB).copy(expected, LOG_OFFSET);
    expect(metadata.equals(expected)).toBe(true);
    expect(statSync(device).size).toBe(4 * GIB);
  });

  test('the same layout for every log length', async () => {
    for (const [given, bytes, entries] of [
      ['8m', 8 * MIB, 15_420],
      ['16M', 16 * MIB, 30_840],
      ['268435456', 256 * MIB, 493_447],
      ['1GiB', GIB, 1_973_790],
    ] as const) {
      const device = await scratch.makeDevice('4g', ['--loglen', given]);
      const { superblock } = readOnDevice(device);
      expect(superblock.logLength).toBe(bytes);
      const { contents } = await expectClean(device);
      expect(contents).toMatchObject({ entries: 0, capacity: entries, files: 0, directories: 0 });
    }
  });

  test('other UUIDs each time', async () => {
    const device = sized(4 * GIB);
    await famfsOk(['mkfs', '--no-sync', device]);
    const { superblock: first } = readOnDevice(device);
    await famfsOk(['mkfs', '--no-sync', '--force', device]);
    const { superblock: second } = readOnDevice(device);
    expect(second.uuid).toMatch(UUID);
    expect(new Set([first.uuid, first.deviceUuid, second.uuid, second.deviceUuid]).size).toBe(4);
  });

  test('a zeroed log over one that was full of entries and stray bytes', async () => {
    const device = scratch.path('device.img');
    writeImage(device);
    const fd = openSync(device, 'r+');
    writeSync(fd, noise(4 * MIB), 0, 4 * MIB, 6 * MIB);
    closeSync(fd);
    await famfsOk(['mkfs', '--no-sync', '--force', device]);
    const log = readRange(device, LOG_OFFSET, 8 * MIB);
    expect(log.subarray(0, 48)).toEqual(encodeHeader(8 * MIB));
    expect(log.subarray(48).every((byte) => byte === 0)).toBe(true);
    await expectClean(device);
  });

  test('as much of a long device name as fits', async () => {
    const directory = scratch.directory('n'.repeat(80));
    const device = `${directory}/device.img`;
    await famfsOk(['mkfs', '--no-sync', '--create', '4g', device]);
    expect(readOnDevice(device).superblock.primaryName).toBe(device.slice(0, 63));
    await expectClean(device);
  });

  test('the system UUID in lower case', async () => {
    const device = await scratch.makeDevice('4g', [], { host: OWNER.toUpperCase() });
    expect(readOnDevice(device).superblock.ownerUuid).toBe(OWNER);
  });

  test('a system UUID that says nothing of a version', async () => {
    const host = 'ca978112-ca1b-bdca-fac2-31b39a23dc4d';
    const run = await famfsOk(['mkfs', '--json', '--create', '4g', scratch.path('device.img')], { host });
    expect(run.json<FormatResult>().ownerUuid).toBe(host);
  });
});

describe('what mkfs says', () => {
  test('device, size, UUID, log and owner', async () => {
    const device = sized(6 * GIB);
    const run = await famfs(['mkfs', device]);
    expectQuiet(run);
    const { uuid } = readOnDevice(device).superblock;
    expect(run.stdout).toBe(
      `${device}: famfs of 6.0 GiB, UUID ${uuid}\n` +
        `log of 8.0 MiB for 15420 files and directories; owner ${OWNER}\n`,
    );
  });

  test('the same as JSON', async () => {
    const device = scratch.path('device.img');
    const run = await famfs(['mkfs', '--json', '--create', '4g', '--loglen', '16m', device]);
    expectQuiet(run);
    expect(run.json()).toEqual({
      device,
      uuid: readOnDevice(device).superblock.uuid,
      ownerUuid: OWNER,
      deviceBytes: 4 * GIB,
      logBytes: 16 * MIB,
      logEntries: 30_840,
      allocUnitBytes: 2 * MIB,
      secondaries: [],
    });
  });
});

describe('options', () => {
  test('--create makes a sparse file of just that size', async () => {
    const device = scratch.path('new.img');
    await famfsOk(['mkfs', '--create', '16g', device]);
    const { size, blocks } = statSync(device);
    expect(size).toBe(16 * GIB);
    expect(blocks * 512).toBeLessThan(MIB);
  });

  test('--small accepts a device below 4 GiB', async () => {
    const device = await scratch.makeDevice('12m', ['--small']);
    const { contents } = await expectClean(device);
    expect(contents?.space).toMatchObject({ totalUnits: 6, freeUnits: 1 });
  });

  test('a relative path is written as an absolute one', async () => {
    await famfsOk(['mkfs', '--create', '4g', 'device.img'], { cwd: scratch.root });
    expect(readOnDevice(scratch.path('device.img')).superblock.primaryName).toBe(scratch.path('device.img'));
  });

  test('--force makes a new one over that of another owner', async () => {
    const device = await scratch.makeDevice('4g', [], { host: CLIENT });
    await famfsOk(['mkfs', '--force', device]);
    expect(readOnDevice(device).superblock.ownerUuid).toBe(OWNER);
  });

  test('--force makes a new one over a damaged one', async () => {
    const device = await scratch.makeDevice('4g');
    const fd = openSync(device, 'r+');
    writeSync(fd, noise(80), 0, 80, 16);
    closeSync(fd);
    await fsck(device, 4);
    await famfsOk(['mkfs', '--force', device]);
    await expectClean(device);
  });

  test('what is no famfs needs no --force', async () => {
    const device = sized(4 * GIB);
    const fd = openSync(device, 'r+');
    writeSync(fd, noise(MIB), 0, MIB, 0);
    closeSync(fd);
    await famfsOk(['mkfs', device]);
    await expectClean(device);
  });

  test('--kill --force ends the file system and leaves the data', async () => {
    const device = await scratch.makeDevice('4g');
    const fd = openSync(device, 'r+');
    writeSync(fd, 'data', 20 * MIB);
    closeSync(fd);
    const run = await famfs(['mkfs', '--kill', '--force', device]);
    expectQuiet(run);
    expect(run.stdout).toBe(`${device}: the file system is gone\n`);
    expect(readRange(device, 0, SUPERBLOCK.bytes).every((byte) => byte === 0)).toBe(true);
    expect(readRange(device, 20 * MIB, 4).toString()).toBe('data');
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-magic']);
  });

  test('--kill --force --json names the device', async () => {
    const device = await scratch.makeDevice('4g');
    const run = await famfs(['mkfs', '--kill', '--force', '--json', device]);
    expect(run.json()).toEqual({ device });
  });
});
