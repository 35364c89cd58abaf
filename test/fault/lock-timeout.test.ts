import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { lockHolder } from '../../src/device/lock-holder';
import { makeImage, mkdir, setCounters, writeImage } from '../support/images';
import { CLIENT, famfs, type Run, start } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean, expectClear, expectFailure } from '../support/run-expect';
import { exists, namesIn, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';
import { holdLock, processesWithOpen } from '../support/run-signals';

/** Every verb that takes the lock of a device, while another process has it. */

const scratch = scratchAll();
let device: string;
let mount: string;
let unmounted: string;
let damaged: string;
let backup: string;
let release: (() => Promise<void>)[];
let before: unknown[];

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  unmounted = await scratch.makeDevice('4g');
  put(scratch.path('source'), 'contents');
  damaged = scratch.path('damaged.img');
  const image = makeImage({ entries: [mkdir('directory')] });
  setCounters(image, 4);
  writeImage(damaged, image);
  backup = scratch.path('backup');
  copyFileSync(damaged, scratch.path('copy.img'));
  await famfs(['fsck', '--repair', '--yes', '--backup', backup, scratch.path('copy.img')]);
  before = [device, unmounted].map(readOnDevice);
  release = [];
  for (const path of [device, unmounted, damaged]) {
    release.push((await holdLock(path, scratch, scratch.unique('lock'))).release);
  }
});

afterAll(async () => {
  for (const one of release) await one();
});

interface Locking {
  readonly words: string[];
  readonly args: () => string[];
  readonly locked: () => string;
  readonly host?: string;
}

const onMount = (words: string[], args: () => string[]): Locking => ({ words, args, locked: () => device });
const VERBS: readonly [string, Locking][] = [
  ['mkdir', onMount(['mkdir'], () => [`${mount}/directory`])],
  ['mkdir -p', onMount(['mkdir'], () => ['-p', `${mount}/a/b/c`])],
  ['creat', onMount(['creat'], () => ['-s', '1m', `${mount}/created`])],
  ['creat --multi', onMount(['creat'], () => ['--multi', `${mount}/m1,4k`, '--multi', `${mount}/m2,4k`])],
  ['cp', onMount(['cp'], () => [scratch.path('source'), `${mount}/copy`])],
  ['clone', onMount(['clone'], () => [`${mount}/file`, `${mount}/twin`])],
  ['device add', onMount(['device', 'add'], () => ['--force', mount, scratch.path('source')])],
  ['owner', { ...onMount(['owner'], () => ['--take', '--force', device]), host: CLIENT }],
  ['mkfs', { words: ['mkfs'], args: () => ['--force', unmounted], locked: () => unmounted }],
  ['fsck --repair', { words: ['fsck'], args: () => ['--yes', damaged], locked: () => damaged }],
  ['restore', { words: ['restore'], args: () => ['--yes', backup, damaged], locked: () => damaged }],
  ['mkfs --kill', { words: ['mkfs'], args: () => ['--kill', '--force', unmounted], locked: () => unmounted }],
];

function expectUntouched(): void {
  expect([device, unmounted].map(readOnDevice)).toEqual(before);
  expect(namesIn(mount)).toEqual([]);
}

test.each(VERBS)(
  '%s --lock-timeout ends, naming who has the lock',
  async (_name, { args, host, locked, words }) => {
    const holder = lockHolder(locked());
    expect(processesWithOpen(locked())).toContain(String(holder?.pid));
    const call = [...words, '--lock-timeout', '0', ...args()];
    const status = words[0] === 'fsck' ? 8 : 1;
    const failure = { status, code: 'device-locked', hint: '--lock-timeout' } as const;
    await expectFailure(
      call,
      { ...failure, says: [locked(), `process ${holder?.pid} (/bin/bash -c`] },
      options(host),
    );
    expectUntouched();
  },
);

test.each(VERBS)('%s without it waits and says for whom, and SIGINT ends it', async (_name, verb) => {
  const { args, host, locked, words } = verb;
  const { child, done } = start([...words, ...args()], options(host));
  const told = String((await once(child.stderr as Readable, 'data'))[0]);
  child.kill('SIGINT');
  const line = `famfs: ${locked()}: waiting for the lock that process ${lockHolder(locked())?.pid} (/bin/bash`;
  expect(told.slice(0, line.length)).toBe(line);
  const run: Run = await done;
  expect(run).toMatchObject({ status: words[0] === 'fsck' ? 32 : 130, signal: null, stdout: '' });
  expectClear(run.stderr.slice(told.length), {
    says: [locked(), 'interrupted while waiting', 'nothing was done'],
  });
  expectUntouched();
});

test('a timeout is kept, with the wait told once', async () => {
  const started = performance.now();
  const run = await start(['mkdir', '--lock-timeout', '1.6', `${mount}/late`]).done;
  expect(performance.now() - started).toBeGreaterThanOrEqual(1600);
  expect(run).toMatchObject({ status: 1, stdout: '' });
  expect(run.stderr.match(/waiting for the lock/g)).toHaveLength(1);
  expect(run.stderr).toContain('for all of 1.6 s; nothing was done');
});

test.each(['-1', 'x', '', '1e3', '5s'])('--lock-timeout %s is no number of seconds', async (value) => {
  const failure = { status: 2, code: 'usage', says: ['--lock-timeout'] } as const;
  await expectFailure(['mkdir', `--lock-timeout=${value}`, `${mount}/x`], failure);
});

test('when the lock is released in time, the work is done', async () => {
  const { child, done } = start(['mkdir', '--no-sync', '--lock-timeout', '60', `${mount}/made`]);
  await once(child.stderr as Readable, 'data');
  for (const one of release.splice(0)) await one();
  expect(await done).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^famfs: .* waiting for the lock .*\n$/),
  });
  expect(exists(`${mount}/made`)).toBe(true);
  await expectClean(mount);
});

function options(host: string | undefined): { host?: string } {
  return host === undefined ? {} : { host };
}
