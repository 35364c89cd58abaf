import { famfs, famfsOk, type Run } from '../support/run';
import { expectClean } from '../support/run-expect';
import { exists, expectContents, expectSameTree } from '../support/run-files';
import { duration, killedAfter, moments, plantTree } from '../support/run-kill';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
const KILLS = 50;
let device: string;
let mount: string;
let source: string;

beforeAll(async () => {
  device = await scratch.makeDevice('200g', ['--loglen', '64m']);
  mount = await scratch.mounted(device);
  source = plantTree(scratch.path('source'), 700, 12);
});

/** The copy that is killed: every fifth one with the waits for the disk that are left out elsewhere. */
const copy = (to: string, round: number): string[] => [
  'cp',
  ...(round % 5 === 0 ? [] : ['--no-sync']),
  '-rT',
  source,
  to,
];

test(`a cp -r that is killed ${KILLS} times never leaves a file that is not whole, and --resume completes it`, async () => {
  const total = await duration(() => famfs(copy(`${mount}/whole`, 1)));
  expectSameTree(source, `${mount}/whole`);
  let killed = 0;
  let partial = 0;
  for (const [round, moment] of moments(KILLS, total, 20_241).entries()) {
    const to = `${mount}/round${round}`;
    const run: Run = await killedAfter(moment, copy(to, round));
    if (run.signal === 'SIGKILL') killed++;
    await expectClean(mount);
    const before = exists(to) ? expectContents(source, to) : 0;
    if (before > 0 && before < 712) partial++;
    const resumed = await famfsOk(['cp', '--no-sync', '-rT', '--resume', '--json', source, to]);
    expect(resumed.json()).toMatchObject({
      skipped: before,
      files: 712 - before,
      overwritten: 0,
      failures: [],
    });
    expectSameTree(source, to);
  }
  await expectClean(mount);
  await famfsOk(['umount', mount]);
  await expectClean(device);
  await scratch.mounted(device, [], { at: mount });
  for (const round of [0, KILLS - 1]) expectSameTree(source, `${mount}/round${round}`);
  // Were the moments badly chosen, this would have tested nothing.
  expect(killed).toBeGreaterThan(KILLS / 2);
  expect(partial).toBeGreaterThan(0);
});

test('a cp that overwrites and is killed leaves every other file as it was', async () => {
  const to = `${mount}/overwritten`;
  const other = plantTree(scratch.path('other'), 700, 12);
  await famfsOk(['cp', '--no-sync', '-rT', other, to]);
  await famfsOk(['cp', '--no-sync', '-rT', other, `${mount}/bystander`]);
  const args = ['cp', '--no-sync', '-rT', source, to];
  const total = await duration(() => famfs(args));
  for (const moment of moments(5, total, 77)) {
    await killedAfter(moment, args);
    await expectClean(mount);
    expectSameTree(other, `${mount}/bystander`);
  }
  await famfsOk(args);
  expectSameTree(source, to);
});

test('a cp that waits for a lock is free to take it when the holder is killed', async () => {
  const [one, two] = [`${mount}/one`, `${mount}/two`];
  const total = await duration(() => famfs(copy(`${mount}/three`, 1)));
  const [killed, waited] = await Promise.all([
    killedAfter(total * 0.7, copy(one, 1)),
    famfs(['cp', '--no-sync', '-rT', source, two]),
  ]);
  expect([0, null]).toContain(killed.status);
  expect(waited.status).toBe(0);
  expectSameTree(source, two);
  await expectClean(mount);
});
