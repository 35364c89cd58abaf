import { setTimeout as sleep } from 'node:timers/promises';
import { command, type Run, start } from '../support/run';
import { expectClean, expectClear } from '../support/run-expect';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf } from '../support/run-server';

const scratch = scratchEach();

/** Starts a mount, and sends its server a signal between the moment when the mount is there and when it answers. */
async function signalled(signal: NodeJS.Signals, device: string, at: string): Promise<Run> {
  const { child, done } = start(['mount', '--no-sync', '--log-file', scratch.path('log'), device, at]);
  while (!mountsBelow(scratch.root).includes(at)) await sleep(1);
  const { stdout } = await command('pgrep', ['-o', '-f', `^famfs ${at}$`]);
  expect(child.exitCode).toBeNull();
  process.kill(Number(stdout), signal);
  return done;
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s to a server that starts leaves no mount', async (signal) => {
  const [device, at] = [await scratch.makeDevice('4g'), scratch.directory('mnt')];
  const run = await signalled(signal, device, at);
  expect(run).toMatchObject({ status: 130, signal: null, stdout: '' });
  expectClear(run.stderr, { says: [at, signal] });
  expect(mountsBelow(scratch.root)).toEqual([]);
  expect((await command('pgrep', ['-f', `^famfs ${at}$`])).status).toBe(1);
  await expectClean(device);
});

test('SIGHUP, which verbs send when they appended, lets a server that starts go on', async () => {
  const [device, at] = [await scratch.makeDevice('4g'), scratch.directory('mnt')];
  expect(await signalled('SIGHUP', device, at)).toMatchObject({ status: 0, stderr: '' });
  expect((await statusOf(at)).directory).toBe(at);
});
