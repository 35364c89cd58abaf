import { truncateSync } from 'node:fs';
import { logCapacity, MIB } from '../../src/log/layout';
import { GIB, makeImage, mkdir, writeImage } from '../support/images';
import { command, famfs, famfsOk } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean, expectClear } from '../support/run-expect';
import { namesIn, put } from '../support/run-files';
import { plantTree } from '../support/run-kill';
import { scratchAll } from '../support/run-scratch';

/** A log with room for two more entries, and devices that may not be written. */

const scratch = scratchAll();
const logLength = 8 * MIB;
const CAPACITY = logCapacity(logLength);
let device: string;
let mount: string;
let source: string;

beforeAll(async () => {
  device = scratch.path('device.img');
  const entries = Array.from({ length: CAPACITY - 2 }, (_, i) => mkdir(`d${i}`));
  writeImage(device, makeImage({ deviceSize: 8 * GIB, logLength, entries }));
  mount = await scratch.mounted(device);
  source = plantTree(scratch.path('source'), 10, 1);
  for (const name of ['a', 'b', 'c']) truncateSync(put(scratch.path(name), ''), GIB);
});

const secondaries = () => ['a', 'b', 'c'].map((name) => scratch.path(name));
const VERBS: readonly [string, () => string[]][] = [
  ['mkdir -p', () => ['mkdir', '-p', `${mount}/x/y/z`]],
  ['cp -r', () => ['cp', '-r', source, `${mount}/tree`]],
  ['device add', () => ['device', 'add', mount, ...secondaries()]],
];

test.each(VERBS)('%s that does not fit into the log says so and does nothing', async (_name, args) => {
  const before = readOnDevice(device).counters;
  const run = await famfs(args());
  expect(run).toMatchObject({ status: 1, signal: null });
  expectClear(run.stderr, { says: ['log'] });
  expect((await famfs([...args(), '--json'])).json()).toMatchObject({ error: { code: 'log-full' } });
  expect(readOnDevice(device).counters).toEqual(before);
});

const LAST: readonly [string, () => string[]][] = [
  ['creat', () => ['creat', '-s', '4k', `${mount}/${scratch.unique('n')}`]],
  ['cp', () => ['cp', `${source}/d0/e0/small0`, `${mount}/${scratch.unique('n')}`]],
  ['mkdir', () => ['mkdir', `${mount}/${scratch.unique('n')}`]],
  ['clone', () => ['clone', `${mount}/last`, `${mount}/${scratch.unique('n')}`]],
  ['cp of standard input', () => ['cp', '--size', '3', '-', `${mount}/${scratch.unique('n')}`]],
];

test('the last two entries are used, and then every verb that appends says that the log is full', async () => {
  await famfsOk(['creat', '--no-sync', '-s', '4k', `${mount}/last`]);
  await famfsOk(['mkdir', '--no-sync', `${mount}/last-directory`]);
  expect(readOnDevice(device).counters.nextIndex).toBe(CAPACITY);
  for (const [, args] of LAST) {
    const run = await famfs([...args(), '--json'], { input: 'abc' });
    expect(run).toMatchObject({ status: 1, signal: null });
    expect(run.json()).toMatchObject({ error: { code: 'log-full' } });
  }
  await famfsOk(['cp', '--no-sync', put(scratch.path('4k'), Buffer.alloc(4096, 7)), `${mount}/last`]);
  await famfsOk(['flush', `${mount}/last`]);
  await famfsOk(['owner', mount]);
  expect(namesIn(mount)).toHaveLength(CAPACITY);
  await expectClean(mount);
});

test('a device on a file system that is mounted read-only can be mounted -o ro, and is refused all else', async () => {
  const held = await scratch.makeDevice('4g');
  const script = `
set -u
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
cd /
for verb in "mkfs --force" "mkfs --kill --force" "owner --take --force"; do
  $FAMFS $verb --json "$2" | tr -d '\\n '; echo " $?"
done
mkdir -p "$3/mnt"
$FAMFS mount -o ro --log-file "$3/log" "$2" "$3/mnt" >/dev/null; echo "mount $?"
$FAMFS mkdir --json "$3/mnt/x" | tr -d '\\n '; echo
$FAMFS fsck "$3/mnt" >/dev/null; echo "fsck $?"
umount "$3/mnt"
`;
  const devices = scratch.directory('ro');
  const other = scratch.directory('rw');
  await command('mv', [held, `${devices}/device.img`]);
  const { BIN } = await import('../support/run');
  const run = await command(
    'unshare',
    ['--mount', '/bin/bash', '-c', script, 'bash', devices, `${devices}/device.img`, other],
    { env: { FAMFS: `${process.execPath} ${BIN}/famfs` } },
  );
  const lines = run.stdout.split('\n');
  for (const line of lines.slice(0, 3)) expect(line).toContain('"code":"no-permission"');
  expect(lines[3]).toBe('mount 0');
  expect(lines[4]).toContain('"code":"no-permission"');
  expect(lines[5]).toBe('fsck 0');
  await expectClean(`${devices}/device.img`);
});
