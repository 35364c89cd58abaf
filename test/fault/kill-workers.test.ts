import { lstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MountStatus } from '../../src/operations/status';
import type { StatusReport } from '../../src/server-contract';
import { seeded } from '../support/random';
import { command, famfsOk, type Run } from '../support/run';
import { expectClean } from '../support/run-expect';
import { plantTree } from '../support/run-kill';
import { scratchAll } from '../support/run-scratch';

const SECONDS = 60;
const KILL_EVERY_MS = 200;
const JOBS = 4;
const FILE_MIB = 64;

const scratch = scratchAll();

async function statusOf(mount: string): Promise<StatusReport> {
  const { mounts } = (await famfsOk(['status', '--json', mount])).json<{ mounts: MountStatus[] }>();
  const status = mounts[0]?.server;
  if (!status) throw new Error(`${mount}: no status`);
  return status;
}

function fio(mount: string, job: number): Promise<Run> {
  const engine = job % 2 === 0 ? 'psync' : 'mmap';
  const what = ['--rw=randrw', '--bs=16k', '--verify=crc32c', '--verify_fatal=1', `--ioengine=${engine}`];
  const where = [
    `--name=job${job}`,
    `--filename=${mount}/fio${job}`,
    `--size=${FILE_MIB}m`,
    '--allow_file_create=0',
  ];
  const long = ['--time_based', `--runtime=${SECONDS}`, '--verify_state_save=0'];
  return command('fio', [...where, ...what, ...long], { timeout: (SECONDS + 120) * 1000 });
}

/** Lists and stats the whole tree over and over, until `until`. */
async function walk(mount: string, until: number): Promise<number> {
  let walks = 0;
  for (; Date.now() < until; walks++) {
    const { status, stderr } = await command('find', [mount, '-printf', '%p %s %m\n']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    lstatSync(mount);
  }
  return walks;
}

async function killWorkers(mount: string, until: number): Promise<number> {
  const random = seeded(7);
  let kills = 0;
  for (; Date.now() < until; await sleep(KILL_EVERY_MS)) {
    const { stdout } = await command('pgrep', ['-f', `^famfs worker ${mount}`]);
    const pids = stdout
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
    const victim = pids[Math.floor(random() * pids.length)];
    if (victim === undefined) continue;
    try {
      process.kill(victim, 'SIGKILL');
      kills++;
    } catch {
      // It was replaced meanwhile.
    }
  }
  return kills;
}

test(`workers are killed every ${KILL_EVERY_MS} ms for ${SECONDS} s, and nobody notices`, async () => {
  const device = await scratch.makeDevice('8g');
  const mount = await scratch.mounted(device);
  await famfsOk(['cp', '--no-sync', '-rT', plantTree(scratch.path('source'), 300, 4), mount]);
  for (let job = 0; job < JOBS; job++) {
    await famfsOk(['creat', '--no-sync', '-s', `${FILE_MIB}m`, `${mount}/fio${job}`]);
  }
  const { pid } = await statusOf(mount);
  const until = Date.now() + SECONDS * 1000;
  const jobs = Array.from({ length: JOBS }, (_, job) => fio(mount, job));
  const [kills, walks, ...runs] = await Promise.all([killWorkers(mount, until), walk(mount, until), ...jobs]);
  for (const { status, stdout, stderr } of runs) {
    expect({ status, stderr, errors: /err= *([1-9]\d*)/.exec(stdout)?.[0] }).toEqual({
      status: 0,
      stderr: '',
      errors: undefined,
    });
  }
  const status = await statusOf(mount);
  expect(status.pid).toBe(pid);
  expect(kills).toBeGreaterThan(SECONDS);
  expect(status.restarts).toBeGreaterThan(kills * 0.8);
  expect(walks).toBeGreaterThan(0);
  expect(status.log.frozen).toBeNull();
  await expectClean(mount);
  console.info(`${kills} kills, ${status.restarts} restarts, ${walks} walks of the tree`);
});
