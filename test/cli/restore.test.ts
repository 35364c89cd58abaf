import { copyFileSync, readdirSync, truncateSync } from 'node:fs';
import { openDevice } from '../../src/device/open';
import { BACKUP_HEADER, BACKUP_LOG_OFFSET, LOG_OFFSET, MIB } from '../../src/log/layout';
import type { RestoreResult } from '../../src/operations/restore';
import {
  addDaxdev,
  damage,
  type ImageOptions,
  makeImage,
  mkdir,
  setCounters,
  superblockField,
  writeImage,
} from '../support/images';
import { CLIENT, famfs, famfsOk, type RunOptions, shell } from '../support/run';
import {
  appendUnseen,
  loggedPaths,
  METADATA_BYTES,
  metadataOf,
  readRange,
  writeRange,
} from '../support/run-device';
import { expectFailure, expectQuiet, fsck } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const OTHER_UUID = '6f2c1a90-3b5d-4e71-8a24-9c0d7e5f1b05';
const restore = (backup: string, device: string, ...more: string[]) => [
  'restore',
  '--yes',
  '--no-sync',
  ...more,
  backup,
  device,
];

/** A device that was repaired, the backup that this left, and superblock and log as they were before. */
async function repairedDevice(options: ImageOptions = { entries: [mkdir('a'), mkdir('b')] }) {
  const device = scratch.path('device.img');
  const backup = scratch.path('saved.backup');
  const image = makeImage(options);
  setCounters(image, image.entryCount + 1);
  writeImage(device, image);
  const before = metadataOf(device);
  const run = await famfs(['fsck', '-q', '-y', '--backup', backup, device]);
  expect(run).toMatchObject({ status: 1, stderr: '' });
  return { device, backup, before };
}

async function expectUntouched(
  args: readonly string[],
  device: string,
  failure: Parameters<typeof expectFailure>[1],
  options: RunOptions = {},
) {
  const before = metadataOf(device);
  await expectFailure(args, failure, options);
  expect(metadataOf(device).equals(before)).toBe(true);
}

describe('a backup is put back', () => {
  test('so that superblock and log are as they were', async () => {
    const { backup, before, device } = await repairedDevice();
    expect(metadataOf(device).equals(before)).toBe(false);
    const run = await famfsOk(restore(backup, device, '--json'));
    expect(run.json<RestoreResult>()).toEqual({
      device,
      backup,
      uuid: expect.any(String),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      entriesBefore: 2,
      entries: 3,
      bytesStored: 48,
    });
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test('again, which stores nothing', async () => {
    const { backup, device } = await repairedDevice();
    await famfsOk(restore(backup, device));
    const run = await famfsOk(restore(backup, device));
    expectQuiet(run);
    expect(run.stdout).toMatch(/: 3 entries as of \S+Z; 0 B stored\n$/);
  });

  test('without what was logged since', async () => {
    const { backup, before, device } = await repairedDevice();
    appendUnseen(device, mkdir('since'));
    expect(loggedPaths(device)).toEqual(['a', 'b', 'since']);
    await famfsOk(restore(backup, device));
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test.each([
    ['log header', LOG_OFFSET, 48],
    ['log', LOG_OFFSET, 8 * MIB],
    ['end of the log', LOG_OFFSET + 8 * MIB - 1, 1],
  ])('where the %s was overwritten', async (_what, offset, length) => {
    const { backup, before, device } = await repairedDevice();
    writeRange(device, offset, Buffer.alloc(length, 0xa5));
    await famfsOk(restore(backup, device));
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test.each([
    ['wiped', (device: string) => writeRange(device, 0, Buffer.alloc(METADATA_BYTES))],
    ['damaged', (device: string) => writeRange(device, 50, Buffer.of(1))],
  ])('with --force where the superblock is %s', async (_what, spoil) => {
    const { backup, before, device } = await repairedDevice();
    spoil(device);
    const failure = {
      status: 1,
      code: 'other-backup',
      says: ['superblock is damaged'],
      hint: '--force',
    } as const;
    await expectUntouched(restore(backup, device), device, failure);
    await famfsOk(restore(backup, device, '--force'));
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test('with --force over another file system', async () => {
    const { backup, before, device } = await repairedDevice();
    await famfsOk(['mkfs', '--no-sync', '--force', device]);
    const failure = { status: 1, code: 'other-backup', says: ['holds the file system'] } as const;
    await expectUntouched(restore(backup, device), device, failure);
    await famfsOk(restore(backup, device, '--force'));
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test('of a log of another length, and a file system of several devices', async () => {
    const entries = [mkdir('a'), addDaxdev(1, 8 * MIB, OTHER_UUID)];
    const { backup, device } = await repairedDevice({ entries, logLength: 16 * MIB });
    const before = readRange(device, 0, 18 * MIB);
    writeRange(device, LOG_OFFSET + 48, Buffer.alloc(544));
    expect((await fsck(device, 4)).findings.length).toBeGreaterThan(0);
    await famfsOk(restore(backup, device));
    await famfs(['fsck', '-q', '-y', '--backup', scratch.path('again'), device]);
    expect(readRange(device, 0, 18 * MIB).equals(before)).toBe(true);
  });
});

describe('a file that is no sound backup is refused', () => {
  const failure = (...says: string[]) => ({ status: 1, code: 'bad-backup', says }) as const;

  test.each([
    ['empty', (path: string) => truncateSync(path, 0), 'not a backup'],
    ['cut short', (path: string) => truncateSync(path, BACKUP_LOG_OFFSET + 8 * MIB - 1), 'must have'],
    ['longer', (path: string) => truncateSync(path, BACKUP_LOG_OFFSET + 8 * MIB + 1), 'must have'],
    ['changed in its header', (path: string) => writeRange(path, 30, Buffer.of(0xff)), 'checksum'],
    [
      'changed in its superblock',
      (path: string) => writeRange(path, 4096 + 140, Buffer.of(0xff)),
      'checksum',
    ],
    [
      'changed in its log',
      (path: string) => writeRange(path, BACKUP_LOG_OFFSET + 600, Buffer.of(0xff)),
      'checksum',
    ],
    [
      'changed in its last byte',
      (path: string) => writeRange(path, BACKUP_LOG_OFFSET + 8 * MIB - 1, Buffer.of(0xff)),
      'checksum',
    ],
    ['of a version to come', laterVersion, 'version 2'],
  ])('%s', async (_what, spoil, says) => {
    const { backup, device } = await repairedDevice();
    spoil(backup);
    await expectUntouched(restore(backup, device, '--force'), device, failure(backup, says));
  });

  function laterVersion(path: string): void {
    const bytes = readRange(path, 0, BACKUP_HEADER.bytes);
    BACKUP_HEADER.fields.version.set(bytes, 0, 2);
    BACKUP_HEADER.fields.crc.seal(bytes, 0);
    writeRange(path, 0, bytes);
  }

  test.each(['missing', '.', '/dev/zero', 'device.img'])('%s', async (name) => {
    const { device } = await repairedDevice();
    await expectUntouched(restore(scratch.path(name), device), device, failure());
  });

  test('a pipe that nobody writes to', async () => {
    const { device } = await repairedDevice();
    await shell(`mkfifo ${scratch.path('pipe')}`);
    await expectUntouched(restore(scratch.path('pipe'), device), device, failure('pipe'));
  });
});

describe('it is refused', () => {
  test('without --yes where nobody can be asked', async () => {
    const { backup, device } = await repairedDevice();
    const failure = { status: 1, code: 'declined', says: [device], hint: '--yes' } as const;
    await expectUntouched(['restore', backup, device], device, failure);
  });

  test.each([
    ['y\n', 0],
    ['n\n', 1],
  ])('or done, as a terminal answers: %j', async (input, status) => {
    const { backup, before, device } = await repairedDevice();
    const env = { TERM: 'xterm', NO_COLOR: '1' };
    const run = await shell(`script -qec "$FAMFS restore ${backup} ${device}" /dev/null`, { env, input });
    expect(run).toMatchObject({ status });
    expect(run.stdout).toMatch(/: 2 entries are replaced by 3 entries as of .*\s+.*restore\? \(y\/N\)/);
    expect(metadataOf(device).equals(before)).toBe(status === 0);
  });

  test('on a client', async () => {
    const { backup, device } = await repairedDevice();
    const failure = { status: 1, code: 'not-owner', says: [CLIENT], hint: 'owner' } as const;
    for (const more of [[], ['--force']])
      await expectUntouched(restore(backup, device, ...more), device, failure, { host: CLIENT });
  });

  test('when another host became the owner since, on both', async () => {
    const { backup, device } = await repairedDevice();
    await famfsOk(['owner', '--take', '--force', '--no-sync', device], { host: CLIENT });
    const failure = { status: 1, code: 'not-owner', says: [] } as const;
    await expectUntouched(restore(backup, device, '--force'), device, failure);
    await expectUntouched(restore(backup, device, '--force'), device, failure, { host: CLIENT });
  });

  test('on a device that is mounted, and its mount', async () => {
    const { backup, device } = await repairedDevice();
    const mount = await scratch.mounted(device);
    for (const target of [device, mount]) {
      const failure = { status: 1, code: 'device-mounted', says: [target, mount], hint: 'umount' } as const;
      await expectUntouched(restore(backup, target, '--force'), device, failure);
    }
  });

  test('on another device of the same file system UUID', async () => {
    const { backup, device } = await repairedDevice();
    const image = makeImage({ entries: [] });
    damage(image, superblockField('deviceUuid'), OTHER_UUID, { reseal: true });
    writeImage(device, image);
    const failure = { status: 1, code: 'other-backup', says: [OTHER_UUID] } as const;
    await expectUntouched(restore(backup, device), device, failure);
  });

  test('on a device that is too small, even with --force', async () => {
    const { backup } = await repairedDevice();
    const small = put(scratch.path('small.img'), '');
    truncateSync(small, METADATA_BYTES - 1);
    const failure = { status: 1, code: 'device-too-small', says: [`${METADATA_BYTES}`] } as const;
    await expectUntouched(restore(backup, small, '--force'), small, failure);
  });
});

test('it waits for a verb that holds the lock', async () => {
  const { backup, before, device: path } = await repairedDevice();
  const copy = scratch.path('copy.backup');
  copyFileSync(backup, copy);
  const device = openDevice(path, { writable: true, noSync: true });
  expect(device.tryLock()).toBe(true);
  setTimeout(() => device.close(), 1500);
  const run = await famfsOk(restore(copy, path));
  expect(run.stderr).toContain('waiting for the lock');
  expect(metadataOf(path).equals(before)).toBe(true);
  expect(readdirSync(scratch.root).sort()).toEqual(['copy.backup', 'device.img', 'saved.backup']);
});
