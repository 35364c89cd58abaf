import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfs, succeeded } from '../support/run';
import { put } from '../support/run-files';
import { mountsBelow, scratchAll, scratchEach } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';

const ROOT = join(__dirname, '../..');

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

  test('takes nosymfollow, which has no effect where no symbolic link can be', async () => {
    await commandOk('mount', ['-t', 'famfs', device, at, '-o', `nosymfollow,${log()}`]);
    expect(await optionsOf()).toMatch(/^rw,nosuid,nodev,/);
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
