import { readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk, famfs, famfsOk, startCommand } from '../support/run';
import { expectClean } from '../support/run-expect';
import { namesIn } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { readFailure, statusOf, until } from '../support/run-server';

describe('a device file', () => {
  const scratch = scratchEach();
  let device: string;
  let mount: string;

  beforeEach(async () => {
    device = await scratch.makeDevice('4g');
    mount = await scratch.mounted(device);
    await famfsOk(['mkdir', '--no-sync', join(mount, 'dir')]);
    await famfsOk(['cp', '--no-sync', '-q', __filename, join(mount, 'dir/file')]);
    // All workers then know the file: one that does not could not read of it any more.
    await famfsOk(['umount', mount]);
    await scratch.mounted(device, [], { at: mount });
  });

  const expectNames = () => {
    expect(namesIn(mount)).toEqual(['dir']);
    expect(namesIn(join(mount, 'dir'))).toEqual(['file']);
    expect(statSync(join(mount, 'dir/file')).size).toBe(statSync(__filename).size);
  };

  describe('that becomes shorter under its mount', () => {
    test.each([
      ['to nothing', 0],
      ['behind the log', 16 * 2 ** 20],
    ])('%s: data is EIO; names, status and unmount go on', async (_to, bytes) => {
      truncateSync(device, bytes);
      await until('the failure is known', async () => (await statusOf(mount)).deviceFailed);
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      expectNames();
      const run = await famfs(['status', mount], { env: { FORCE_COLOR: '1' } });
      expect(run.stdout).toContain('\x1b[31mthe device failed');
      const created = await famfs(['creat', '--json', '-s', '1', join(mount, 'x')]);
      expect(created.status).toBe(1);
      await famfsOk(['umount', mount]);
      expect(mountsBelow(scratch.root)).toEqual([]);
    });

    /** Mounts anew, without looks at the log, and waits until all workers are up. */
    const remount = async () => {
      await famfsOk(['umount', mount]);
      const log = scratch.path('workers.log');
      const options = ['--poll', '0', '--workers', '2', '-o', `log-file=${log}`];
      await scratch.mounted(device, options, { at: mount });
      await until('both workers serve', () => readFileSync(log, 'utf8').split(': serving ').length === 3);
    };

    test('a read before anybody looked is EIO too, and ends no worker', async () => {
      await remount();
      expect(readFailure(join(mount, 'dir/file'))).toBeUndefined();
      truncateSync(device, 4096);
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      expectNames();
      expect((await statusOf(mount)).restarts).toBe(0);
    });

    test('a worker that cannot come up leaves the others serving names', async () => {
      await remount();
      truncateSync(device, 4096);
      process.kill((await statusOf(mount)).workers[0]?.pid as number, 'SIGKILL');
      const running = async () => (await statusOf(mount)).workers.filter(({ pid }) => pid !== null);
      const log = () => readFileSync(scratch.path('workers.log'), 'utf8');
      await until('it is not started any more', () => log().includes('those that serve go on without'));
      expect(await running()).toHaveLength(1);
      expect((await statusOf(mount)).gaveUp).toBe(false);
      expectNames();
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
    });

    test('works again after its size is back, mkfs and a new mount', async () => {
      truncateSync(device, 0);
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      truncateSync(device, 2 ** 32);
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      await famfsOk(['umount', mount]);
      await famfsOk(['mkfs', '--no-sync', device]);
      await scratch.mounted(device, [], { at: mount });
      await famfsOk(['cp', '--no-sync', '-q', __filename, join(mount, 'again')]);
      expect(readFileSync(join(mount, 'again'))).toEqual(readFileSync(__filename));
      await expectClean(mount);
    });
  });

  describe('whose name leads to another', () => {
    const replace = async () => {
      const other = await scratch.makeDevice('4g');
      renameSync(other, device);
      await until('it is known', async () => (await statusOf(mount)).deviceReplaced);
    };

    test('is served on, and the status says so', async () => {
      await replace();
      const run = await famfs(['status', mount], { env: { FORCE_COLOR: '1' } });
      expect(run.stdout).toContain(`\x1b[31m${device} was removed or replaced`);
      expect(readFileSync(join(mount, 'dir/file'))).toEqual(readFileSync(__filename));
    });

    test('is served on by workers that come later', async () => {
      await replace();
      for (const { pid } of (await statusOf(mount)).workers) process.kill(pid as number, 'SIGKILL');
      await until('they were replaced', async () => (await statusOf(mount)).restarts >= 2);
      expectNames();
      expect(readFileSync(join(mount, 'dir/file'))).toEqual(readFileSync(__filename));
    });

    test('takes nothing new: it would be logged in the other', async () => {
      await replace();
      const run = await famfs(['mkdir', '--json', join(mount, 'x')]);
      expect(run.json()).toMatchObject({ error: { code: 'not-mounted' } });
      expect(run.stderr).toContain('serves another file system');
    });

    test('is known when it was removed', async () => {
      rmSync(device);
      await until('it is known', async () => (await statusOf(mount)).deviceReplaced);
      expect(readFileSync(join(mount, 'dir/file'))).toEqual(readFileSync(__filename));
      await commandOk('umount', [mount]);
    });

    test('is itself again when the name leads to it again', async () => {
      renameSync(device, `${device}.aside`);
      await until('it is known', async () => (await statusOf(mount)).deviceReplaced);
      renameSync(`${device}.aside`, device);
      await until('it is itself again', async () => !(await statusOf(mount)).deviceReplaced);
      await famfsOk(['mkdir', '--no-sync', join(mount, 'x')]);
    });
  });

  describe('of which the system tells nothing any more', () => {
    /** Has strace make fstat(2) and its like fail in a server's supervisor; what it returns ends that. */
    const failStat = async (): Promise<() => Promise<unknown>> => {
      const { pid } = await statusOf(mount);
      const inject = 'inject=statx,fstat,newfstatat:error=ESTALE';
      const { child, done } = startCommand('strace', [
        '-f',
        '-o',
        scratch.path('trace'),
        '-e',
        inject,
        '-p',
        String(pid),
      ]);
      return () => {
        child.kill('SIGINT');
        return done;
      };
    };

    test('fails, and the server goes on', async () => {
      const end = await failStat();
      await until('the failure is known', async () => (await statusOf(mount)).deviceFailed);
      await end();
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      expectNames();
      await famfsOk(['umount', mount]);
      expect(mountsBelow(scratch.root)).toEqual([]);
    });
  });
});
