import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { LogplayResult } from '../../src/operations/logplay';
import type { MountResult } from '../../src/operations/mount';
import {
  damage,
  headerField,
  type Image,
  makeImage,
  mkdir,
  superblockField,
  TYPICAL,
  typicalEntries,
  writeImage,
} from '../support/images';
import { CLIENT, commandOk, famfs, famfsOk, shell, start } from '../support/run';
import { appendUnseen } from '../support/run-device';
import { expectClean, expectFailure, expectQuiet } from '../support/run-expect';
import { exists, put } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { holdLock, processesWithOpen } from '../support/run-signals';

const scratch = scratchEach();
/** Flags of every mount here: its server's log is not to be found elsewhere. */
const log = (): string[] => ['--no-sync', '--log-file', scratch.path('server.log')];

/** An image with one of everything but what is on a second device. */
function onOneDevice(): Image {
  const entries = typicalEntries().filter((_entry, i) => i !== TYPICAL.addDaxdev && i !== TYPICAL.remoteFile);
  return makeImage({ entries });
}

describe('mount', () => {
  test('says what it mounted, and umount ends it', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const mounted = await famfs(['mount', ...log(), device, at]);
    expectQuiet(mounted);
    expect(mounted.stdout).toBe(`${device} is mounted on ${at} (owner): 0 files, 0 directories\n`);
    expect(readdirSync(`${at}/.meta`).sort()).toEqual(['.log', '.superblock']);
    const unmounted = await famfs(['umount', at]);
    expectQuiet(unmounted);
    expect(unmounted.stdout).toBe(`${at} is unmounted\n`);
    expect(mountsBelow(scratch.root)).toEqual([]);
    await famfsOk(['mkfs', '--force', device]);
  });

  test('its name on a terminal does nothing, whoever prints it', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('m\x1b[2J\x07nt');
    const shown = scratch.path('m\\x1b[2J\\x07nt');
    const printed = async (...args: string[]) => {
      const { stdout, stderr } = await famfs(args);
      return stdout + stderr;
    };
    expect(await printed('mount', ...log(), device, at)).toContain(` is mounted on ${shown} (owner)`);
    for (const args of [['df'], ['status'], ['fsck', device], ['mkfs', '--force', device], ['info', at]]) {
      const text = await printed(...args);
      expect(text).toContain(shown);
      expect(text).not.toContain('\x07');
    }
    expect(await printed('ls', `${at}2`)).toContain(`${shown}2: `);
    expect((await famfs(['df', '--json'])).stdout).toContain(JSON.stringify(at));
    expect(await printed('umount', at)).toBe(`${shown} is unmounted\n`);
    expect(readFileSync(scratch.path('server.log'), 'utf8')).not.toContain('\x07');
  });

  test('says the same as JSON', async () => {
    const device = scratch.path('device.img');
    writeImage(device, onOneDevice());
    const at = scratch.directory('mnt');
    const run = await famfs(['mount', '--json', ...log(), device, at]);
    expectQuiet(run);
    const { pid, ...result } = run.json<MountResult>();
    expect(result).toEqual({
      device,
      directory: at,
      role: 'owner',
      files: 9,
      directories: 2,
      notServed: 0,
      logFile: scratch.path('server.log'),
    });
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(at);
    expect((await famfs(['umount', '--json', at])).json()).toEqual({ device, directory: at });
    expect(processesWithOpen(device)).toEqual([]);
  });

  test('on a client says so', async () => {
    const device = await scratch.makeDevice('4g');
    const run = await famfsOk(['mount', ...log(), device, scratch.directory('mnt')], { host: CLIENT });
    expect(run.stdout).toContain('(client)');
  });

  test('tells of entries that are not served', async () => {
    const device = scratch.path('device.img');
    const image = onOneDevice();
    image.store.store(2 ** 21 + 48 + 50, Buffer.from([1]));
    writeImage(device, image);
    const at = scratch.directory('mnt');
    const run = await famfsOk(['mount', ...log(), device, at]);
    expect(run.stderr).toMatch(
      /^famfs: 1 log entries are damaged and not served; famfs fsck .* tells more\n$/,
    );
    expect(run.stdout).toContain('8 files');
  });

  test('-o ro mounts read-only, also among others and as -oro', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    for (const options of [['-o', 'ro'], ['-oro'], ['-o', 'rw,ro'], ['-o', 'rw', '-o', 'ro']]) {
      await famfsOk(['mount', ...log(), ...options, device, at]);
      expect((await shell(`findmnt -no options ${at}`)).stdout).toMatch(/\bro\b/);
      await famfsOk(['umount', at]);
    }
  });

  test('a relative device and directory', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    await famfsOk(['mount', ...log(), basename(device), 'mnt'], { cwd: scratch.root });
    expect(mountsBelow(scratch.root)).toEqual([at]);
    await famfsOk(['umount', 'mnt'], { cwd: scratch.root });
  });

  test('a directory with a space and a comma in its name', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('a b,c');
    await famfsOk(['mount', ...log(), device, at]);
    await famfsOk(['mkdir', '--no-sync', `${at}/x`]);
    await expectClean(at);
    await famfsOk(['umount', at]);
  });

  test('a device with a space, a comma and a backslash in its name', async () => {
    const device = scratch.path('a b,c\\d.img');
    await famfsOk(['mkfs', '--no-sync', '--create', '4g', device]);
    const at = scratch.directory('mnt');
    await famfsOk(['mount', ...log(), device, at]);
    await famfsOk(['mkdir', '--no-sync', `${at}/x`]);
    expect((await expectClean(at)).device).toBe(device);
  });

  test('--foreground serves until it is told to stop', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const { child, done } = start(['mount', '--foreground', '--no-sync', device, at]);
    await new Promise<void>((resolve) => child.stdout?.once('data', () => resolve()));
    await famfsOk(['mkdir', '--no-sync', `${at}/x`]);
    expect(statSync(`${at}/x`).isDirectory()).toBe(true);
    child.kill('SIGINT');
    const run = await done;
    expect(run).toMatchObject({ status: 0, signal: null });
    expect(run.stdout).toContain('is mounted on');
    expect(mountsBelow(scratch.root)).toEqual([]);
  });
});

describe('mount refuses', () => {
  test('a missing device', async () => {
    const device = scratch.path('missing');
    const failure = { status: 1, code: 'no-device', says: [device, 'no such'] } as const;
    await expectFailure(['mount', ...log(), device, scratch.directory('mnt')], failure);
  });

  test('what is no famfs', async () => {
    const device = put(scratch.path('device.img'), 'x');
    truncateSync(device, 2 ** 32);
    const failure = { status: 1, code: 'not-famfs', says: [device], hint: 'mkfs' } as const;
    await expectFailure(['mount', ...log(), device, scratch.directory('mnt')], failure);
  });

  test('an empty file', async () => {
    const device = put(scratch.path('device.img'), '');
    const failure = { status: 1, code: 'not-famfs', says: [device], hint: 'mkfs' } as const;
    await expectFailure(['mount', ...log(), device, scratch.directory('mnt')], failure);
  });

  test('a damaged superblock', async () => {
    const device = scratch.path('device.img');
    const image = makeImage();
    damage(image, superblockField('crc'), 1, { reseal: false });
    writeImage(device, image);
    const failure = {
      status: 1,
      code: 'bad-superblock',
      says: [device, 'sb-crc'],
      hint: 'famfs fsck',
    } as const;
    await expectFailure(['mount', ...log(), device, scratch.directory('mnt')], failure);
    expect(mountsBelow(scratch.root)).toEqual([]);
  });

  test('what has no log, though entries may be where it was', async () => {
    const device = scratch.path('device.img');
    const image = makeImage({ entries: [mkdir('directory')] });
    damage(image, headerField('magic'), 0, { reseal: true });
    writeImage(device, image);
    const failure = { status: 1, code: 'bad-log', says: [device, 'log-magic'], hint: 'famfs fsck' } as const;
    const at = scratch.directory('mnt');
    await expectFailure(['mount', ...log(), device, at], failure);
    expect(mountsBelow(scratch.root)).toEqual([]);
  });

  test('a directory that is mounted on', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const other = await scratch.makeDevice('4g');
    const failure = { status: 1, code: 'already-mounted', says: [mount, device] } as const;
    await expectFailure(['mount', ...log(), other, mount], failure);
  });

  test('a missing directory', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.path('nowhere');
    const failure = { status: 1, code: 'mount-failed', says: [at, 'ENOENT'], hint: 'must exist' } as const;
    await expectFailure(['mount', ...log(), device, at], failure);
  });

  test('a file as the directory', async () => {
    const device = await scratch.makeDevice('4g');
    const at = put(scratch.path('file'), '');
    const failure = { status: 1, code: 'mount-failed', says: [at, 'not a directory'] } as const;
    await expectFailure(['mount', ...log(), device, at], failure);
  });

  test.each(['nonsense', 'ro,nonsense', 'dax=maybe', 'set-daxmode=famfs', 'poll=2147484', ''])(
    '-o "%s"',
    async (options) => {
      const device = await scratch.makeDevice('4g');
      const args = ['mount', ...log(), '-o', options, device, scratch.directory('mnt')];
      await expectFailure(args, { status: 2, code: 'usage', says: ['-o', options.split(',').at(-1) ?? ''] });
      expect(mountsBelow(scratch.root)).toEqual([]);
    },
  );

  test.each([
    ['--set-daxmode', 'devdax'],
    ['-o', 'ro,set-daxmode=devdax'],
  ])('%s %s of what is no DAX device', async (...args) => {
    const device = await scratch.makeDevice('4g');
    await expectFailure(['mount', ...log(), ...args, device, scratch.directory('mnt')], {
      status: 1,
      code: 'no-device',
      says: [device, 'not a DAX device'],
      hint: 'leave --set-daxmode out',
    });
  });

  test('a log level that there is not', async () => {
    const args = ['mount', '--log-level', 'loud', '/dev/null', scratch.root];
    await expectFailure(args, { status: 2, code: 'usage', says: ['--log-level', 'loud'] });
  });

  test('more seconds between looks at the log than a timer can wait', async () => {
    const args = ['mount', '--poll', '2147484', '/dev/null', scratch.root];
    await expectFailure(args, { status: 2, code: 'usage', says: ['2147484', '2147483'] });
  });

  test('a log file that cannot be written', async () => {
    const device = await scratch.makeDevice('4g');
    const file = `${put(scratch.path('file'), '')}/log`;
    const args = ['mount', '--log-file', file, device, scratch.directory('mnt')];
    await expectFailure(args, {
      status: 1,
      code: 'mount-failed',
      says: [file],
      hint: '--log-file',
    });
  });

  test('a malformed system UUID', async () => {
    const device = await scratch.makeDevice('4g');
    const args = ['mount', ...log(), device, scratch.directory('mnt')];
    const failure = { status: 1, code: 'system-uuid', says: ['FAMFS_SYSTEM_UUID'] } as const;
    await expectFailure(args, failure, { host: 'nonsense' });
    expect(mountsBelow(scratch.root)).toEqual([]);
  });

  test('missing arguments', async () => {
    await expectFailure(['mount'], {
      status: 2,
      code: 'usage',
      says: ['DEVICE', 'DIRECTORY'],
      hint: '--help',
    });
    await expectFailure(['mount', 'x'], { status: 2, code: 'usage', says: ['DIRECTORY'], hint: '--help' });
  });
});

describe('umount refuses', () => {
  test('a directory that is no mount', async () => {
    const failure = { status: 1, code: 'not-mounted', says: [scratch.root, 'mounted'] } as const;
    await expectFailure(['umount', scratch.root], failure);
  });

  test('a directory below the mount point', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const below = `${mount}/below`;
    await famfsOk(['mkdir', '--no-sync', below]);
    await expectFailure(['umount', below], { status: 1, code: 'not-mounted', says: [below] });
    await expectClean(mount);
  });

  test('a directory that does not exist', async () => {
    const path = scratch.path('nowhere');
    await expectFailure(['umount', path], { status: 1, code: 'not-mounted', says: [path] });
  });

  test('a mount of another file system', async () => {
    const at = scratch.directory('tmpfs');
    await commandOk('mount', ['-t', 'tmpfs', 'tmpfs', at]);
    await expectFailure(['umount', at], { status: 1, code: 'not-mounted', says: [at] });
    expect(mountsBelow(scratch.root)).toEqual([at]);
  });

  test('one that is in use, which goes on to work', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const failure = { status: 1, code: 'unmount-failed', says: [mount, 'busy'], hint: 'fuser' } as const;
    await expectFailure(['umount', mount], failure, { cwd: mount });
    await famfsOk(['mkdir', '--no-sync', `${mount}/x`]);
    await expectClean(mount);
  });

  test('a user whose mount it is not', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const failure = { status: 1, code: 'no-permission', says: [mount, 'user 0'] } as const;
    await expectFailure(['umount', mount], failure, { uid: 65_534, gid: 65_534 });
    await expectClean(mount);
  });

  test('nothing at all', async () => {
    await expectFailure(['umount'], { status: 2, code: 'usage', says: ['DIRECTORY'], hint: '--help' });
  });
});

describe('logplay', () => {
  test('says what is served', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    await famfsOk(['mkdir', '--no-sync', '-p', `${mount}/a/b`]);
    await famfsOk(['creat', '--no-sync', '-s', '1', `${mount}/a/c`]);
    const run = await famfs(['logplay', mount]);
    expectQuiet(run);
    expect(run.stdout).toBe(`${mount}: 3 entries, 1 file, 2 directories\n`);
    const json = (await famfs(['logplay', '--json', mount])).json<LogplayResult>();
    expect(json).toEqual({ directory: mount, entries: 3, files: 1, directories: 2, notServed: 0 });
  });

  test('--dry-run tells how much is not taken up', async () => {
    const device = await scratch.makeDevice('4g');
    const mount = await scratch.mounted(device, ['--poll', '0']);
    const ahead = async () =>
      (await famfsOk(['logplay', '-n', '--json', mount])).json<LogplayResult>().pending;
    expect(await ahead()).toBe(0);
    appendUnseen(device, mkdir('late'));
    expect(await ahead()).toBe(1);
    expect((await famfsOk(['logplay', '-n', mount])).stdout).toContain('\n1 entry to take up\n');
    await famfsOk(['logplay', mount]);
    expect(await ahead()).toBe(0);
  });

  test('works on a client and for an empty file system', async () => {
    const device = await scratch.makeDevice('4g');
    const at = await scratch.mounted(device, [], { host: CLIENT });
    expect((await famfs(['logplay', at], { host: CLIENT })).stdout).toContain('0 entries');
  });

  test('refuses what is no mount', async () => {
    const failure = { status: 1, code: 'not-mounted', says: [scratch.root] } as const;
    await expectFailure(['logplay', scratch.root], failure);
    const device = await scratch.makeDevice('4g');
    await expectFailure(['logplay', device], {
      status: 1,
      code: 'not-mounted',
      says: [device],
      hint: 'mount',
    });
    const missing = scratch.path('missing');
    await expectFailure(['logplay', missing], { status: 1, code: 'no-device', says: [missing] });
    await expectFailure(['logplay'], { status: 2, code: 'usage', says: ['DIRECTORY'] });
  });
});

test('verbs wait for the lock that another one holds, and say so', async () => {
  const { device, mount } = await scratch.mountedDevice('4g');
  const lock = await holdLock(device, scratch);
  const { child, done } = start(['mkdir', '--no-sync', `${mount}/x`]);
  const told = await once(child.stderr as Readable, 'data');
  expect(String(told)).toMatch(`famfs: ${device}: waiting for the lock that process `);
  expect(exists(`${mount}/x`)).toBe(false);
  await lock.release();
  expect(await done).toMatchObject({ status: 0 });
  expect(exists(`${mount}/x`)).toBe(true);
});
