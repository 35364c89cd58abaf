import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runDirectory, stateFile } from '../../src/server-place';
import { command, commandOk, famfs, famfsOk, shell, start as startFamfs, succeeded } from '../support/run';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { runDirectoryOf } from '../support/run-server';
import { holdDirectoryLock, whenOpen } from '../support/run-signals';
import { creat, eventually, firstOffset, pattern, processesOf, python, readAt, writeAt } from './helpers';

interface Mounted {
  readonly pid: number;
  readonly logFile: string;
}

describe('the server of a mount', () => {
  const scratch = scratchEach();
  let device: string;
  let mount: string;

  beforeEach(async () => {
    device = await scratch.makeDevice();
    mount = scratch.directory('mnt');
  });

  const start = async (...more: string[]): Promise<Mounted> => {
    const log = ['--log-file', scratch.path('server.log')];
    return (await famfsOk(['mount', '--json', '--no-sync', ...log, ...more, device, mount])).json<Mounted>();
  };

  const isMounted = () => mountsBelow(scratch.root).includes(mount);
  const log = () => readFileSync(scratch.path('server.log'), 'utf8');

  /** Where the server keeps its state while the mount is there. */
  const stateDirectory = async () => {
    const { stdout } = await commandOk('findmnt', ['-n', '-o', 'MAJ:MIN', mount]);
    return runDirectory(stdout.trim().replace(':', '-'));
  };

  const allGone = async (state: string) => {
    await eventually('no process of the mount is left', () => processesOf(device, mount).length === 0);
    expect(existsSync(state)).toBe(false);
    expect(isMounted()).toBe(false);
  };

  test('is a supervisor and workers, with its state in the run directory', async () => {
    const { pid } = await start();
    expect(processesOf(device, mount).length).toBeGreaterThanOrEqual(2);
    expect(processesOf(device, mount)).toContain(pid);
    const state: unknown = JSON.parse(readFileSync(join(await stateDirectory(), 'server.json'), 'utf8'));
    expect(state).toMatchObject({ pid, device, directory: mount, role: 'owner' });
  });

  test('ends with famfs umount, which returns when the device is free', async () => {
    await start();
    const state = await stateDirectory();
    await famfsOk(['umount', mount]);
    expect(existsSync(state)).toBe(false);
    const held = processesOf(device, mount).filter((pid) => holds(pid, device));
    expect(held).toEqual([]);
    await allGone(state);
    expect(log()).toContain('unmounted');
  });

  test('ends with umount', async () => {
    await start();
    const state = await stateDirectory();
    await commandOk('umount', [mount]);
    await allGone(state);
  });

  test('is never asked for more by one read than it answers', async () => {
    await start();
    const { stdout } = await commandOk('findmnt', ['-n', '-o', 'FS-OPTIONS', mount]);
    expect(stdout.trim().split(',')).toContain(`max_read=${2 ** 20}`);
  });

  test('unmounts on SIGTERM', async () => {
    const { pid } = await start();
    const state = await stateDirectory();
    process.kill(pid, 'SIGTERM');
    await allGone(state);
    expect(log()).toContain('SIGTERM');
    await start();
  });

  test('is refused an unmount while a file is open, and serves on', async () => {
    await start();
    await creat(join(mount, 'file'), 1000);
    const fd = openSync(join(mount, 'file'), 'r');
    try {
      const run = await famfs(['umount', '--json', mount]);
      expect(run.status).toBe(1);
      expect(run.json()).toMatchObject({ error: { code: 'unmount-failed' } });
      expect(statSync(join(mount, 'file')).size).toBe(1000);
    } finally {
      closeSync(fd);
    }
    await famfsOk(['umount', mount]);
  });

  test('detaches on SIGTERM while a file is open, and ends when that is closed', async () => {
    const { pid } = await start();
    const state = await stateDirectory();
    const created = await creat(join(mount, 'file'), 1000);
    const fd = openSync(join(mount, 'file'), 'r');
    try {
      process.kill(pid, 'SIGTERM');
      await eventually('the mount is detached', () => !isMounted());
      writeAt(device, firstOffset(created), pattern(1000));
      const bytes = Buffer.alloc(1000);
      expect(readSync(fd, bytes, 0, 1000, 0)).toBe(1000);
      expect(bytes.equals(pattern(1000))).toBe(true);
      expect(processesOf(device, mount)).toContain(pid);
    } finally {
      closeSync(fd);
    }
    await allGone(state);
  });

  test('killed leaves no access hanging, can be unmounted, and loses nothing that was written', async () => {
    const { pid } = await start();
    const created = await creat(join(mount, 'file'), 300_000);
    writeAt(join(mount, 'file'), 0, pattern(300_000));
    const fd = openSync(join(mount, 'file'), 'r+');
    try {
      process.kill(pid, 'SIGKILL');
      await eventually('its processes are gone', () => processesOf(device, mount).length === 0);
      const results = await python(
        `
path = args[0]
answer([attempt(lambda: os.stat(path + '/nothing')), attempt(lambda: os.listdir(path)), attempt(lambda: open(path + '/file'))])
`,
        [mount],
      );
      expect(results).toEqual(Array(3).fill('ENOTCONN'));
      expect(() => readSync(fd, Buffer.alloc(10), 0, 10, 0)).toThrow('ENOTCONN');
    } finally {
      // Linux closes the descriptor and says that nobody took its flush.
      expect(() => closeSync(fd)).toThrow('ENOTCONN');
    }
    const again = await famfs(['mount', '--json', device, mount]);
    expect(again.status).toBe(1);
    expect(again.json()).toMatchObject({ error: { code: 'already-mounted' } });
    await commandOk('umount', [mount]);
    expect(readAt(device, firstOffset(created), 300_000).equals(pattern(300_000))).toBe(true);
    await start();
    expect(readFileSync(join(mount, 'file')).equals(pattern(300_000))).toBe(true);
  });

  test('killed can be unmounted by famfs umount too', async () => {
    const { pid } = await start();
    process.kill(pid, 'SIGKILL');
    await eventually('its processes are gone', () => processesOf(device, mount).length === 0);
    await famfsOk(['umount', mount]);
    expect(isMounted()).toBe(false);
  });

  test('killed leaves a run directory that famfs umount does not take from a server that came meanwhile', async () => {
    const { pid } = await start();
    const directory = await runDirectoryOf(mount);
    process.kill(pid, 'SIGKILL');
    await eventually('its processes are gone', () => processesOf(device, mount).length === 0);
    const { release } = await holdDirectoryLock('/run/famfs', scratch);
    const { child, done } = startFamfs(['umount', mount]);
    await whenOpen(child, '/run/famfs');
    expect(isMounted()).toBe(false);
    writeFileSync(stateFile(directory), JSON.stringify({ pid: process.pid }));
    await release();
    succeeded(await done);
    expect(existsSync(stateFile(directory))).toBe(true);
    rmSync(directory, { recursive: true });
  });

  test('has what was written on the device after an unmount, also from a mapping nobody synced', async () => {
    await start();
    const created = await creat(join(mount, 'file'), 2_000_000);
    writeAt(join(mount, 'file'), 0, pattern(1_000_000));
    const store = `
memory = mmap.mmap(os.open(args[0], os.O_RDWR), 0)
memory[1500000:1500006] = b'mapped'
answer(None)`;
    await python(store, [join(mount, 'file')]);
    await commandOk('umount', [mount]);
    const expected = Buffer.alloc(2_000_000);
    pattern(1_000_000).copy(expected);
    expected.write('mapped', 1_500_000);
    expect(readAt(device, firstOffset(created), 2_000_000).equals(expected)).toBe(true);
  });

  test.each([
    ['error', /^$/, /./],
    ['info', /mounted/, / debug /],
    ['debug', / debug .*opcode/, undefined],
  ])('logs with --log-level %s as much as that says', async (level, has, hasNot) => {
    await start('--log-level', level);
    expect((await command('ls', [join(mount, 'nothing')])).status).not.toBe(0);
    await famfsOk(['umount', mount]);
    expect(log()).toMatch(has);
    if (hasNot) expect(log()).not.toMatch(hasNot);
    for (const line of log().split('\n').slice(0, -1)) {
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z (error|warn {1,}|info {1,}|debug {1,}) *\w+\[\d+\]: /);
    }
  });

  test('appends to the log of a former mount', async () => {
    for (let i = 0; i < 2; i++) {
      await start();
      await famfsOk(['umount', mount]);
    }
    expect(log().match(/: mounted /g)).toHaveLength(2);
  });

  test('may have a log file in a directory that does not exist yet', async () => {
    const file = scratch.path('logs/of/server.log');
    const run = await famfsOk(['mount', '--json', '--log-file', file, device, mount]);
    expect(run.json()).toMatchObject({ logFile: file });
    expect(readFileSync(file, 'utf8')).toContain('mounted');
  });

  test('reports its own failure through famfs mount', async () => {
    const file = scratch.path('server.log');
    const script = `mount --bind /dev/null /dev/fuse && $FAMFS mount --json --log-file '${file}' '${device}' '${mount}'`;
    const run = await command('unshare', ['--mount', '/bin/bash', '-c', script], {
      env: { FAMFS: `${process.execPath} ${join(__dirname, '../../bin/famfs')}` },
    });
    expect(run.status).toBe(1);
    expect(run.json()).toMatchObject({ error: { code: 'mount-failed' } });
    expect(log()).toContain('fuse');
    expect(processesOf(device, mount)).toEqual([]);
  });

  test('does not start for what is no file system', async () => {
    writeAt(device, 0, Buffer.alloc(200));
    const run = await famfs(['mount', '--json', device, mount]);
    expect(run.json()).toMatchObject({ error: { code: 'not-famfs' } });
    expect(isMounted()).toBe(false);
    expect(readdirSync(mount)).toEqual([]);
  });

  test('mounts and unmounts many times', async () => {
    const script = `set -e
      for i in 1 2 3 4 5 6 7 8; do
        $FAMFS mount --no-sync --log-file '${scratch.path('server.log')}' '${device}' '${mount}' >/dev/null
        $FAMFS mkdir '${mount}'/$i >/dev/null
        umount '${mount}'
      done`;
    succeeded(await shell(script));
    await start();
    expect((await commandOk('ls', [mount])).stdout).toBe('1\n2\n3\n4\n5\n6\n7\n8\n');
  });
});

function holds(pid: number, device: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(device);
  } catch {
    return false;
  }
}
