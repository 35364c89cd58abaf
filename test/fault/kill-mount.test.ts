import { setTimeout as sleep } from 'node:timers/promises';
import { command, famfsOk, start } from '../support/run';
import { expectClean } from '../support/run-expect';
import { exists } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';

const scratch = scratchEach();

test('famfs mount that is killed while it waits for its server leaves a mount that serves', async () => {
  const [device, at] = [await scratch.makeDevice('4g'), scratch.directory('mnt')];
  const { child, done } = start(['mount', '--no-sync', '--log-file', scratch.path('log'), device, at]);
  const server = ['-f', `server.cjs supervisor .*${at}`];
  while ((await command('pgrep', server)).status !== 0) await sleep(5);
  child.kill('SIGKILL');
  expect(await done).toMatchObject({ status: null, signal: 'SIGKILL' });
  await until('it is mounted', () => mountsBelow(scratch.root).includes(at));
  await until('the server answers', () =>
    statusOf(at).then(
      () => true,
      () => false,
    ),
  );
  await famfsOk(['mkdir', '--no-sync', `${at}/x`]);
  expect(exists(`${at}/x`)).toBe(true);
  await famfsOk(['umount', at]);
  await expectClean(device);
});
