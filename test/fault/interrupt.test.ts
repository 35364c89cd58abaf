import { once } from 'node:events';
import { truncateSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { MIB } from '../../src/log/layout';
import { famfs, famfsOk, start } from '../support/run';
import { expectClean, expectClear } from '../support/run-expect';
import { exists, expectContents, expectSameTree, noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { holdLock, whenOpen } from '../support/run-signals';

const scratch = scratchEach();

/** More than a copy gets done before a signal reaches it: mostly holes, so that it costs no disk. */
function largeTree(): string {
  const root = scratch.path('source');
  for (let i = 0; i < 40; i++) {
    truncateSync(put(`${root}/f${String(i).padStart(2, '0')}`, noise(1000, i)), 32 * MIB);
  }
  return root;
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops cp, which says how to go on', async (signal) => {
  const source = largeTree();
  const { device, mount } = await scratch.mountedDevice();
  const to = `${mount}/to`;
  const { child, done } = start(['cp', '--no-sync', '-rT', '--json', source, to]);
  await whenOpen(child, device);
  child.kill(signal);
  const run = await done;
  expect(run).toMatchObject({ status: 130, signal: null });
  expectClear(run.stderr, { says: ['interrupted', /\d+ of 41 files and directories/], hint: '--resume' });
  expect(run.json()).toMatchObject({ error: { code: 'interrupted', exitStatus: 130 } });
  await expectClean(mount);
  if (exists(to)) expectContents(source, to);
  await famfsOk(['cp', '--no-sync', '-rT', '--resume', source, to]);
  expectSameTree(source, to);
  await expectClean(mount);
});

test('SIGINT stops a cp that made its destination, which says how to go on in it', async () => {
  const source = largeTree();
  const { device, mount } = await scratch.mountedDevice();
  const to = `${mount}/to`;
  const { child, done } = start(['cp', '--no-sync', '-r', source, to]);
  await whenOpen(child, device);
  child.kill('SIGINT');
  const run = await done;
  expect(run.status).toBe(130);
  expectClear(run.stderr, { says: ['interrupted'], hint: 'with -T --resume goes on' });
  await famfsOk(['cp', '--no-sync', '-r', '-T', '--resume', source, to]);
  expectSameTree(source, to);
});

test('SIGINT while cp waits for the lock stops it, with the lock still held', async () => {
  const source = put(scratch.path('source'), 'x');
  const { device, mount } = await scratch.mountedDevice();
  const lock = await holdLock(device, scratch);
  const { child, done } = start(['cp', '--no-sync', '--json', source, `${mount}/x`]);
  const told = await once(child.stderr as Readable, 'data');
  expect(String(told)).toContain('waiting for the lock');
  child.kill('SIGINT');
  const run = await done;
  expect(run).toMatchObject({ status: 130, signal: null });
  expect(run.json()).toMatchObject({ error: { code: 'interrupted' } });
  await lock.release();
  expect(exists(`${mount}/x`)).toBe(false);
  await expectClean(mount);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops digest', async (signal) => {
  const { device, mount } = await scratch.mountedDevice('16g');
  await famfsOk(['creat', '--no-sync', '-s', '12g', `${mount}/large`]);
  const { child, done } = start(['digest', '--json', '--device', device, 'large']);
  await whenOpen(child, device);
  child.kill(signal);
  const run = await done;
  expect(run).toMatchObject({ status: 130, signal: null });
  expectClear(run.stderr, { says: ['interrupted at large'] });
  expect(run.json()).toMatchObject({ error: { code: 'interrupted', exitStatus: 130 } });
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s stops chkread', async (signal) => {
  const path = put(scratch.path('large'), '');
  truncateSync(path, 16 * 1024 * MIB);
  const { child, done } = start(['chkread', '--json', path]);
  await whenOpen(child, path);
  child.kill(signal);
  const run = await done;
  expect(run).toMatchObject({ status: 130, signal: null });
  expectClear(run.stderr, { says: [path, 'interrupted at'] });
  expect(run.json()).toMatchObject({ error: { code: 'interrupted', exitStatus: 130 } });
});

test('SIGINT stops an overwriting cp; the same command again completes it', async () => {
  const source = largeTree();
  const { device, mount } = await scratch.mountedDevice();
  const to = `${mount}/to`;
  await famfsOk(['cp', '--no-sync', '-rT', source, to]);
  put(`${source}/f39`, noise(32 * MIB, 99));
  const { child, done } = start(['cp', '--no-sync', '-rT', source, to]);
  await whenOpen(child, device);
  child.kill('SIGINT');
  const run = await done;
  expect(run.status).toBe(130);
  expectClear(run.stderr, { says: ['interrupted'], hint: '--resume --verify' });
  await expectClean(mount);
  const again = await famfs(['cp', '--no-sync', '-rT', '--resume', '--verify', '--json', source, to]);
  expect(again).toMatchObject({ status: 0 });
  expectSameTree(source, to);
});
