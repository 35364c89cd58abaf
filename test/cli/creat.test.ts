import { closeSync, lstatSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { CreatedFile, CreatResult } from '../../src/operations/creat';
import { GIB } from '../support/images';
import { CLIENT, famfs, famfsOk, type Run, type RunOptions, shell } from '../support/run';
import { fileOnDevice, loggedPaths, spaceOf } from '../support/run-device';
import { expectClean, expectFailure, expectQuiet } from '../support/run-expect';
import { exists, modeOf, noise } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  device = await scratch.makeDevice('16g');
  dirty(device, 10 * MIB, 32 * MIB);
  mount = await scratch.mounted(device);
});

/** What an earlier file system may have left in the space of files. */
function dirty(path: string, offset: number, bytes: number): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, noise(bytes), 0, bytes, offset);
  closeSync(fd);
}

const creat = (args: string[], options?: RunOptions): Promise<Run> =>
  famfs(['creat', '--no-sync', ...args], options);
/** The one file that a run tells of. */
function only(run: Run): CreatedFile {
  const { files, failures } = run.json<CreatResult>();
  expect({ files: files.length, failures }).toEqual({ files: 1, failures: [] });
  return files[0] as CreatedFile;
}
const fresh = (): string => `${mount}/${scratch.unique('file')}`;
const nameOf = (path: string): string => path.slice(mount.length + 1);

describe('what creat makes', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['4096', 4096],
    ['1k', 1024],
    ['1K', 1024],
    ['3KiB', 3072],
    ['2MB', 2 * MIB],
    ['1.5m', 1.5 * MIB],
    ['2097153', 2 * MIB + 1],
    ['1g', GIB],
    ['10 MiB', 10 * MIB],
  ])('-s %j is %d bytes', async (size, bytes) => {
    const path = fresh();
    const run = await creat(['-s', size, path]);
    expectQuiet(run);
    expect(run.stdout).toMatch(new RegExp(`^${nameOf(path)}: .* created\n$`));
    expect(lstatSync(path).isFile()).toBe(true);
    expect(statSync(path).size).toBe(bytes);
    const entry = fileOnDevice(device, nameOf(path));
    expect(spaceOf(entry)).toBe(Math.max(1, Math.ceil(bytes / (2 * MIB))) * 2 * MIB);
  });

  test('reads as zeros, whatever was in that space', async () => {
    const other = await scratch.makeDevice('4g');
    dirty(other, 10 * MIB, 32 * MIB);
    const at = await scratch.mounted(other);
    await famfsOk(['creat', '--no-sync', '-s', '20m', `${at}/zeros`]);
    expect(readFileSync(`${at}/zeros`).equals(Buffer.alloc(20 * MIB))).toBe(true);
  });

  test('can be written in place', async () => {
    const path = fresh();
    await creat(['-s', '3m', path]);
    const bytes = noise(2 * MIB);
    const fd = openSync(path, 'r+');
    writeSync(fd, bytes, 0, bytes.length, 100);
    const back = Buffer.alloc(bytes.length);
    readSync(fd, back, 0, back.length, 100);
    closeSync(fd);
    expect(back.equals(bytes)).toBe(true);
  });

  test('the mode that the umask leaves, and this user and group', async () => {
    const path = fresh();
    await shell(`umask 027; $FAMFS creat --no-sync -s 1 ${path}`);
    expect(modeOf(path)).toBe(0o640);
    expect(statSync(path)).toMatchObject({ uid: process.geteuid?.(), gid: process.getegid?.() });
  });

  test('-m, -u and -g', async () => {
    const path = fresh();
    expectQuiet(await creat(['-s', '1', '-m', '4751', '-u', '1000', '-g', '1001', path]));
    expect(modeOf(path)).toBe(0o4751);
    expect(statSync(path)).toMatchObject({ uid: 1000, gid: 1001 });
  });

  test('JSON', async () => {
    const path = fresh();
    const run = await creat(['--json', '-s', '5m', path]);
    expectQuiet(run);
    const { map } = fileOnDevice(device, nameOf(path));
    expect(run.json()).toEqual({
      files: [{ path: nameOf(path), size: 5 * MIB, map, created: true }],
      failures: [],
    });
  });
});

describe('a file that exists', () => {
  test('of the same size is left as it is', async () => {
    const path = fresh();
    await creat(['-s', '64k', path]);
    const bytes = noise(65_536);
    const fd = openSync(path, 'r+');
    writeSync(fd, bytes);
    closeSync(fd);
    const before = loggedPaths(device).length;
    const run = await creat(['-s', '64k', '-m', '777', path]);
    expectQuiet(run);
    expect(run.stdout).toMatch(/exists already\n$/);
    expect(only(await creat(['-s', '64k', '--json', path])).created).toBe(false);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(loggedPaths(device)).toHaveLength(before);
  });

  test('of another size is refused', async () => {
    const path = fresh();
    await creat(['-s', '64k', path]);
    await expectFailure(['creat', '-s', '64001', path], {
      status: 1,
      code: 'size-differs',
      says: [path, '65536', '64001'],
    });
    expect(statSync(path).size).toBe(65_536);
  });

  test('as a directory is refused', async () => {
    const path = fresh();
    await famfsOk(['mkdir', '--no-sync', path]);
    await expectFailure(['creat', '-s', '0', path], { status: 1, code: 'exists', says: [nameOf(path)] });
  });
});

describe('striped files', () => {
  test('-N -B -C spread a file over parts of the device', async () => {
    const path = fresh();
    const run = await creat(['--json', '-s', '65m', '-N', '4', '-B', '8', '-C', '2m', path]);
    expectQuiet(run);
    const { map } = only(run);
    if (map.kind !== 'interleaved') throw new Error('not interleaved');
    expect(map.chunkSize).toBe(2 * MIB);
    expect(map.strips.map((strip) => strip.length)).toEqual(Array(4).fill(18 * MIB));
    const buckets = map.strips.map((strip) => Math.floor(strip.offset / (2 * GIB)));
    expect(new Set(buckets).size).toBe(4);
    expect(fileOnDevice(device, nameOf(path)).map).toEqual(map);
    expect(readFileSync(path).equals(Buffer.alloc(65 * MIB))).toBe(true);
  });

  test('the chunk is 2 MiB unless told', async () => {
    const run = await creat(['--json', '-s', '8m', '-N', '2', '-B', '2', fresh()]);
    expect(only(run).map).toMatchObject({ kind: 'interleaved', chunkSize: 2 * MIB });
  });

  test('a file smaller than a chunk lies in one piece', async () => {
    const run = await creat(['--json', '-s', '3m', '-N', '4', '-B', '8', '-C', '4m', fresh()]);
    expect(only(run).map).toMatchObject({ kind: 'simple', extents: [{ length: 4 * MIB }] });
  });

  test.each([
    [['-N', '4'], 'buckets is missing'],
    [['-B', '4'], '--nstrips'],
    [['-C', '2m'], '--nstrips'],
    [['-N', '5', '-B', '4'], 'strips is 5'],
    [['-N', '17', '-B', '16'], 'strips is 17'],
    [['-N', '0', '-B', '4'], 'strips is 0'],
    [['-N', '1', '-B', '65'], 'buckets is 65'],
    [['-N', '1', '-B', '17'], 'less than 1 GiB'],
    [['-N', '2', '-B', '2', '-C', '3m'], 'power of two'],
    [['-N', '2', '-B', '2', '-C', '1m'], 'allocation unit'],
    [['-N', '2', '-B', '2', '-C', '0'], 'power of two'],
    [['-N', 'two', '-B', '2'], 'two'],
    [['-N', '2', '-B', '2', '-C', 'big'], '"big"'],
  ])('%j is refused', async (flags, says) => {
    const path = fresh();
    await expectFailure(['creat', '-s', '64m', ...flags, path], { status: 2, code: 'usage', says: [says] });
    expect(exists(path)).toBe(false);
  });
});

describe('what creat refuses', () => {
  test.each(['', 'abc', '-1', '1.5', '0.3k', '1e6', '0x10', '1q', '01', '9007199254740992', '8192t'])(
    'the size "%s"',
    async (size) => {
      const path = fresh();
      await expectFailure(['creat', `--size=${size}`, path], {
        status: 2,
        code: 'usage',
        says: ['--size', `"${size}"`],
      });
      expect(exists(path)).toBe(false);
    },
  );

  test('no size, no file, an unknown flag', async () => {
    await expectFailure(['creat', fresh()], { status: 2, code: 'usage', says: ['size'], hint: '--help' });
    await expectFailure(['creat', '-s', '1'], { status: 2, code: 'usage', says: ['FILE'], hint: '--help' });
    const unknown = ['creat', '-s', '1', '--nonsense', fresh()];
    await expectFailure(unknown, { status: 2, code: 'usage', says: ['--nonsense'], hint: '--help' });
  });

  test('more than is free, in all or in one piece', async () => {
    const small = await scratch.makeDevice('4g');
    const at = await scratch.mounted(small);
    const failure = { status: 1, code: 'device-full', says: ['big', small, 'bytes are free'] } as const;
    await expectFailure(['creat', '-s', '4g', `${at}/big`], failure);
    await famfsOk(['creat', '--no-sync', '-s', '3g', `${at}/most`]);
    await expectFailure(['creat', '-s', '2g', `${at}/big`], failure);
    await expectFailure(['creat', '-s', '1000m', '-N', '2', '-B', '2', `${at}/big`], failure);
    expect(exists(`${at}/big`)).toBe(false);
    await famfsOk(['creat', '--no-sync', '-s', '1014m', `${at}/rest`]);
    await expectFailure(['creat', '-s', '0', `${at}/big`], failure);
    await expectClean(at);
  });

  test('a missing parent, and one that is a file', async () => {
    const path = fresh();
    await expectFailure(['creat', '-s', '1', `${path}/x`], {
      status: 1,
      code: 'no-parent',
      says: [`${nameOf(path)}/x`, 'does not exist'],
      hint: 'mkdir -p',
    });
    await creat(['-s', '1', path]);
    await expectFailure(['creat', '-s', '1', `${path}/x`], {
      status: 1,
      code: 'no-parent',
      says: [`${nameOf(path)}/x`, 'not a directory'],
    });
  });

  test.each(['.meta/x', '.meta/.log', '.meta'])('%s, which belongs to the file system', async (path) => {
    await expectFailure(['creat', '-s', '1', `${mount}/${path}`], {
      status: 1,
      code: 'bad-path',
      says: [path],
    });
  });

  test('a path of 80 bytes', async () => {
    const path = `${mount}/${'m'.repeat(80)}`;
    await expectFailure(['creat', '-s', '1', path], { status: 1, code: 'path-too-long', says: ['80 bytes'] });
  });

  test('the mount point itself', async () => {
    await expectFailure(['creat', '-s', '1', mount], { status: 1, code: 'exists', says: [mount] });
  });

  test('a name with a slash behind it', async () => {
    const path = fresh();
    await expectFailure(['creat', '-s', '1', `${path}/`], {
      status: 1,
      code: 'bad-path',
      says: [nameOf(path)],
    });
  });

  test('a path elsewhere', async () => {
    const path = scratch.path('elsewhere');
    await expectFailure(['creat', '-s', '1', path], { status: 1, code: 'not-mounted', says: [path] });
    expect(exists(path)).toBe(false);
  });

  test('a client', async () => {
    const failure = { status: 1, code: 'not-owner', says: [device, CLIENT], hint: 'owner' } as const;
    await expectFailure(['creat', '-s', '1', fresh()], failure, { host: CLIENT });
  });
});

test('all of this leaves a file system with nothing wrong', async () => {
  await expectClean(mount);
});

test('a file with a slash behind its name is none, for all verbs', async () => {
  const { mount: at } = await scratch.mountedDevice('4g');
  await famfsOk(['creat', '--no-sync', '-s', '1', `${at}/file`]);
  const failure = { status: 1, code: 'no-parent', says: [`${at}/file/: is not a directory`] } as const;
  await expectFailure(['creat', '-s', '1', `${at}/file/`], failure);
  await expectFailure(['getmap', `${at}/file/`], failure);
  expect((await famfs(['cat', `${at}/file/`])).status).toBe(1);
  const digest = await famfs(['digest', `${at}/file/`]);
  expect(digest).toMatchObject({ status: 3, stderr: expect.stringContaining('is not a directory') });
  await famfsOk(['mkdir', '--no-sync', `${at}/directory/`]);
  await famfsOk(['ls', `${at}/directory/`]);
});
