import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, commandOk, famfsOk, succeeded } from '../support/run';
import { scratchEach } from '../support/run-scratch';
import { until } from '../support/run-server';
import { workersOf } from '../support/run-signals';

const scratch = scratchEach();
let below: string;

beforeEach(async () => {
  const image = scratch.path('ext4.img');
  below = scratch.directory('ext4');
  await commandOk('truncate', ['-s', '512m', image]);
  await commandOk('mkfs.ext4', ['-q', image]);
  await commandOk('mount', ['-o', 'loop', image, below]);
});

test('a worker that cannot be killed, since its device is frozen, is told of once', async () => {
  const [device, mount, log] = [`${below}/device`, scratch.directory('mnt'), scratch.path('log')];
  await famfsOk(['mkfs', '--create', '4g', device]);
  await famfsOk(['mount', '--workers', '2', '--log-file', log, device, mount]);
  await famfsOk(['creat', '-s', '1m', `${mount}/file`]);
  const told = () => readFileSync(log, 'utf8').match(/does not answer: killed/g)?.length ?? 0;
  const dd = ['if=/dev/zero', `of=${mount}/file`, 'bs=4k', 'count=1', 'conv=notrunc'];
  await commandOk('fsfreeze', ['-f', below]);
  const write = command('dd', dd);
  try {
    await until('a worker is stuck', async () => (await workersOf(mount)).some(isStuck));
    for (const worker of await workersOf(mount)) if (!isStuck(worker)) process.kill(worker, 'SIGKILL');
    await until('it is told of', () => told() > 0);
    await sleep(500);
    expect(told()).toBe(1);
  } finally {
    await commandOk('fsfreeze', ['-u', below]);
  }
  succeeded(await write);
  await until('both are replaced', async () => (await workersOf(mount)).length === 2);
});

function isStuck(pid: number): boolean {
  return /^State:\tD/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
