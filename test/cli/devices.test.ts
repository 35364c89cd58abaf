import { readFileSync, renameSync, truncateSync } from 'node:fs';
import { encodeSecondary } from '../../src/log/secondary';
import { decodeSuperblock } from '../../src/log/superblock';
import type { CheckReport } from '../../src/operations/check';
import type { AddResult } from '../../src/operations/device-add';
import type { DeviceList } from '../../src/operations/device-list';
import type { DeviceScan } from '../../src/operations/device-scan';
import type { FormatResult } from '../../src/operations/format';
import { extentsOf, type FileMap } from '../../src/types';
import { CLIENT, commandOk, famfs, famfsOk } from '../support/run';
import { readRange, writeRange } from '../support/run-device';
import { codesOf, expectFailure, fsck } from '../support/run-expect';
import { noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

/** Makes a file system over new sparse files of 4 GiB each. */
async function make(names: readonly string[], args: readonly string[] = []): Promise<FormatResult> {
  const paths = names.map((name) => scratch.path(name));
  return (await famfsOk(['mkfs', '--json', '--no-sync', '--create', '4g', ...args, ...paths])).json();
}

async function blank(name: string, size = '64m'): Promise<string> {
  await commandOk('truncate', ['-s', size, scratch.path(name)]);
  return scratch.path(name);
}

const list = async (target: string, status = 0, args: readonly string[] = []) => {
  const run = await famfs(['device', 'ls', '--json', ...args, target]);
  expect(run.status).toBe(status);
  return run.json<DeviceList>();
};

/** Makes a file with contents and returns its map. */
async function creat(path: string, seed: number, args: readonly string[] = []): Promise<FileMap> {
  const words = ['creat', '--json', '--no-sync', '-s', '5m', '-r', '-S', String(seed), ...args, path];
  const { files } = (await famfsOk(words)).json<{ files: { map: FileMap }[] }>();
  return files[0]?.map as FileMap;
}

const sumOf = async (device: string, path: string) =>
  (await famfsOk(['digest', '--device', device, path])).stdout;
const devicesOf = (map: FileMap) => extentsOf(map).map(({ devindex }) => devindex);

describe('mkfs over several devices', () => {
  test('makes each a part of one file system', async () => {
    const made = await make(['a', 'b', 'c']);
    expect(made.secondaries.map(({ device, index, size }) => [device, index, size])).toEqual([
      [scratch.path('b'), 1, 4 * 2 ** 30],
      [scratch.path('c'), 2, 4 * 2 ** 30],
    ]);
    const { devices, uuid } = await list(scratch.path('a'));
    expect(uuid).toBe(made.uuid);
    expect(devices.map(({ path }) => path)).toEqual(['a', 'b', 'c'].map((name) => scratch.path(name)));
    expect(new Set(devices.map((device) => device.uuid)).size).toBe(3);
    const report = await fsck(scratch.path('a'), 0);
    expect(report).toMatchObject({
      errors: 0,
      warnings: 0,
      contents: { entries: 2, space: { totalUnits: 3 * 2048 } },
    });
  });

  test('leaves nothing behind when one cannot be taken', async () => {
    await make(['taken']);
    await blank('a', '4g');
    const [a, b, taken] = [scratch.path('a'), await blank('b'), scratch.path('taken')];
    const failing = (
      status: number,
      code: 'usage' | 'already-famfs' | 'device-too-small',
      ...paths: string[]
    ) => expectFailure(['mkfs', '--no-sync', ...paths], { status, code, says: [paths.at(-1) as string] });
    await failing(1, 'already-famfs', a, b, taken);
    await failing(2, 'usage', a, b, b);
    await failing(2, 'usage', a, b, a);
    await failing(1, 'device-too-small', a, b, await blank('tiny', '3m'));
    expect(readRange(a, 0, 4096).equals(Buffer.alloc(4096))).toBe(true);
    expect(readRange(b, 0, 4096).equals(Buffer.alloc(4096))).toBe(true);
    await famfsOk(['mkfs', '--no-sync', '--force', a, b, taken]);
  });

  test('wipes one device at a time', async () => {
    const words = ['mkfs', '--kill', '--force', scratch.path('a'), scratch.path('b')];
    await expectFailure(words, { status: 2, code: 'usage', says: ['--kill'] });
  });
});

describe('device add', () => {
  test('adds devices to a file system that is not mounted, and to one that is', async () => {
    await make(['a']);
    const add = (target: string, path: string) =>
      famfsOk(['device', 'add', '--json', '--no-sync', target, path]);
    const { added } = (await add(scratch.path('a'), await blank('b'))).json<AddResult>();
    expect(added).toMatchObject([{ index: 1, device: scratch.path('b'), size: 64 * 2 ** 20 }]);
    const mount = await scratch.mounted(scratch.path('a'));
    const online = (await add(mount, await blank('c', '8g'))).json<AddResult>();
    expect(online.added).toMatchObject([{ index: 2 }]);
    expect(devicesOf(await creat(`${mount}/f`, 1))).toEqual([2]);
    expect((await list(mount)).devices).toHaveLength(3);
  });

  test('takes no device that is part of a file system, unless told, and none twice', async () => {
    await make(['a', 'b']);
    await make(['other']);
    const refused = (path: string, says = path) =>
      expectFailure(['device', 'add', scratch.path('a'), scratch.path(path)], {
        status: 1,
        code: 'already-famfs',
        says: [scratch.path(says)],
        hint: '--force',
      });
    await refused('other');
    const twice = {
      status: 1,
      code: 'already-famfs',
      says: [scratch.path('b'), 'device 1 of this file system'],
      hint: 'device ls',
    } as const;
    for (const force of [[], ['--force']])
      await expectFailure(['device', 'add', ...force, scratch.path('a'), scratch.path('b')], twice);
    await expectFailure(['device', 'add', scratch.path('a'), scratch.path('a')], {
      status: 2,
      code: 'usage',
      says: ['twice'],
    });
    expect((await list(scratch.path('a'))).devices).toHaveLength(2);
    await famfsOk(['device', 'add', '--no-sync', '--force', scratch.path('a'), scratch.path('other')]);
    expect((await list(scratch.path('a'))).devices).toHaveLength(3);
  });

  test('and mkfs, restore and mkfs --kill leave alone what is part of a mounted file system', async () => {
    await make(['a', 'b']);
    await make(['other']);
    const mount = await scratch.mounted(scratch.path('a'));
    const b = scratch.path('b');
    const before = readRange(b, 0, 4096);
    for (const words of [
      ['mkfs', '--force', b],
      ['mkfs', '--kill', '--force', b],
      ['mkfs', '--force', scratch.path('other'), b],
      ['device', 'add', '--force', scratch.path('other'), b],
    ])
      await expectFailure(words, { status: 1, code: 'device-mounted', says: [b, mount], hint: 'umount' });
    expect(readRange(b, 0, 4096).equals(before)).toBe(true);
    await famfsOk(['umount', mount]);
    await famfsOk(['mkfs', '--force', b]);
  });

  test("is the owner's", async () => {
    await make(['a']);
    const words = ['device', 'add', scratch.path('a'), await blank('b')];
    await expectFailure(words, { status: 1, code: 'not-owner', says: [CLIENT] }, { host: CLIENT });
    expect(readRange(scratch.path('b'), 0, 4096).equals(Buffer.alloc(4096))).toBe(true);
  });

  test('finishes what a kill between superblock and entry left', async () => {
    await make(['a']);
    const primary = decodeSuperblock(readRange(scratch.path('a'), 0, 200));
    const path = await blank('b');
    writeRange(path, 0, encodeSecondary(primary, crypto.randomUUID()));
    expect((await fsck(scratch.path('a'), 0)).findings).toEqual([]);
    await famfsOk(['device', 'add', '--no-sync', scratch.path('a'), path]);
    expect((await list(scratch.path('a'))).devices).toHaveLength(2);
  });
});

describe('files over several devices', () => {
  const SUM_OF_SEED = new Map<number, string>();
  let mount: string;
  let maps: FileMap[];

  beforeEach(async () => {
    await make(['a', 'b', 'c']);
    mount = await scratch.mounted(scratch.path('a'));
    maps = [
      await creat(`${mount}/one`, 1),
      await creat(`${mount}/two`, 2),
      await creat(`${mount}/three`, 3),
      await creat(`${mount}/striped`, 4, ['-N', '3']),
      await creat(`${mount}/striped-by-two`, 5, ['-N', '2', '-C', '4m']),
    ];
    await famfsOk(['umount', mount]);
    for (const seed of [1, 2, 3, 4, 5]) {
      if (SUM_OF_SEED.has(seed)) continue;
      const plain = scratch.path('plain');
      await make(['single']);
      const other = await scratch.mounted(scratch.path('single'));
      await creat(`${other}/f`, seed);
      await famfsOk(['export', '--force', other, 'f', plain]);
      SUM_OF_SEED.set(seed, (await commandOk('sha256sum', [plain])).stdout.slice(0, 64));
      await famfsOk(['umount', other]);
      await commandOk('rm', [scratch.path('single')]);
    }
  });

  const NAMES = ['one', 'two', 'three', 'striped', 'striped-by-two'];

  async function expectAllEqual(device: string): Promise<void> {
    for (const [i, name] of NAMES.entries()) {
      expect((await sumOf(device, name)).slice(0, 64)).toBe(SUM_OF_SEED.get(i + 1));
    }
  }

  test('are where they belong, and what was put there', async () => {
    expect(maps.slice(0, 3).map(devicesOf)).toEqual([[1], [2], [1]]);
    expect(new Set(devicesOf(maps[3] as FileMap))).toEqual(new Set([0, 1, 2]));
    expect(new Set(devicesOf(maps[4] as FileMap)).size).toBe(2);
    await expectAllEqual(scratch.path('a'));
    const report = await fsck(scratch.path('a'), 0);
    const used = report.contents?.space.devices.map((space) => space?.usedUnits) ?? [];
    expect(used.reduce((sum: number, units) => sum + (units ?? 0), 0)).toBe(report.contents?.space.usedUnits);
  });

  test('are found on devices that moved and were mixed up', async () => {
    renameSync(scratch.path('b'), scratch.path('tmp'));
    renameSync(scratch.path('c'), scratch.path('b'));
    renameSync(scratch.path('tmp'), scratch.path('new'));
    const scan = await famfsOk([
      'device',
      'scan',
      '--json',
      '--device',
      scratch.path('b'),
      '--device',
      scratch.path('new'),
    ]);
    const found = scan.json<DeviceScan>().devices.filter(({ path }) => path.startsWith(scratch.root));
    expect(found.map(({ path, role }) => [path, role])).toEqual([
      [scratch.path('b'), 'secondary'],
      [scratch.path('new'), 'secondary'],
    ]);
    await expectAllEqual(scratch.path('a'));
  });

  test.each([
    ['missing', () => renameSync(scratch.path('b'), scratch.path('away')), 'dev-missing', 0],
    ['damaged', () => writeRange(scratch.path('b'), 50, Buffer.alloc(8, 0xee)), 'dev-damaged', 4],
    ['truncated', () => truncateSync(scratch.path('b'), 3 * 2 ** 30), 'dev-truncated', 4],
    ['foreign', () => famfsOk(['mkfs', '--no-sync', '--force', scratch.path('b')]), 'dev-foreign', 4],
  ] as const)(
    'on a device that is %s are an error of its own, and others are read',
    async (trouble, harm, finding, status) => {
      await harm();
      const { devices } = await list(scratch.path('a'), 1);
      expect(devices.map((device) => device.trouble)).toEqual([undefined, trouble, undefined]);
      const uuid = devices[1]?.uuid as string;
      await expectFailure(['export', scratch.path('a'), 'one', scratch.path('out')], {
        status: 1,
        code: `device-${trouble}`,
        says: [uuid, String(4 * 2 ** 30)],
        hint: /./,
      });
      expect((await sumOf(scratch.path('a'), 'two')).slice(0, 64)).toBe(SUM_OF_SEED.get(2));
      const report = await fsck(scratch.path('a'), status);
      expect(codesOf(report.findings)).toEqual([finding]);
      expect(report.findings[0]?.detail).toContain(uuid);
      expect(report.contents?.space.devices[1]).toBeNull();
    },
  );

  test('a copy over files leaves out one whose device is missing', async () => {
    renameSync(scratch.path('b'), scratch.path('away'));
    await famfsOk([
      'mount',
      '--no-sync',
      '--degraded',
      '--log-file',
      scratch.path('log'),
      scratch.path('a'),
      mount,
    ]);
    const source = scratch.directory('source');
    for (const name of ['a0', 'one', 'two', 'z0']) put(`${source}/${name}`, noise(5 * 2 ** 20, 7));
    const run = await famfs(['cp', '--json', '--no-sync', '-rT', source, mount]);
    expect(run.status).toBe(3);
    expect(run.json()).toMatchObject({
      ...{ files: 2, overwritten: 1 },
      failures: [{ source: `${source}/one`, code: 'device-missing' }],
    });
    expect(run.stderr).not.toContain('half');
    for (const name of ['a0', 'two', 'z0'])
      expect(readFileSync(`${mount}/${name}`).equals(readFileSync(`${source}/${name}`))).toBe(true);
  });

  test('a secondary device given as the file system is told what it is', async () => {
    for (const verb of ['info', 'df', 'ls', 'map']) {
      await expectFailure([verb, scratch.path('b')], {
        status: 1,
        code: 'secondary-device',
        says: [scratch.path('b')],
        hint: 'primary',
      });
    }
    const failure = {
      status: 8,
      code: 'secondary-device',
      says: [scratch.path('b')],
      hint: 'primary',
    } as const;
    await expectFailure(['fsck', scratch.path('b')], failure);
    await expectFailure(['fsck', '--repair', '--yes', scratch.path('b')], failure);
    writeRange(scratch.path('b'), 50, Buffer.alloc(8, 0xee));
    expect(codesOf((await fsck(scratch.path('b'), 4)).findings)).toContain('sb-crc');
  });

  test('fill what is there by the policy that is asked for', async () => {
    await famfsOk(['mount', '--no-sync', '--log-file', scratch.path('log'), scratch.path('a'), mount]);
    const spread = ['--policy', 'spread'];
    const turns = [];
    for (const name of ['t1', 't2', 't3'])
      turns.push(...devicesOf(await creat(`${mount}/${name}`, 9, spread)));
    expect(new Set(turns)).toEqual(new Set([0, 1, 2]));
    expect(devicesOf(await creat(`${mount}/first`, 9, ['--policy', 'fill']))).toEqual([0]);
    for (const [name, device] of [
      ['w0', 0],
      ['w1', 1],
      ['w2', 2],
    ] as const) {
      const words = ['creat', '--json', '--no-sync', '--policy', 'fill', '-s', '4000m', `${mount}/${name}`];
      const { files } = (await famfsOk(words)).json<{ files: { map: FileMap }[] }>();
      expect(devicesOf(files[0]?.map as FileMap)).toEqual([device]);
    }
    const full = await famfs(['creat', '--no-sync', '-s', '1000m', `${mount}/no`]);
    expect(full).toMatchObject({ status: 1, stderr: expect.stringContaining('in one piece') });
    const report = (await famfsOk(['fsck', '--json', mount])).json<CheckReport>();
    expect(report).toMatchObject({ errors: 0, warnings: 0 });
  });
});
