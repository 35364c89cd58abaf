import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfs, famfsOk, OWNER, shell, succeeded } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { namesIn, put } from '../support/run-files';
import { mountsBelow, scratchAll, scratchEach } from '../support/run-scratch';
import { inNamespace, readFailure, runDirectoryOf, statusOf, until } from '../support/run-server';

const ROOT = join(__dirname, '../..');
const FAMFS = join(ROOT, 'bin/famfs');

describe('scripts/install', () => {
  const scratch = scratchEach();
  const install = (...args: string[]) =>
    command(join(ROOT, 'scripts/install'), args, { env: { DESTDIR: scratch.root } });
  const LINKS = ['usr/local/bin/famfs', 'usr/sbin/mkfs.famfs', 'usr/sbin/fsck.famfs', 'usr/sbin/mount.famfs'];

  test('links what works, again without a complaint, and takes only that away', async () => {
    for (let i = 0; i < 2; i++) succeeded(await install());
    for (const link of LINKS) {
      const run = await commandOk(scratch.path(link), ['--help']);
      expect(run.stdout).toContain('USAGE');
    }
    put(scratch.path('usr/sbin/other'), '');
    succeeded(await install('--uninstall'));
    for (const link of LINKS) expect(existsSync(scratch.path(link))).toBe(false);
    expect(existsSync(scratch.path('usr/sbin/other'))).toBe(true);
  });

  test('leaves alone what is not its own', async () => {
    const there = put(scratch.path('usr/sbin/mkfs.famfs'), 'of another package');
    const run = await install();
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`${there} exists and is not a link`);
    expect(existsSync(scratch.path(LINKS[0] as string))).toBe(false);
    succeeded(await install('--uninstall'));
    expect(readFileSync(there, 'utf8')).toBe('of another package');
  });

  test('explains itself', async () => {
    expect((await install('--help')).stdout).toContain('--uninstall');
    expect(await install('--nonsense')).toMatchObject({ status: 2, stdout: '' });
  });
});

describe('mount(8)', () => {
  const scratch = scratchAll();
  const wasThere = lstatSync('/usr/sbin/mount.famfs', { throwIfNoEntry: false }) !== undefined;
  let device: string;
  let at: string;

  beforeAll(async () => {
    if (!wasThere) await commandOk(join(ROOT, 'scripts/install'), []);
    device = await scratch.makeDevice('4g');
    at = scratch.directory('mnt');
  });

  afterAll(async () => {
    if (!wasThere) await commandOk(join(ROOT, 'scripts/install'), ['--uninstall']);
  });

  afterEach(async () => {
    for (const mount of mountsBelow(scratch.root)) await commandOk('umount', [mount]);
  });

  const log = () => `log-file=${scratch.path('server.log')}`;
  const optionsOf = async () => (await commandOk('findmnt', ['-n', '-o', 'OPTIONS', at])).stdout;

  test('mounts with -t famfs, says nothing, and passes options on', async () => {
    const options = `ro,noexec,cache=always,workers=1,${log()},x-own.thing=1`;
    const run = await commandOk('mount', ['-t', 'famfs', device, at, '-o', options]);
    expect(run).toMatchObject({ stdout: '', stderr: '' });
    expect(await optionsOf()).toMatch(/^ro,nosuid,nodev,noexec,/);
    const { cache, readOnly, workers } = await statusOf(at);
    expect({ cache, readOnly, workers: workers.length }).toEqual({
      cache: 'always',
      readOnly: true,
      workers: 1,
    });
  });

  test('says what it does with -v', async () => {
    const run = await commandOk('mount', ['-v', '-t', 'famfs', '-o', log(), device, at]);
    expect(run.stdout).toContain(`${device} is mounted on ${at} (owner)`);
  });

  test('mounts a line of fstab by either of its fields, and all of them once', async () => {
    const fstab = scratch.path('fstab');
    writeFileSync(fstab, `${device} ${at} famfs rw,nofail,_netdev,x-systemd.automount,${log()} 0 0\n`);
    for (const what of [at, device]) {
      await commandOk('mount', ['--fstab', fstab, what]);
      expect(mountsBelow(scratch.root)).toEqual([at]);
      await commandOk('umount', [at]);
    }
    for (let i = 0; i < 2; i++) await commandOk('mount', ['--fstab', fstab, '-a']);
    expect(mountsBelow(scratch.root)).toEqual([at]);
  });

  test('with -f checks and mounts nothing, with -n and -s mounts', async () => {
    await commandOk('mount', ['-f', '-t', 'famfs', '-o', log(), device, at]);
    expect(mountsBelow(scratch.root)).toEqual([]);
    await commandOk('mount', ['-n', '-s', '-t', 'famfs', '-o', `${log()},never-heard-of`, device, at]);
    expect(mountsBelow(scratch.root)).toEqual([at]);
  });

  test('mounts in another mount name space', async () => {
    const holder = spawn('unshare', ['--mount', 'sleep', '60'], { stdio: 'ignore' });
    try {
      const mine = readFileSync('/proc/self/mountinfo', 'utf8');
      await until('the name space is there', async () => {
        const { stdout } = await command('readlink', [`/proc/${holder.pid}/ns/mnt`, '/proc/self/ns/mnt']);
        const [there, here] = stdout.trim().split('\n');
        return there !== here && there !== undefined;
      });
      const args = [device, at, '-v', '-N', `/proc/${holder.pid}/ns/mnt`, '-o', log()];
      expect(succeeded(await famfs(args, { program: 'mount.famfs' })).stdout).toContain('is mounted on');
      expect(mountsBelow(scratch.root)).toEqual([]);
      expect(readFileSync(`/proc/${holder.pid}/mountinfo`, 'utf8')).toContain(` ${at} `);
      expect(mine).not.toContain(` ${at} `);
    } finally {
      holder.kill('SIGKILL');
    }
  });

  test.each([
    ['an option that there is not', () => ['-o', 'never-heard-of', device, at], 'never-heard-of', 2],
    ['remount', () => ['-o', 'remount', device, at], 'remount', 2],
    ['a missing device', () => ['/nowhere', at], '/nowhere', 1],
    ['a missing directory', () => [device, '/nowhere'], '/nowhere', undefined],
  ])('fails for %s, and says why', async (_what, args, says, status) => {
    const run = await command('mount', ['-t', 'famfs', ...args()]);
    expect(run.status).not.toBe(0);
    if (status !== undefined) expect(run.status).toBe(status);
    expect(run.stderr).toContain(says);
    expect(mountsBelow(scratch.root)).toEqual([]);
  });

  test('the unit template is one that systemd takes', async () => {
    const unit = '/etc/systemd/system/famfs@.service';
    if (!existsSync(unit)) return;
    const run = await command('systemd-analyze', ['verify', '--man=no', 'famfs@test.service']);
    expect(`${run.stdout}${run.stderr}`).not.toContain('famfs');
  });
});

/** A socket that takes notifications as a service manager does. */
class NotifySocket {
  #said = '';

  private constructor(private readonly listener: ChildProcess) {
    listener.stdout?.on('data', (lines: Buffer) => {
      this.#said += lines.toString();
    });
  }

  get messages(): string[] {
    return this.#said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  static async listen(address: string): Promise<NotifySocket> {
    const script = [
      'import json, socket, sys',
      'path = sys.argv[1]',
      's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
      "s.bind('\\0' + path[1:] if path.startswith('@') else path)",
      "print(json.dumps('bound'), flush=True)",
      'while True: print(json.dumps(s.recv(65536).decode()), flush=True)',
    ].join('\n');
    const listener = spawn('python3', ['-c', script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(listener);
    await until('it listens', () => socket.messages.includes('bound'));
    return socket;
  }

  saw(text: string): Promise<void> {
    return until(`${text} came`, () => this.messages.some((message) => message.includes(text)));
  }

  close(): void {
    this.listener.kill('SIGKILL');
  }
}

describe('a service manager', () => {
  const scratch = scratchEach();

  test.each([
    ['a path', () => scratch.path('notify')],
    ['an abstract name', () => `@famfs-test-${process.pid}`],
  ])('is told by %s when the mount answers, how it is, and when it ends', async (_what, addressOf) => {
    const address = addressOf();
    const socket = await NotifySocket.listen(address);
    try {
      const device = await scratch.makeDevice('4g');
      const at = scratch.directory('mnt');
      const server = spawn(FAMFS, ['mount', '--foreground', '--no-sync', device, at], {
        stdio: 'ignore',
        env: { ...process.env, FAMFS_SYSTEM_UUID: OWNER, NOTIFY_SOCKET: address },
      });
      const ended = new Promise((resolve) => server.on('exit', resolve));
      await socket.saw('READY=1\nSTATUS=');
      expect(namesIn(at)).toEqual([]);
      expect(socket.messages.at(-1)).toContain(`${device} on ${at} (owner): 0 files`);
      await famfsOk(['creat', '--no-sync', '-s', '1', join(at, 'x')], { env: { NOTIFY_SOCKET: undefined } });
      namesIn(at);
      await socket.saw('STATUS=');
      await until('the entry is told of', () => /: 1 files, 1 of /.test(socket.messages.at(-1) ?? ''));
      server.kill('SIGTERM');
      expect(await ended).toBe(0);
      await socket.saw('STOPPING=1');
    } finally {
      socket.close();
    }
  });

  test('of who runs famfs mount in the background is not told', async () => {
    const socket = await NotifySocket.listen(scratch.path('notify'));
    try {
      const device = await scratch.makeDevice('4g');
      await scratch.mounted(device, [], { env: { NOTIFY_SOCKET: scratch.path('notify') } });
      expect(socket.messages).toEqual(['bound']);
    } finally {
      socket.close();
    }
  });
});

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
