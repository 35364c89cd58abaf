import { createHash } from 'node:crypto';
import { readFileSync, renameSync, statfsSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MountStatus } from '../../src/operations/status';
import { type Extent, extentsOf, type FileMap } from '../../src/types';
import { commandOk, famfs, famfsOk } from '../support/run';
import { readRange, writeRange } from '../support/run-device';
import { expectClean, expectFailure } from '../support/run-expect';
import { namesIn } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { ask, readFailure, runDirectoryOf, statusOf, until } from '../support/run-server';
import { pattern, writeAt } from './helpers';

const MIB = 2 ** 20;
const scratch = scratchEach();
let paths: string[];

beforeEach(async () => {
  paths = ['a', 'b', 'c'].map((name) => scratch.path(name));
  await famfsOk(['mkfs', '--no-sync', '-q', '--create', '4g', ...paths]);
});

/** A file of random bytes, striped or on one device. Returns where it is. */
async function creat(path: string, more: readonly string[]): Promise<FileMap> {
  const words = ['creat', '--json', '--no-sync', '-s', '5m', '-r', ...more, path];
  const { files } = (await famfsOk(words)).json<{ files: { map: FileMap }[] }>();
  return files[0]?.map as FileMap;
}

const devicesOf = (map: FileMap) => extentsOf(map).map(({ devindex }) => devindex);

/** Fills a mount with a file on each device, which has its index for a name, and a striped one. Returns their maps. */
async function fill(mount: string): Promise<FileMap[]> {
  const maps: FileMap[] = [];
  for (const index of [0, 1, 2]) {
    const map = await creat(join(mount, String(index)), ['--policy', 'spread', '-S', String(index + 1)]);
    expect(devicesOf(map)).toEqual([index]);
    maps.push(map);
  }
  const striped = await creat(join(mount, 'striped'), ['-S', '9', '-N', '3', '-C', '2m']);
  expect(devicesOf(striped).sort()).toEqual([0, 1, 2]);
  return [...maps, striped];
}

/** A worker looks for a device that is missing once in this time, at most. */
const BETWEEN_LOOKS_MS = 1100;
const FILES = ['0', '1', '2', 'striped'];
const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
const sumsOf = (mount: string) => FILES.map((name) => sum(join(mount, name)));
const failuresOf = (mount: string) => FILES.map((name) => readFailure(join(mount, name)));
/** What a mount whose device 1 cannot be used answers to reads of FILES. */
const WITHOUT_1 = [undefined, 'EIO', undefined, 'EIO'];

const expectSizes = (mount: string) => {
  expect(namesIn(mount)).toEqual(FILES);
  for (const name of FILES) expect(statSync(join(mount, name)).size).toBe(5 * MIB);
};

const fullStatus = async (mount: string) =>
  (await famfsOk(['status', '--json', mount])).json<{ mounts: MountStatus[] }>().mounts[0] as MountStatus;
const troublesOf = async (mount: string) => (await statusOf(mount)).devices.map(({ trouble }) => trouble);
const unmount = async (mount: string) => {
  await famfsOk(['umount', mount]);
  expect(mountsBelow(scratch.root)).toEqual([]);
};

/** The bytes of a file of 5 MiB, read from its devices by its map alone. */
function onDevices(map: FileMap): Buffer {
  const read = (devindex: number, offset: number, length: number) =>
    readRange(paths[devindex] as string, offset, length);
  if (map.kind === 'simple')
    return Buffer.concat(map.extents.map((e) => read(e.devindex, e.offset, e.length))).subarray(0, 5 * MIB);
  const chunks = [0, 1, 2].map((chunk) => {
    const { devindex, offset } = map.strips[chunk % map.strips.length] as Extent;
    return read(devindex, offset + Math.floor(chunk / map.strips.length) * map.chunkSize, map.chunkSize);
  });
  return Buffer.concat(chunks).subarray(0, 5 * MIB);
}

test('files are read and written where their maps say, by all workers', async () => {
  const mount = await scratch.mounted(paths[0] as string, ['--workers', '2']);
  const maps = await fill(mount);
  FILES.forEach((name, i) => {
    const file = join(mount, name);
    const map = maps[i] as FileMap;
    expect(readFileSync(file).equals(onDevices(map))).toBe(true);
    const bytes = pattern(3 * MIB, i + 50);
    const before = readFileSync(file);
    expect(writeAt(file, MIB + 5, bytes)).toBe(bytes.length);
    bytes.copy(before, MIB + 5);
    expect(onDevices(map).equals(before)).toBe(true);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
  await commandOk(
    'sync',
    FILES.map((name) => join(mount, name)),
  );
  expect((await statusOf(mount)).devices.map(({ path, size }) => [path, size])).toEqual(
    paths.map((path) => [path, 4 * 2 ** 30]),
  );
  const room = 3 * 4 * 2 ** 30 - 3 * 2 * MIB - 8 * MIB;
  const { bavail, bfree, blocks, bsize } = statfsSync(mount);
  const used = maps.flatMap((map) => extentsOf(map)).reduce((sum, { length }) => sum + length, 0);
  expect([blocks * bsize, bfree * bsize, bavail]).toEqual([room, room - used, bfree]);
  await expectClean(mount);
  await unmount(mount);
});

test('devices are found at other paths and in another order', async () => {
  const first = await scratch.mounted(paths[0] as string);
  await fill(first);
  const sums = sumsOf(first);
  await unmount(first);
  const [, b, c] = paths as [string, string, string];
  renameSync(b, scratch.path('aside'));
  renameSync(c, b);
  renameSync(scratch.path('aside'), c);
  const check = async (args: readonly string[], env = {}) => {
    const mount = await scratch.mounted(paths[0] as string, args, { env });
    expect(sumsOf(mount)).toEqual(sums);
    expect((await statusOf(mount)).devices.map(({ path }) => path)).toEqual([paths[0], c, b]);
    await unmount(mount);
  };
  await check(['--device', b, '--device', c]);
  await check(['-o', `device=${c},device=${b}`]);
  const moved = [scratch.path('x'), scratch.path('y')];
  renameSync(b, moved[0] as string);
  renameSync(c, moved[1] as string);
  const args = ['mount', paths[0] as string, scratch.directory('none')];
  await expectFailure(args, { status: 1, code: 'device-missing', says: ['device 1'] });
  const mount = await scratch.mounted(paths[0] as string, [], { env: { FAMFS_DEVICES: moved.join(':') } });
  expect(sumsOf(mount)).toEqual(sums);
});

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

test('devices are found where they were last seen, however long ago, whatever else was mounted since', async () => {
  const moved = [scratch.path('x'), scratch.path('y')];
  renameSync(paths[1] as string, moved[0] as string);
  renameSync(paths[2] as string, moved[1] as string);
  const named = moved.flatMap((path) => ['--device', path]);
  await unmount(await scratch.mounted(paths[0] as string, named));
  const long = Date.now() / 1000 - 3600;
  utimesSync('/run/famfs/devices', long, long);
  await scratch.mountedDevice('4g');
  const mount = await scratch.mounted(paths[0] as string);
  expect((await statusOf(mount)).devices.map(({ path }) => path)).toEqual([paths[0], ...moved]);
});

describe('a device that is missing', () => {
  let sums: string[];

  beforeEach(async () => {
    const mount = await scratch.mounted(paths[0] as string);
    await fill(mount);
    sums = sumsOf(mount);
    await unmount(mount);
  });

  const away = () => renameSync(paths[1] as string, scratch.path('away'));
  const directory = () => scratch.directory('mnt');

  test.each([
    ['missing', 'device-missing', away],
    ['truncated', 'device-truncated', () => truncateSync(paths[1] as string, 2 ** 30)],
    ['damaged', 'device-damaged', () => writeRange(paths[1] as string, 0, Buffer.alloc(4096))],
  ] as const)('%s: the mount is refused before a server is started', async (_trouble, code, harm) => {
    harm();
    const run = await famfs([
      'mount',
      '--json',
      '--device',
      paths[1] as string,
      paths[0] as string,
      directory(),
    ]);
    expect(run.status).toBe(1);
    const { error } = run.json<{ error: { code: string; message: string; hint: string } }>();
    expect(error).toMatchObject({ code, hint: expect.stringContaining('--degraded') });
    expect(error.message).toMatch(UUID);
    expect(error.message).toContain(`${4 * 2 ** 30} bytes`);
    expect(mountsBelow(scratch.root)).toEqual([]);
  });

  test('that holds another file system is named as such', async () => {
    await famfsOk(['mkfs', '--no-sync', '--force', '-q', paths[1] as string]);
    const args = ['mount', '--device', paths[1] as string, paths[0] as string, directory()];
    await expectFailure(args, { status: 1, code: 'device-foreign', says: [paths[1] as string] });
  });

  test('with --degraded the others are served, and all tell what is not', async () => {
    away();
    const at = directory();
    const run = await famfsOk(['mount', '--json', '--no-sync', '--degraded', paths[0] as string, at]);
    expect(run.json()).toMatchObject({ absent: [{ index: 1, trouble: 'missing', size: 4 * 2 ** 30 }] });
    expect(failuresOf(at)).toEqual(WITHOUT_1);
    expectSizes(at);
    expect(sum(join(at, '2'))).toBe(sums[2]);
    expect(writeAt(join(at, '0'), 0, Buffer.from('x'))).toBe(1);
    expect(() => writeAt(join(at, '1'), 0, Buffer.from('x'))).toThrow('EIO');
    expect(await fullStatus(at)).toMatchObject({
      absent: { files: 2, paths: ['1', 'striped'] },
      server: { deviceFailed: false, restarts: 0 },
    });
    expect(await troublesOf(at)).toEqual([null, 'missing', null]);
    const { stdout } = await famfsOk(['status', '-v', at], { env: { FORCE_COLOR: '1' } });
    expect(stdout).toContain('\x1b[31mdevice 1 (UUID ');
    expect(stdout).toMatch(/answer EIO +2 files/);
    expect(stdout).toMatch(/^ {4}1\n {4}striped$/m);
    expect((await ask(await runDirectoryOf(at), 'GET', '/metrics')).body).toMatch(
      /^famfs_devices_unusable\{.*} 1$/m,
    );
    const { bfree, blocks, bsize } = statfsSync(at);
    expect(blocks * bsize).toBe(2 * 4 * 2 ** 30 - 2 * 2 * MIB - 8 * MIB);
    expect(bfree).toBeLessThan(blocks);
    await unmount(at);
  });

  test('is served once it is there again, without a new mount', async () => {
    away();
    const at = await scratch.mounted(paths[0] as string, ['-o', 'degraded']);
    expect(failuresOf(at)).toEqual(WITHOUT_1);
    renameSync(scratch.path('away'), paths[1] as string);
    await until('all files are served', () => failuresOf(at).every((code) => code === undefined));
    await sleep(BETWEEN_LOOKS_MS); // until then another worker may not have looked again
    expect(sumsOf(at)).toEqual(sums);
    await until('the status knows', async () => (await troublesOf(at)).every((trouble) => trouble === null));
    await unmount(at);
  });

  test('mount(8) names it on standard error', async () => {
    away();
    const args = [paths[0] as string, directory(), '-o', 'degraded,no-sync'];
    const { stderr } = await famfsOk(args, { program: 'mount.famfs' });
    expect(stderr).toMatch(
      /^famfs: device 1 \(UUID .*, 4294967296 bytes\) is not found on this host: its files answer EIO$/m,
    );
  });
});

describe('a device that is added to a mounted file system', () => {
  test('holds files that all workers serve', async () => {
    const mount = await scratch.mounted(paths[0] as string, ['--workers', '3']);
    await fill(mount);
    const added = scratch.path('d');
    await commandOk('truncate', ['-s', '1g', added]);
    await famfsOk(['device', 'add', '--no-sync', mount, added]);
    paths.push(added);
    const before = statfsSync(mount);
    for (let i = 0; i < 8; i++) {
      const file = join(mount, `more${i}`);
      const map = await creat(file, ['-S', String(i + 100), '-N', '4', '-C', '2m']);
      expect(devicesOf(map)).toContain(3);
      expect(readFileSync(file).equals(onDevices(map))).toBe(true);
    }
    const pids = (await statusOf(mount)).workers.map(({ pid }) => pid as number);
    expect(statfsSync(mount).bfree).toBeLessThan(before.bfree);
    expect((await statusOf(mount)).devices.at(-1)).toMatchObject({ index: 3, path: added, trouble: null });
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('they were replaced', async () => (await statusOf(mount)).restarts >= 3);
    expect(failuresOf(mount)).toEqual([undefined, undefined, undefined, undefined]);
    await unmount(mount);
  });
});

describe('a device that becomes shorter under its mount', () => {
  test.each([
    ['before anybody looked', ['--poll', '0', '--workers', '1'], false],
    ['when the supervisor has seen it', [], true],
  ] as const)('%s: its files are EIO, the others are served', async (_when, args, wait) => {
    const mount = await scratch.mounted(paths[0] as string, args);
    await fill(mount);
    const sums = sumsOf(mount);
    truncateSync(paths[1] as string, 4096);
    if (wait) await until('it is known', async () => (await troublesOf(mount))[1] === 'failed');
    expect(failuresOf(mount)).toEqual(WITHOUT_1);
    expect(sum(join(mount, '0'))).toBe(sums[0]);
    expect(sum(join(mount, '2'))).toBe(sums[2]);
    expect(writeAt(join(mount, '2'), 0, Buffer.from('x'))).toBe(1);
    expectSizes(mount);
    const { absent, server } = await fullStatus(mount);
    expect(server).toMatchObject({ deviceFailed: false, restarts: 0 });
    expect(server?.devices.map(({ trouble }) => trouble)).toEqual([null, 'failed', null]);
    expect(absent?.paths).toEqual(['1', 'striped']);
    await unmount(mount);
  });
});

describe('a device whose superblock changes under its mount', () => {
  const harms = [
    ['damaged', true, () => writeRange(paths[1] as string, 0, Buffer.alloc(4096))],
    [
      'foreign',
      true,
      async () => {
        const other = ['x', 'y'].map((name) => scratch.path(name)) as [string, string];
        await famfsOk(['mkfs', '--no-sync', '-q', '--create', '4g', ...other]);
        writeRange(paths[1] as string, 0, readRange(other[1], 0, 4096));
      },
    ],
    ['missing', false, () => writeRange(paths[1] as string, 0, readRange(paths[2] as string, 0, 4096))],
  ] as const;

  test.each(harms)(
    '%s: the status tells, and its files are EIO, the others are served',
    async (trouble, isFound, harm) => {
      const first = await scratch.mounted(paths[0] as string);
      await fill(first);
      await unmount(first);
      const mount = await scratch.mounted(paths[0] as string);
      const before = sum(join(mount, '2'));
      await harm();
      await until('it is known', async () => (await troublesOf(mount))[1] === trouble);
      expect(failuresOf(mount)).toEqual(WITHOUT_1);
      expect(sum(join(mount, '2'))).toBe(before);
      const { absent, server } = await fullStatus(mount);
      expect(server?.devices[1]).toMatchObject({ path: isFound ? paths[1] : null, trouble });
      expect(absent?.paths).toEqual(['1', 'striped']);
      expect((await ask(await runDirectoryOf(mount), 'GET', '/metrics')).body).toMatch(
        /^famfs_devices_unusable\{.*} 1$/m,
      );
      await unmount(mount);
    },
  );

  test('that only workers find missing is told too, and is served once it is there again', async () => {
    const first = await scratch.mounted(paths[0] as string);
    await fill(first);
    await unmount(first);
    const mount = await scratch.mounted(paths[0] as string);
    renameSync(paths[1] as string, scratch.path('away'));
    expect(failuresOf(mount)).toEqual(WITHOUT_1);
    await until('it is known', async () => (await troublesOf(mount))[1] === 'missing');
    renameSync(scratch.path('away'), paths[1] as string);
    await until('all files are served', () => failuresOf(mount).every((code) => code === undefined));
    await until('the status knows', async () => (await troublesOf(mount))[1] === null);
    await unmount(mount);
  });
});
