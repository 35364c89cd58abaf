import { closeSync, fsyncSync, openSync, readFileSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import { GIB } from '../support/images';
import { CLIENT, command, commandOk, famfs, famfsOk } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean, expectClear, expectFailure } from '../support/run-expect';
import { exists, noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { statusOf } from '../support/run-server';

/** A device in a file system that has no room left for what a sparse file promised. */

const scratch = scratchEach();
const kept = noise(2 * MIB, 5);
let backing: string;
let device: string;
let mount: string;
let second: string;

beforeEach(async () => {
  backing = scratch.directory('backing');
  await commandOk('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', backing]);
  device = `${backing}/device.img`;
  second = `${backing}/second.img`;
  truncateSync(put(second, ''), GIB);
  await famfsOk(['mkfs', '--create', '8g', device]);
  mount = await scratch.mounted(device, [], { at: scratch.directory('mnt') });
  await famfsOk(['cp', put(scratch.path('kept'), kept), `${mount}/kept`]);
  await famfsOk(['creat', '-s', '4m', `${mount}/sparse`]);
  // The page that the next entry goes into has to be a new one.
  const { nextIndex } = readOnDevice(device).counters;
  expect(nextIndex).toBe(2);
  await famfsOk(['creat', ...[0, 1, 2, 3, 4].flatMap((i) => ['--multi', `${mount}/f${i},1`])]);
});

/** Takes all the room that is left. */
async function fill(): Promise<void> {
  await command('dd', ['if=/dev/zero', `of=${backing}/filler`, 'bs=4k', 'status=none']);
}

async function expectAlive(): Promise<void> {
  const status = await statusOf(mount);
  expect(status).toMatchObject({ gaveUp: false, restarts: 0, deviceFailed: false });
  expect(readFileSync(`${mount}/kept`).equals(kept)).toBe(true);
}

const VERBS: readonly [string, () => string[]][] = [
  ['mkdir', () => ['mkdir', '-p', ...many('d')]],
  ['creat', () => ['creat', ...many('c').flatMap((path) => ['--multi', `${path},1`])]],
  ['creat --randomize', () => ['creat', '-r', '-S', '7', '-s', '3m', `${mount}/random`]],
  ['cp', () => ['cp', scratch.path('large'), `${mount}/large`]],
  ['cp of standard input', () => ['cp', '--size', String(3 * MIB), '-', `${mount}/piped`]],
  ['cp over a file', () => ['cp', scratch.path('over'), `${mount}/sparse`]],
  ['device add', () => ['device', 'add', mount, second]],
];

const many = (prefix: string) => Array.from({ length: 20 }, (_, i) => `${mount}/${prefix}${i}`);

test.each(VERBS)('%s says so, loses nothing, and does its work when there is room', async (name, args) => {
  put(scratch.path('large'), noise(3 * MIB, 6));
  put(scratch.path('over'), noise(4 * MIB, 7));
  const input = name === 'cp of standard input' ? { input: noise(3 * MIB, 8) } : {};
  await fill();
  const before = readOnDevice(device).counters;
  const run = await famfs(args(), input);
  expect(run).toMatchObject({ status: 1, signal: null });
  expectClear(run.stderr, { says: ['ENOSPC'], hint: 'full' });
  expect(readOnDevice(device).counters).toEqual(before);
  await expectAlive();
  await expectClean(mount);
  rmSync(`${backing}/filler`);
  await famfsOk(args(), input);
  await expectClean(mount);
  await expectAlive();
});

test('clone says so, and makes the clone when there is room', async () => {
  await fill();
  const before = readOnDevice(device).counters;
  const clone = `${mount}/clone`;
  const failure = { status: 1, code: 'device-io', says: ['ENOSPC'], hint: 'full' } as const;
  await expectFailure(['clone', `${mount}/kept`, clone], failure);
  expect(readOnDevice(device).counters).toEqual(before);
  expect(exists(clone)).toBe(false);
  await expectAlive();
  await expectClean(mount);
  rmSync(`${backing}/filler`);
  await famfsOk(['clone', `${mount}/kept`, clone]);
  expect(readFileSync(clone).equals(kept)).toBe(true);
});

test('owner --take needs no room', async () => {
  await fill();
  await famfsOk(['owner', '--take', '--force', device], { host: CLIENT });
  await expectClean(mount);
});

test('flush needs no room', async () => {
  await fill();
  await famfsOk(['flush', `${mount}/kept`]);
  await expectAlive();
  await expectClean(mount);
});

test('mkfs --force needs no room', async () => {
  await famfsOk(['umount', mount]);
  await fill();
  await famfsOk(['mkfs', '--force', device]);
  await expectClean(device);
});

test('writes through the mount fail with ENOSPC, the server lives, and they work when there is room', async () => {
  await fill();
  const fd = openSync(`${mount}/sparse`, 'r+');
  try {
    expect(() => writeSync(fd, noise(MIB, 9), 0, MIB, 0)).toThrow('ENOSPC');
    await expectAlive();
    rmSync(`${backing}/filler`);
    expect(writeSync(fd, noise(MIB, 9), 0, MIB, 0)).toBe(MIB);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  expect(readFileSync(`${mount}/sparse`).subarray(0, MIB).equals(noise(MIB, 9))).toBe(true);
  await expectAlive();
  await expectClean(mount);
});

test('stores to a mapping are told as lost by msync, and end no server', async () => {
  await fill();
  const script = `
import mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
m = mmap.mmap(fd, 1 << 20)
m[:] = b"x" * (1 << 20)
try:
    m.flush()
    os.fsync(fd)
    print("stored")
except OSError as e:
    print(os.strerror(e.errno))`;
  const run = await command('python3', ['-c', script, `${mount}/sparse`]);
  expect(run.stdout + (run.signal ?? '')).toMatch(
    /^(No space left on device|Input\/output error)\n$|^SIGBUS$/,
  );
  await expectAlive();
  await expectClean(mount);
});

test('a hole that is read is zeros', async () => {
  await fill();
  expect(readFileSync(`${mount}/sparse`).equals(Buffer.alloc(4 * MIB))).toBe(true);
  await expectAlive();
});
