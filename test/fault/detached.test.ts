import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MIB } from '../../src/log/layout';
import { famfsOk, shell, succeeded } from '../support/run';
import { expectClean } from '../support/run-expect';
import { exists, noise, put } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { ask, runDirectoryOf, statusOf, until } from '../support/run-server';
import { workersOf } from '../support/run-signals';

const scratch = scratchEach();
const ROUNDS = 20;
let device: string;
let mount: string;
let pid: number;

beforeEach(async () => {
  device = await scratch.makeDevice('4g');
  mount = scratch.directory('mnt');
  await famfsOk(['mount', '--no-sync', '--workers', '2', '--log-file', scratch.path('log'), device, mount]);
  ({ pid } = await statusOf(mount));
});

const log = () => readFileSync(scratch.path('log'), 'utf8');
const isMounted = () => mountsBelow(scratch.root).includes(mount);

test('workers that die after SIGTERM, with a file open, are replaced until it is closed', async () => {
  const source = put(scratch.path('source'), noise(4 * MIB, 1));
  await famfsOk(['cp', '--no-sync', source, `${mount}/file`]);
  const runDirectory = await runDirectoryOf(mount);
  const [held, go] = [scratch.path('held'), scratch.path('go')];
  const reader = shell(
    `exec 3<'${mount}/file'; touch ${held}; until [ -e ${go} ]; do sleep 0.01; done
    for i in $(seq ${ROUNDS}); do cmp /proc/self/fd/3 ${source} || exit 1; sleep 0.1; done`,
  );
  await until('it has the file open', () => exists(held));
  process.kill(pid, 'SIGTERM');
  await until('the mount is detached', () => !isMounted());
  for (const worker of await workersOf(mount)) process.kill(worker, 'SIGKILL');
  put(go, '');
  for (let reads = true; reads; ) {
    reads = await Promise.race([reader.then(() => false), sleep(200, true)]);
    const [worker] = await workersOf(mount);
    if (reads && worker !== undefined) process.kill(worker, 'SIGKILL');
  }
  succeeded(await reader);
  await until('the server ends', () => log().includes(': unmounted\n'));
  expect(log()).not.toContain('EBADF');
  expect(exists(runDirectory)).toBe(false);
  await expectClean(device);
});

test('after SIGTERM, with a file open, the server can be told that bytes were overwritten', async () => {
  await famfsOk(['creat', '--no-sync', '-s', '4k', `${mount}/file`]);
  const runDirectory = await runDirectoryOf(mount);
  const [held, go] = [scratch.path('held'), scratch.path('go')];
  const holder = shell(`exec 3<'${mount}/file'; touch ${held}; until [ -e ${go} ]; do sleep 0.01; done`);
  await until('it has the file open', () => exists(held));
  process.kill(pid, 'SIGTERM');
  await until('the mount is detached', () => !isMounted());
  expect(await ask(runDirectory, 'POST', '/replay', '{"overwritten": [16]}')).toMatchObject({ status: 200 });
  put(go, '');
  succeeded(await holder);
  await until('the server ends', () => log().includes(': unmounted\n'));
});

test('SIGTERM at the moment when the last workers die ends the server as ever', async () => {
  const runDirectory = await runDirectoryOf(mount);
  const [first, ...others] = (await workersOf(mount)) as [number, ...number[]];
  // The server waits for these before it replaces the first.
  for (const other of others) process.kill(other, 'SIGSTOP');
  process.kill(first, 'SIGKILL');
  await until('the first is dead', async () => (await workersOf(mount)).length === others.length);
  for (const other of others) process.kill(other, 'SIGKILL');
  for (const other of others) while (isAlive(other));
  process.kill(pid, 'SIGTERM');
  await until('the server ends', () => log().includes(': unmounted\n'));
  await until('its state is gone', () => !exists(runDirectory));
  expect(isMounted()).toBe(false);
});

/** Whether a process, stopped or not, has not ended. */
function isAlive(process: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${process}/status`, 'utf8'));
  } catch {
    return false;
  }
}
