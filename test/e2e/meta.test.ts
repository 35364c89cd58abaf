import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfs, famfsOk } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { creat, eventually, python, readAt } from './helpers';

const MIB = 2 ** 20;
const UNIT = 2 * MIB;
const SUPERBLOCK = 2 * MIB;

describe.each([
  ['the usual log', 8 * MIB, []],
  ['a log of 32 MiB', 32 * MIB, ['--loglen', '32m']],
])('.meta with %s', (_what, logLength, mkfsArgs) => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice('8g', mkfsArgs));
    for (const name of ['a', 'b', 'c']) await creat(join(mount, name), 100);
  });

  test('lists the superblock and the log, read-only and of their sizes', async () => {
    const { stdout } = await commandOk('ls', ['-la', '--time-style=+', join(mount, '.meta')]);
    const fields = stdout
      .trim()
      .split('\n')
      .slice(3)
      .map((line) => line.split(/\s+/));
    expect(fields.sort((a, b) => (a[5] as string).localeCompare(b[5] as string))).toEqual([
      ['-r--r--r--', '1', 'root', 'root', String(logLength), '.log'],
      ['-r--r--r--', '1', 'root', 'root', String(SUPERBLOCK), '.superblock'],
    ]);
    expect((await commandOk('ls', ['-A', mount])).stdout).toBe('.meta\na\nb\nc\n');
  });

  test('has the bytes of the device, also those appended since', async () => {
    const superblock = readFileSync(join(mount, '.meta/.superblock'));
    expect(superblock.equals(readAt(device, 0, SUPERBLOCK))).toBe(true);
    const before = readFileSync(join(mount, '.meta/.log'));
    expect(before.equals(readAt(device, SUPERBLOCK, logLength))).toBe(true);
    await famfsOk(['mkdir', join(mount, 'later')]);
    const after = readFileSync(join(mount, '.meta/.log'));
    expect(after.equals(readAt(device, SUPERBLOCK, logLength))).toBe(true);
    expect(after.equals(before)).toBe(false);
    await commandOk('cmp', [
      `--bytes=${logLength}`,
      `--ignore-initial=0:${SUPERBLOCK}`,
      join(mount, '.meta/.log'),
      device,
    ]);
  });

  test.each(['.meta/.superblock', '.meta/.log'])('%s cannot be written or changed', async (name) => {
    const results = await python<unknown[]>(
      `
answers = [attempt(lambda: os.open(args[0], flag)) for flag in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC)]
answers += [attempt(lambda: os.chmod(args[0], 0o644)), attempt(lambda: os.truncate(args[0], 0))]
answer(answers)
`,
      [join(mount, name)],
    );
    expect(results).toEqual(Array(5).fill('EPERM'));
  });

  test('is closed to the verbs that create', async () => {
    for (const args of [
      ['creat', '-s', '1', join(mount, '.meta/new')],
      ['mkdir', join(mount, '.meta/new')],
      ['cp', '/bin/true', join(mount, '.meta')],
      ['cp', '/bin/true', join(mount, '.meta/.log')],
    ]) {
      const run = await famfs([...args, '--json']);
      expect(run.status).not.toBe(0);
    }
    expect((await commandOk('ls', ['-A', join(mount, '.meta')])).stdout).toBe('.log\n.superblock\n');
  });

  test('df counts what is behind the log, in units', async () => {
    const df = async () => {
      const { stdout } = await commandOk('df', [
        '-B1',
        '--output=size,used,avail,itotal,iused,iavail',
        mount,
      ]);
      return (stdout.trim().split('\n')[1] as string).trim().split(/\s+/).map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
    };
    const [size, used, avail, itotal, iused] = await df();
    expect(size).toBe(8 * 2 ** 30 - SUPERBLOCK - logLength);
    expect(used).toBe(3 * UNIT);
    expect(used + avail).toBe(size);
    expect(itotal).toBe(Math.floor((logLength - 48) / 544));
    await creat(join(mount, 'small'), 1);
    expect(await df()).toEqual([size, used + UNIT, avail - UNIT, itotal, iused + 1, itotal - iused - 1]);
    await creat(join(mount, 'larger'), 2 * UNIT + 1);
    expect(await df()).toEqual([
      size,
      used + 4 * UNIT,
      avail - 4 * UNIT,
      itotal,
      iused + 2,
      itotal - iused - 2,
    ]);
    await famfsOk(['mkdir', join(mount, 'directory')]);
    expect(await df()).toEqual([
      size,
      used + 4 * UNIT,
      avail - 4 * UNIT,
      itotal,
      iused + 3,
      itotal - iused - 3,
    ]);
  });

  test('statfs tells the longest name and the type', async () => {
    const { stdout } = await commandOk('stat', ['-f', '-c', '%l %S', mount]);
    expect(stdout).toBe('79 4096\n');
    const { stdout: type } = await commandOk('findmnt', ['-n', '-o', 'FSTYPE,SOURCE', mount]);
    expect(type.trim().split(/\s+/)).toEqual(['fuse.famfs', device]);
  });
});

describe('what stat tells', () => {
  const scratch = scratchAll();
  const sizes = new Map([
    ['first', 1],
    ['empty', 0],
    ['unit', UNIT],
    ['more', UNIT + 1],
    ['large', 11 * MIB],
  ]);
  const directories = ['d', 'd/one', 'd/two', 'd/two/deep'];
  let device: string;
  let mount: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice());
    for (const [name, size] of sizes) await creat(join(mount, name), size);
    for (const directory of directories) await famfsOk(['mkdir', join(mount, directory)]);
    await creat(join(mount, 'd/two/file'), 5);
  });

  const names = () => [...sizes.keys(), ...directories, 'd/two/file'];
  const same = () => {
    test('inode numbers are those of log entries', () => {
      expect(names().map((name) => statSync(join(mount, name)).ino)).toEqual(names().map((_, i) => 16 + i));
      expect(statSync(mount).ino).toBe(1);
    });

    test('listings have the same inode numbers', async () => {
      const { stdout } = await commandOk('ls', ['-i', '-1', '-U', mount]);
      const listed = stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(' '));
      for (const [ino, name] of listed) expect(statSync(join(mount, name as string)).ino).toBe(Number(ino));
      expect(listed).toHaveLength(sizes.size + 1);
    });

    test('link counts: one of a file, two and one for each directory in it of a directory', async () => {
      const links = (name: string) => statSync(join(mount, name)).nlink;
      await eventually(
        'three links of d/two, which the kernel knows from before',
        () => links('d/two') === 3,
      );
      expect(links('first')).toBe(1);
      expect(directories.map(links)).toEqual([4, 2, 3, 2]);
      expect(links('')).toBe(2 + 2); // .meta and d
      expect(links('.meta')).toBe(2);
    });

    test('sizes, and what is taken on the device', async () => {
      for (const [name, size] of sizes) {
        const stat = statSync(join(mount, name));
        const units = Math.max(1, Math.ceil(size / UNIT));
        expect({ name, size: stat.size, blocks: stat.blocks }).toEqual({
          name,
          size,
          blocks: (units * UNIT) / 512,
        });
        const du = await commandOk('du', ['-B1', join(mount, name)]);
        expect(du.stdout.split('\t')[0]).toBe(String(units * UNIT));
        const apparent = await commandOk('du', ['-b', join(mount, name)]);
        expect(apparent.stdout.split('\t')[0]).toBe(String(size));
      }
    });
  };

  describe('as created', same);

  describe('after an unmount and a mount', () => {
    beforeAll(async () => {
      await famfsOk(['umount', mount]);
      await scratch.mounted(device, [], { at: mount });
    });
    same();
  });

  test('find by link count, type and size', async () => {
    const { stdout } = await command(
      'find',
      ['.', '-name', '.meta', '-prune', '-o', '-type', 'd', '-print'],
      { cwd: mount },
    );
    expect(stdout.trim().split('\n').sort()).toEqual(['.', ...directories.map((name) => `./${name}`)]);
    const empty = await commandOk('find', ['.', '-type', 'f', '-empty'], { cwd: mount });
    expect(empty.stdout).toBe('./empty\n');
  });
});
