import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { command, commandOk, famfsOk } from '../support/run';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';
import { isTraced, workersOf } from '../support/run-signals';

const FORKS = 'clone,clone3,fork,vfork';
const WORKERS = 2;

const scratch = scratchEach();
let mount: string;
let pid: number;
let lift: () => Promise<unknown>;

beforeEach(async () => {
  const [device, log] = [await scratch.makeDevice('4g'), scratch.path('log')];
  const args = ['--no-sync', '--workers', String(WORKERS), '--log-file', log];
  mount = scratch.directory('mnt');
  await famfsOk(['mount', ...args, device, mount]);
  await famfsOk(['mkdir', '--no-sync', `${mount}/x`]);
  ({ pid } = await statusOf(mount));
  lift = async () => {};
});

afterEach(() => lift());

const log = () => readFileSync(scratch.path('log'), 'utf8');

/** Has the system refuse the server another process, until lift(). */
async function refuse(errno: string): Promise<void> {
  if (errno === 'EMFILE') {
    await commandOk('prlimit', ['--pid', String(pid), '--nofile=10:']);
    lift = () => command('prlimit', ['--pid', String(pid), '--nofile=1024:']);
    return;
  }
  const inject = ['-e', `trace=${FORKS}`, '-e', `inject=${FORKS}:error=${errno}`];
  const strace: ChildProcess = spawn('strace', ['-qq', '-o', '/dev/null', ...inject, '-p', String(pid)]);
  const ended = once(strace, 'exit');
  lift = () => {
    strace.kill();
    return ended;
  };
  await until('it is traced', () => isTraced(pid));
}

async function killWorkers(count: number): Promise<void> {
  for (const worker of (await workersOf(mount)).slice(0, count)) process.kill(worker, 'SIGKILL');
}

describe.each(['EMFILE', 'EAGAIN', 'ENOMEM'])('while a process cannot be started for %s', (errno) => {
  test.each([1, WORKERS])(
    '%i of the workers may die, and are replaced when it can be again',
    async (dead) => {
      await refuse(errno);
      await killWorkers(dead);
      const refusals = () => log().match(/worker \d cannot be started/g)?.length ?? 0;
      await until('that is told', () => refusals() === dead);
      await lift();
      expect((await commandOk('ls', [mount])).stdout).toBe('x\n');
      await until('all workers are there', async () => (await workersOf(mount)).length === WORKERS);
      expect(refusals()).toBe(dead);
      await famfsOk(['umount', mount]);
      await until('the server ends by itself', () => log().includes(': unmounted\n'));
    },
  );

  test('all workers may die, and the file system be unmounted', async () => {
    await refuse(errno);
    await killWorkers(WORKERS);
    await until('that is told', () => log().includes('cannot be started'));
    process.kill(pid, 'SIGTERM');
    await until('the server ends by itself', () => log().includes(': unmounted\n'));
    expect(mountsBelow(scratch.root)).toEqual([]);
  });
});
