import { readFileSync } from 'node:fs';
import { openDevice } from '../../src/device/open';
import { readSuperblockBytes, storeOwner } from '../../src/log/superblock';
import { isZero } from '../../src/zeros';
import { mkdir } from '../support/images';
import { CLIENT, famfs, famfsOk, type Run, shell } from '../support/run';
import { appendUnseen, loggedPaths, readOnDevice, readRange } from '../support/run-device';
import { expectClean, expectClear } from '../support/run-expect';
import { expectContents, put } from '../support/run-files';
import { killedAfter, plantTree } from '../support/run-kill';
import { scratchEach } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';

const scratch = scratchEach();
const MIB = 2 ** 20;
/** So many that a copy takes longer than it takes to see that it has begun. */
const FILES = 5000;

/** What `famfs owner --take` on another host does: the lock of this host does not hold it up. */
function takeFromAfar(path: string): void {
  const device = openDevice(path, { writable: true, noSync: true });
  storeOwner(device, readSuperblockBytes(device), CLIENT);
  device.close();
}

const entriesOn = (device: string) => readOnDevice(device).counters.nextIndex;
const errorOf = (run: Run) => run.json<{ error: { code: string; message: string } }>().error;

test('a copy under way ends when its host is not the owner any more, and what it logged before stays', async () => {
  const { device, mount } = await scratch.mountedDevice('64g');
  const source = plantTree(scratch.path('source'), FILES, 12);
  const done = famfs(['cp', '--no-sync', '--json', '-rT', source, `${mount}/copy`]);
  await until('something is logged', () => entriesOn(device) > 0);
  takeFromAfar(device);
  const run = await done;
  expect(run.status).toBe(1);
  const { code, message } = errorOf(run);
  expect(code).toBe('owner-changed');
  expect(message).toContain(`the host with system UUID ${CLIENT} became its owner`);
  expectClear(run.stderr, { says: [device, CLIENT], hint: 'famfs fsck' });
  const before = entriesOn(device);
  const told = Number(/; (\d+) of \d+ files and directories are done$/.exec(message)?.[1]);
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThanOrEqual(before);
  expectContents(source, `${mount}/copy`);
  await expectClean(mount);
  expect(await famfs(['mkdir', '--json', `${mount}/more`])).toMatchObject({ status: 1 });
  await famfsOk(['mkdir', '--no-sync', `${mount}/of-the-new-owner`], { host: CLIENT });
  expect(entriesOn(device)).toBe(before + 1);
  await expectClean(mount);
});

test('so do files that are made, each told of once it is there', async () => {
  const { device, mount } = await scratch.mountedDevice('64g', ['--loglen', '64m']);
  const list = put(
    scratch.path('list'),
    Array.from({ length: 30_000 }, (_, i) => `${mount}/f${i},1\n`).join(''),
  );
  const done = famfs(['creat', '--no-sync', '--json', '--files-from', list]);
  await until('something is logged', () => entriesOn(device) > 0);
  takeFromAfar(device);
  const { code, message } = errorOf(await done);
  expect(code).toBe('owner-changed');
  expect(message).toContain(`; ${entriesOn(device)} of 30000 files are there`);
  await expectClean(mount);
});

describe('what is stored before anything is logged', () => {
  const DATA = 10 * MIB;
  const hasData = (device: string, offset: number) => !isZero(readRange(device, offset, MIB));

  test('a copy of standard input ends, and stores no more over what is given to others', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const go = scratch.path('go');
    const pipe = `{ head -c 1M /dev/urandom; until [ -e ${go} ]; do sleep 0.01; done; head -c 63M /dev/urandom; }`;
    const done = shell(`${pipe} | $FAMFS cp --no-sync --json --size 64m - ${mount}/piped`);
    await until('something is stored', () => hasData(device, DATA));
    takeFromAfar(device);
    put(go, '');
    expect(errorOf(await done).code).toBe('owner-changed');
    expect(hasData(device, DATA + 63 * MIB)).toBe(false);
    await expectClean(mount);
  });

  test('so does a file of random contents', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const done = famfs(['creat', '--no-sync', '--json', '-r', '-S', '1', '-s', '2g', `${mount}/random`]);
    await until('something is stored', () => hasData(device, DATA));
    takeFromAfar(device);
    expect(errorOf(await done).code).toBe('owner-changed');
    expect(hasData(device, DATA + 2047 * MIB)).toBe(false);
    await expectClean(mount);
  });
});

test('an entry that another host of the same name logged ends a copy with two-owners', async () => {
  const { device, mount } = await scratch.mountedDevice('64g');
  const source = plantTree(scratch.path('source'), FILES, 12);
  const done = famfs(['cp', '--no-sync', '--json', '-rT', source, `${mount}/copy`]);
  await until('something is logged', () => entriesOn(device) > 0);
  appendUnseen(device, mkdir('unseen'));
  const run = await done;
  expect(run.status).toBe(1);
  expect(errorOf(run).code).toBe('two-owners');
  expectClear(run.stderr, { says: ['where this host left'], hint: 'system UUID' });
});

test('takeovers that are killed leave one of both as the owner', async () => {
  const { device, mount } = await scratch.mountedDevice('4g');
  await famfsOk(['mkdir', '--no-sync', `${mount}/a`]);
  const hosts = [CLIENT, '5e0b7a54-96c1-4c09-8f3e-2b1d6a7c4f03'];
  const owners = new Set<string>();
  for (let round = 0; round < 12; round++) {
    const host = hosts[round % 2] as string;
    await killedAfter(60 + 20 * round, ['owner', '--take', '--force', '--no-sync', device], { host });
    owners.add(readOnDevice(device).superblock.ownerUuid);
    await expectClean(mount);
  }
  expect(owners.size).toBeGreaterThan(1);
  expect(loggedPaths(device)).toEqual(['a']);
});

test('mounts on both hosts go on through takeovers', async () => {
  const { device, mount } = await scratch.mountedDevice('4g');
  const client = await scratch.mounted(device, ['--poll', '1'], { host: CLIENT });
  const bytes = Buffer.alloc(MIB, 7);
  const source = put(scratch.path('bytes'), bytes);
  for (let round = 0; round < 6; round++) {
    const host = round % 2 === 0 ? { host: CLIENT } : {};
    const own = round % 2 === 0 ? client : mount;
    await famfsOk(['owner', '--take', '--force', '--no-sync', own], host);
    await famfsOk(['cp', '--no-sync', source, `${own}/round${round}`], host);
    for (const at of [mount, client]) expect(readFileSync(`${at}/round${round}`).equals(bytes)).toBe(true);
  }
  for (const at of [mount, client]) expect((await statusOf(at)).log).toMatchObject({ entries: 6 });
  await expectClean(mount);
  expect(loggedPaths(device)).toHaveLength(6);
});
