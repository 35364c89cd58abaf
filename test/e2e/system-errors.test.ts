import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfsOk, shell } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { namesIn, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { inNamespace, readFailure, runDirectoryOf, statusOf, until } from '../support/run-server';

const FAMFS = join(__dirname, '../../bin/famfs');

describe('mounting', () => {
  const scratch = scratchEach();
  const mountArgs = () => ['mount', '--no-sync', '--log-file', scratch.path('server.log')];

  test('on a directory that is not empty hides what is in it, and loses nothing', async () => {
    const device = await scratch.makeDevice('4g');
    const file = put(scratch.path('mnt/file'), 'underneath');
    const mount = await scratch.mounted(device, [], { at: scratch.path('mnt') });
    expect(namesIn(mount)).toEqual([]);
    await famfsOk(['mkdir', '--no-sync', join(mount, 'x')]);
    await famfsOk(['umount', mount]);
    expect(readFileSync(file, 'utf8')).toBe('underneath');
    expect(namesIn(mount)).toEqual(['file']);
  });

  test('where /dev/fuse is something else says so', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const fake = put(scratch.path('not-fuse'), '');
    const run = await inNamespace(`mount --bind ${fake} /dev/fuse; ${FAMFS} mount ${device} ${at}`);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(
      /^famfs: \/dev\/fuse: not the FUSE device, so nothing can be mounted\n.*modprobe/,
    );
  });

  test('where /dev/fuse is missing says so', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const run = await inNamespace(`mount -t tmpfs tmpfs /dev; ${FAMFS} mount ${device} ${at}`);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^famfs: \/dev\/fuse: cannot be opened: ENOENT/);
  });

  test.each([
    ['/run', 'mount --rbind /run /run; mkdir -p /run/famfs; mount -o remount,bind,ro /run', '/run/famfs/0-'],
    ['/run, and empty,', 'mount -t tmpfs -o ro tmpfs /run', '/run/famfs: '],
    ['/var/log', 'mount -t tmpfs -o ro tmpfs /var/log', '.log: '],
  ])('where %s is read-only says so', async (_where, prepare, named) => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const run = await inNamespace(`${prepare}; ${FAMFS} mount ${device} ${at} || ! mountpoint ${at}`);
    expect(run).toMatchObject({ status: 0, stdout: expect.stringContaining('not a mountpoint') });
    expect(run.stderr).toMatch(/^famfs: [^\n]*EROFS[^\n]*\n( {7}[^\n]*\n){1,2}$/);
    expect(run.stderr).toContain(named);
  });

  test('without /proc says so', async () => {
    const device = await scratch.makeDevice('4g');
    const run = await inNamespace(`mount -t tmpfs tmpfs /proc; ${FAMFS} fsck ${device}`);
    expect(run.status).toBe(8);
    expect(run.stderr).toMatch(
      /^famfs: \/proc\/self\/mountinfo: cannot be read: ENOENT\n.*mount -t proc proc \/proc\n$/,
    );
  });

  test('without the right to mount tells the reason of the system', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const drop = ['--bounding-set=-sys_admin', '--inh-caps=-sys_admin', FAMFS];
    const run = await command('setpriv', [...drop, ...mountArgs(), device, at]);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(
      /^famfs: .*mnt: FUSE mount failed: fusermount3: mount failed: .*not permitted/,
    );
  });

  test('a device that mkfs works on says that it is locked', async () => {
    const device = put(scratch.path('device.img'), '');
    await commandOk('truncate', ['-s', '4g', device]);
    const ready = scratch.path('locked');
    const lock = shell(
      `exec 9<>${device}; flock 9; touch ${ready}; until [ -e ${ready}.go ]; do sleep 0.02; done`,
    );
    await until('it is locked', () => existsSync(ready));
    const failure = { status: 1, code: 'device-locked', says: [device], hint: 'mkfs' } as const;
    await expectFailure([...mountArgs(), device, scratch.directory('mnt')], failure);
    put(`${ready}.go`, '');
    await lock;
    const after = { status: 1, code: 'not-famfs', says: [device] } as const;
    await expectFailure([...mountArgs(), device, scratch.directory('mnt')], after);
  });

  test('goes on while another verb holds the lock of a device with a file system', async () => {
    const device = await scratch.makeDevice('4g');
    const ready = scratch.path('locked');
    const lock = shell(
      `exec 9<>${device}; flock 9; touch ${ready}; until [ -e ${ready}.go ]; do sleep 0.02; done`,
    );
    await until('it is locked', () => existsSync(ready));
    expect(namesIn(await scratch.mounted(device))).toEqual([]);
    put(`${ready}.go`, '');
    await lock;
  });
});

describe('a supervisor that is killed', () => {
  const scratch = scratchEach();

  test('leaves a mount that answers ENOTCONN, of which famfs status and famfs mount tell, and umount ends', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await famfsOk(['creat', '--no-sync', '-s', '1', join(mount, 'x')]);
    process.kill((await statusOf(mount)).pid, 'SIGKILL');
    await until('reads fail', () => readFailure(join(mount, 'x')) === 'ENOTCONN');
    const dead = { status: 1, code: 'no-server', says: [mount, 'dead'], hint: 'famfs umount' } as const;
    await expectFailure(['status', mount], dead);
    const args = ['mount', '--no-sync', device, mount];
    await expectFailure(args, { status: 1, code: 'already-mounted', says: [mount] });
    await commandOk('umount', [mount]);
    await scratch.mounted(device, [], { at: mount });
    expect(namesIn(mount)).toEqual(['x']);
  });

  test('leaves nothing behind that a later mount does not remove', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const stale = `/run/famfs/stale-${process.pid}`;
    await commandOk('cp', ['-r', await runDirectoryOf(mount), stale]);
    const state = JSON.parse(readFileSync(join(stale, 'server.json'), 'utf8'));
    writeFileSync(join(stale, 'server.json'), JSON.stringify({ ...state, pid: 2 ** 22 }));
    try {
      await famfsOk(['umount', mount]);
      await scratch.mounted(device, [], { at: mount });
      expect(existsSync(stale)).toBe(false);
    } finally {
      rmSync(stale, { recursive: true, force: true });
    }
  });
});
