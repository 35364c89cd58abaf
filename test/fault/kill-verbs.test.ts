import { rmSync } from 'node:fs';
import { appending, type Ground, onDevices, type Victim } from '../support/kill-victims';
import { seeded } from '../support/random';
import { famfs, type Run } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean } from '../support/run-expect';
import { namesIn } from '../support/run-files';
import { duration, killedAfter } from '../support/run-kill';
import { scratchAll } from '../support/run-scratch';

/** scripts/kill-verbs sets both. */
const { FAMFS_TEST_KILLS = '16', FAMFS_TEST_SEED = '1' } = process.env;
const KILLS = Number(FAMFS_TEST_KILLS);
const MOST_MS_EACH = 20_000;

const scratch = scratchAll();
let device: string;
let ground: Ground;
let victims: Victim[];

beforeAll(async () => {
  device = await scratch.makeDevice('200g', ['--loglen', '64m']);
  const mount = await scratch.mounted(device);
  const clones = await scratch.mounted(await scratch.makeDevice('64g'));
  ground = { scratch, mount, clones };
  victims = [...appending(ground), ...onDevices(ground)];
  scratch.directory('tmp');
});

/** Milliseconds that a victim takes when it is left alone. */
async function measured(victim: Victim): Promise<number> {
  const { args, check, options } = await victim.trial();
  let run: Run | undefined;
  const total = await duration(async () => {
    run = await famfs(args, options);
    return run;
  });
  await check(run as Run);
  return total;
}

test(
  `verbs that are killed at ${KILLS} moments from seed ${FAMFS_TEST_SEED} leave nothing half done`,
  async () => {
    const random = seeded(Number(FAMFS_TEST_SEED));
    const totals = new Map<Victim, number>();
    const killed = new Map<string, number>();
    let logged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = victims[kill % victims.length] as Victim;
      const total = totals.get(victim) ?? (await measured(victim));
      totals.set(victim, total);
      const { args, check, options } = await victim.trial();
      const moment = total * (0.15 + 0.95 * random());
      const where = { ...options, env: { TMPDIR: scratch.path('tmp') } };
      const run = await killedAfter(moment, args, where);
      try {
        expect([0, null]).toContain(run.status);
        await check(run);
        await expectClean(ground.mount);
        const { nextIndex } = readOnDevice(device).counters;
        expect(nextIndex).toBeGreaterThanOrEqual(logged);
        logged = nextIndex;
        expect(namesIn(scratch.path('tmp'))).toEqual([]);
      } catch (cause) {
        const at = `kill ${kill} of seed ${FAMFS_TEST_SEED}: famfs ${args.join(' ')} after ${moment} ms`;
        throw new Error(`${at}: ${(cause as Error).message}`, { cause });
      }
      if (run.signal === 'SIGKILL') killed.set(victim.name, (killed.get(victim.name) ?? 0) + 1);
      rmSync(scratch.path('devices'), { recursive: true, force: true });
    }
    const sum = [...killed.values()].reduce((all, one) => all + one, 0);
    console.info(
      `${sum} of ${KILLS} were killed, the others were done before: ${JSON.stringify([...killed])}`,
    );
    expect(sum).toBeGreaterThan(KILLS / 2);
  },
  KILLS * MOST_MS_EACH,
);
