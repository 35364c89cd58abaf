import { join } from 'node:path';
import { BIN, command, famfsOk, type Run } from '../support/run';
import { expectClean } from '../support/run-expect';
import { namesIn, noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

/**
 * A device that cannot be synced. The kernel tells that once, and takes the pages for clean: a second sync succeeds, and
 * tells nothing about them. It is strace that makes the call fail.
 */

const scratch = scratchEach();
let mount: string;

beforeEach(async () => {
  ({ mount } = await scratch.mountedDevice('64g'));
});

/** Runs famfs, whose fdatasync(2) number `nth` fails. The signals of strace are those of famfs. */
function famfsFailing(nth: number, args: readonly string[]): Promise<Run> {
  const inject = ['-e', 'trace=fdatasync', '-e', `inject=fdatasync:error=EIO:when=${nth}`];
  const program = [process.execPath, join(BIN, 'famfs'), ...args];
  return command('strace', ['-f', '-qq', '-o', scratch.path('trace'), ...inject, ...program]);
}

function expectFailed(run: Run): void {
  expect(run.status).toBe(1);
  expect(run.json()).toMatchObject({ error: { code: 'device-io' } });
  expect(run.stdout).toContain('EIO');
}

/** A list of one file more than is logged at a time. */
const list = () =>
  put(scratch.path('list'), Array.from({ length: 4097 }, (_, i) => `${mount}/n${i},4096,5\n`).join(''));

const directories = () => Array.from({ length: 4097 }, (_, i) => `${mount}/d${i}`);

function sources(): string {
  const source = scratch.path('source');
  for (const i of [1, 2, 3]) put(`${source}/f${i}`, noise(1000 * i, i));
  return source;
}

const VERBS: readonly [string, number, () => string[]][] = [
  ['creat with a seed: data', 1, () => ['creat', '--json', '--files-from', list()]],
  ['creat with a seed: entries', 2, () => ['creat', '--json', '--files-from', list()]],
  ['cp: data', 1, () => ['cp', '--json', '-rT', sources(), mount]],
  ['cp --verify: data', 1, () => ['cp', '--json', '--verify', '-rT', sources(), mount]],
  ['mkdir: entries', 1, () => ['mkdir', '--json', ...directories()]],
];

test.each(VERBS)('%s: nothing is made, and the error is told', async (_name, nth, args) => {
  const words = args();
  expectFailed(await famfsFailing(nth, words));
  expect(namesIn(mount)).toEqual([]);
  await expectClean(mount);
  await famfsOk(words);
  await expectClean(mount);
});

test('the counters: the error is that of the device, not of a second owner, and nothing more is logged', async () => {
  expectFailed(await famfsFailing(2, ['mkdir', '--json', ...directories()]));
  expect(namesIn(mount).length).toBeLessThanOrEqual(4096);
  await expectClean(mount);
});
