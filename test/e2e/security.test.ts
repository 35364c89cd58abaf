import { chmodSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../../src/log/entry';
import { file, makeImage, mkdir, Space, writeImage } from '../support/images';
import { commandOk, famfs, famfsOk, type RunOptions } from '../support/run';
import { codesOf, fsck } from '../support/run-expect';
import { exists, modeOf, namesIn } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { runDirectoryOf } from '../support/run-server';
import { processesWithOpen } from '../support/run-signals';

/** What docs/SECURITY.md claims of mounts, of hostile logs, and of who may ask a server. */

const NOBODY: RunOptions = { uid: 65_534, gid: 65_534 };
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFBLK = 0o060000;
const S_IFCHR = 0o020000;
const S_IFLNK = 0o120000;

describe('a mount', () => {
  const scratch = scratchEach();

  test.each([[[]], [['-o', 'suid,dev']], [['-o', 'suid', '-o', 'dev,exec']]])(
    'with %j is nosuid,nodev',
    async (options) => {
      const at = await scratch.mounted(await scratch.makeDevice('4g'), options);
      const shown = (await commandOk('findmnt', ['-n', '-o', 'OPTIONS', at])).stdout.trim().split(',');
      expect(shown).toEqual(expect.arrayContaining(['nosuid', 'nodev']));
    },
  );

  test("runs a program whose set-user-ID bit is logged, without root's rights", async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const program = join(mount, 'id');
    await famfsOk(['cp', '--no-sync', '-m', '4755', '/usr/bin/id', program]);
    expect(modeOf(program)).toBe(0o4755);
    expect((await commandOk(program, ['-u'], NOBODY)).stdout).toBe('65534\n');
    chmodSync(program, 0o6755);
    expect((await commandOk(program, ['-u'], NOBODY)).stdout).toBe('65534\n');
  });
});

describe('an entry of the log', () => {
  const scratch = scratchEach();

  /** A file system with these entries, which no verb would log. */
  async function mounted(entries: LogEntry[]): Promise<{ device: string; mount: string }> {
    const device = scratch.path('device.img');
    writeImage(device, makeImage({ entries }));
    return { device, mount: await scratch.mounted(device) };
  }

  test.each(['uid', 'gid'])('whose %s no kernel has keeps root from nothing', async (id) => {
    const nobodys = { [id]: 2 ** 32 - 1 };
    const entries = [
      mkdir('directory', 0o700, nobodys),
      file('directory/file', 100, new Space().simple(100), { mode: 0o600, ...nobodys }),
    ];
    const { mount } = await mounted(entries);
    expect(namesIn(join(mount, 'directory'))).toEqual(['file']);
    expect(readFileSync(join(mount, 'directory/file'))).toHaveLength(100);
    expect(lstatSync(join(mount, 'directory/file'))).toMatchObject({ uid: 0, gid: 0, [id]: 65_534 });
  });

  test.each([
    ['a block device', S_IFBLK | 0o666],
    ['a character device', S_IFCHR | 0o666],
    ['a symbolic link', S_IFLNK | 0o777],
  ])('that has the mode of %s is a plain file or a directory, with no rights beyond', async (_what, mode) => {
    const space = new Space();
    const entries = [
      file('node', 100, space.simple(100), { mode }),
      mkdir('directory', mode),
      mkdir('sound'),
    ];
    const { mount } = await mounted(entries);
    const [node, directory] = [lstatSync(join(mount, 'node')), lstatSync(join(mount, 'directory'))];
    expect([node.mode, directory.mode]).toEqual([S_IFREG | (mode & 0o7777), S_IFDIR | (mode & 0o7777)]);
    expect(readFileSync(join(mount, 'node'))).toHaveLength(100);
    const { findings } = await fsck(mount, 0);
    expect(codesOf(findings)).toEqual(['file-mode', 'file-mode']);
  });

  const outside = [
    '..',
    '../escaped',
    'a/../../escaped',
    '/etc/escaped',
    '/tmp/escaped',
    'a//escaped',
    './escaped',
    'a/.',
    '',
    '.meta/.superblock',
  ];
  test.each(outside)(
    'whose path is %j stays out of the tree, of exports and of the library',
    async (path) => {
      const space = new Space();
      const bad = file(path, 100, space.simple(100));
      const { device, mount } = await mounted([mkdir('a'), bad, mkdir('sound')]);
      expect(namesIn(mount)).toEqual(['a', 'sound']);
      expect(readdirSync(join(mount, 'a'))).toEqual([]);
      const to = scratch.directory('below', 'export');
      await famfs(['export', device, '/', join(to, 'tree')]);
      const made = (await commandOk('find', [scratch.path('below'), '-type', 'f'])).stdout;
      expect(made).toBe('');
      expect(exists(scratch.path('below', 'escaped'))).toBe(false);
      expect((await fsck(mount, 4)).errors).toBeGreaterThan(0);
    },
  );

  test('whose path is markup is text on the page of famfs map', async () => {
    const [device, page] = [scratch.path('device.img'), scratch.path('map.html')];
    const space = new Space();
    const path = '<b></script><script>alert(1)<!--';
    const twice = space.simple(100);
    writeImage(device, makeImage({ entries: [file(path, 100, twice), file(`${path}2`, 100, twice)] }));
    await famfsOk(['map', '--html', page, device]);
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('alert(1)');
    expect(html).not.toMatch(/<script>alert|<b>|<!--/);
  });

  test('whose path goes on behind a NUL ends there', async () => {
    const space = new Space();
    const bad = file(Buffer.from('name\0/../../escaped'), 100, space.simple(100));
    const { mount } = await mounted([mkdir('a'), bad, mkdir('sound')]);
    expect(namesIn(mount).filter((name) => !['a', 'name', 'sound'].includes(name))).toEqual([]);
  });
});

describe('what a mount keeps outside of the device', () => {
  const scratch = scratchEach();

  test('is for its user alone to write, and the control socket to use', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const run = await runDirectoryOf(mount);
    expect(modeOf('/run/famfs') & 0o022).toBe(0);
    expect(modeOf(run) & 0o022).toBe(0);
    for (const name of readdirSync(run)) expect(modeOf(join(run, name)) & 0o022).toBe(0);
    expect(modeOf(join(run, 'control'))).toBe(0o600);
    const logs = readdirSync(scratch.root).filter((name) => name.endsWith('.log'));
    expect(logs).toHaveLength(1);
    for (const name of logs) expect(modeOf(scratch.path(name)) & 0o022).toBe(0);
    expect(processesWithOpen(device).length).toBeGreaterThan(0);
  });

  test('has a control socket that another user cannot ask', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const socket = join(await runDirectoryOf(mount), 'control');
    const script = `require('net').connect(process.argv[1]).on('error', (e) => console.log(e.code))`;
    const { stdout } = await commandOk(process.execPath, ['-e', script, socket], NOBODY);
    expect(stdout).toBe('EACCES\n');
  });

  test('has no file in the directory for temporary ones', async () => {
    const temporary = scratch.directory('tmp');
    const options = { env: { TMPDIR: temporary } };
    const device = await scratch.makeDevice('4g', [], options);
    const mount = await scratch.mounted(device, [], options);
    await famfsOk(['creat', '--no-sync', '-r', '-s', '1m', join(mount, 'x')], options);
    await famfsOk(['map', '--html', scratch.path('map.html'), device], options);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
