import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDevice } from '../../src/device/open';
import { decodeBackup } from '../../src/log/backup';
import { FINDINGS } from '../../src/log/findings';
import { BACKUP_LOG_OFFSET, LOG_ENTRY, LOG_OFFSET, MIB } from '../../src/log/layout';
import type { RepairReport } from '../../src/operations/repair';
import {
  damage,
  entryField,
  FS_UUID,
  file,
  type Image,
  makeImage,
  setCounters,
  writeImage,
} from '../support/images';
import { DAMAGED_IMAGES } from '../support/images-damaged';
import { CLIENT, famfs, famfsOk, type RunOptions, shell, start } from '../support/run';
import {
  damagedDevice,
  loggedPaths,
  metadataOf,
  readOnDevice,
  readRange,
  writeRange,
} from '../support/run-device';
import { codesOf, expectClean, expectClear, expectFailure, expectQuiet, fsck } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { until } from '../support/run-server';

const scratch = scratchEach();
const backup = () => scratch.path('saved.backup');
const yes = (device: string, ...more: string[]) => ['fsck', '-y', '--backup', backup(), ...more, device];

async function repaired(args: readonly string[], status: number, options: RunOptions = {}) {
  const [verb = '', ...rest] = args;
  const run = await famfs([verb, '--json', ...rest], options);
  if (run.status !== status) throw new Error(`status ${run.status}: ${run.stdout}${run.stderr}`);
  return run.json<RepairReport>();
}

function deviceOf(spoil: (image: Image) => void): string {
  const device = scratch.path('device.img');
  const image = makeImage();
  spoil(image);
  writeImage(device, image);
  return device;
}

const countersTooHigh = () => deviceOf((image) => setCounters(image, 20));
/** The last of its entries is damaged. */
const lastEntryBad = () => damagedDevice(scratch, 'sum of the last entry');

describe('a repair', () => {
  test('lowers counters, saves what was there, and is no more to be done', async () => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const report = await repaired(yes(device), 1);
    expect(report).toMatchObject({ errors: 0, contents: { entries: 13 } });
    expect(report.repair).toMatchObject({
      acts: [
        { field: 'nextSeqnum', offset: LOG_OFFSET + 32, from: '20', to: '13' },
        { field: 'nextIndex', offset: LOG_OFFSET + 40, from: '20', to: '13' },
      ],
      done: true,
      safe: true,
      givesUp: 0,
      backup: backup(),
      copyOut: [],
    });
    expect(new Set(codesOf(report.repair.found))).toEqual(new Set(['entry-crc']));
    const after = metadataOf(device);
    const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
    expect(changed).toEqual([LOG_OFFSET + 32, LOG_OFFSET + 40]);
    expect(readOnDevice(device).counters).toEqual({ nextIndex: 13, nextSeqnum: 13 });
    const again = await repaired(yes(device), 0);
    expect(again.repair).toMatchObject({ acts: [], done: false });
    expect(metadataOf(device).equals(after)).toBe(true);
  });

  test('saves all of superblock and log, for the owner alone', async () => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    await famfs(yes(device));
    const { mode, size, blocks } = statSync(backup());
    expect(mode & 0o777).toBe(0o600);
    expect(blocks * 512).toBeLessThan(MIB);
    const decoded = decodeBackup(readRange(backup(), 0, BACKUP_LOG_OFFSET), size);
    expect(decoded).toMatchObject({ header: { uuid: FS_UUID, logLength: 8 * MIB } });
    if (typeof decoded === 'string') throw new Error(decoded);
    expect(decoded.bytes.equals(before.subarray(0, 200))).toBe(true);
    expect(readRange(backup(), BACKUP_LOG_OFFSET, size).equals(before.subarray(LOG_OFFSET))).toBe(true);
    expect(readdirSync(dirname(backup())).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('tells each change in a line, and then how things are', async () => {
    const device = countersTooHigh();
    const run = await famfs(yes(device));
    expect(run).toMatchObject({ status: 1, stderr: '' });
    expect(run.stdout.split('\n').filter((line) => !/^(error|[a-zA-Z]+ {2,})/.test(line))).toEqual([
      `repair log header, next sequence number (8 bytes at ${LOG_OFFSET + 32}): 20 -> 13: no entry from 13 on was ever stored`,
      `repair log header, next index (8 bytes at ${LOG_OFFSET + 40}): 20 -> 13: no entry from 13 on was ever stored`,
      `saved superblock and log in ${backup()}; famfs restore puts them back`,
      'repaired 2 fields of the log header',
      'clean',
      '',
    ]);
  });

  test('with --quiet says nothing', async () => {
    expect(await famfs(yes(countersTooHigh(), '-q'))).toMatchObject({ status: 1, stdout: '', stderr: '' });
  });

  test('saves in the working directory unless told', async () => {
    const device = countersTooHigh();
    const { repair } = await repaired(['fsck', '--repair', '--yes', device], 1, { cwd: scratch.root });
    expect(repair.backup).toMatch(new RegExp(`^famfs-${FS_UUID}-\\d{8}T\\d{6}Z\\.backup$`));
    expect(statSync(scratch.path(repair.backup ?? '')).size).toBe(BACKUP_LOG_OFFSET + 8 * MIB);
  });

  test('lets the owner go on, in the space of what was given up', async () => {
    const device = lastEntryBad();
    await repaired(yes(device), 1);
    const mount = await scratch.mounted(device, ['--degraded']);
    await famfsOk(['mkdir', '--no-sync', `${mount}/more`]);
    expect(loggedPaths(device).at(-1)).toBe('more');
    expect(readOnDevice(device).entries).toHaveLength(13);
  });

  test('of a log with other errors leaves these, with status 5', async () => {
    const device = deviceOf((image) => {
      damage(image, entryField(0, LOG_ENTRY, 'crc'), 1, { reseal: false });
      setCounters(image, 20);
    });
    const { findings, repair } = await repaired(yes(device), 5);
    expect(codesOf(findings.filter(({ severity }) => severity === 'error'))).toEqual(['entry-crc']);
    expect(repair).toMatchObject({ done: true, givesUp: 0 });
    expect(repair.copyOut.map(({ why }) => why)).toContain('what is left of entry 0');
    expect((await repaired(yes(device), 4)).repair.done).toBe(false);
  });

  test('brings back a file system whose log header is gone', async () => {
    const device = damagedDevice(scratch, 'log header all zeros');
    expect(await repaired(yes(device), 1)).toMatchObject({ errors: 0, contents: { entries: 13 } });
  });
});

describe('what is asked and what is not', () => {
  const answering = (device: string, answer: string, flags = '') =>
    shell(`script -qec "$FAMFS fsck --repair ${flags} --backup ${backup()} ${device}" /dev/null`, {
      env: { TERM: 'xterm', NO_COLOR: '1' },
      input: answer,
    });

  test.each(['y\n', 'YES\n'])('on a terminal, %j repairs', async (answer) => {
    const device = countersTooHigh();
    const run = await answering(device, answer);
    expect(run.stdout).toContain(`save superblock and log in ${backup()} and repair? (y/N)`);
    expect(run.status).toBe(1);
    expect(readOnDevice(device).entries).toHaveLength(13);
  });

  test.each(['n\n', '\n', 'yet\n', '\u0004'])('on a terminal, %j does not', async (answer) => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const run = await answering(device, answer);
    expect(run.stdout).toContain('nothing was changed');
    expect(run.status).toBe(4);
    expect(metadataOf(device).equals(before)).toBe(true);
    expect(readdirSync(scratch.root)).toEqual(['device.img']);
  });

  test('Ctrl-C at the question is status 32', async () => {
    const device = countersTooHigh();
    const out = scratch.path('out');
    const typed = `(until grep -q y/N ${out}; do sleep 0.05; done; printf '\\003'; sleep 1)`;
    const fsckLine = `$FAMFS fsck --repair --backup ${backup()} ${device}`;
    const env = { TERM: 'xterm', NO_COLOR: '1' };
    const run = await shell(`touch ${out}; ${typed} | script -qefc "${fsckLine}" ${out}`, { env });
    expect(run).toMatchObject({ status: 32 });
    expect(run.stdout).toContain('interrupted; nothing was changed');
    expect(readdirSync(scratch.root).sort()).toEqual(['device.img', 'out']);
  });

  test('what would be changed is shown before the question, also with --quiet', async () => {
    const run = await answering(countersTooHigh(), 'n\n', '--quiet');
    expect(run.stdout).toMatch(/repair log header, next index .*: 20 -> 13:[\s\S]*\(y\/N\)/);
  });

  test.each([[[]], [['--json']]])('without a terminal nobody is asked and nothing done: %j', async (more) => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const run = await famfs(['fsck', ...more, '--repair', '--backup', backup(), device]);
    expect(run.status).toBe(4);
    expectClear(run.stderr, { says: ['nothing was changed', '--yes'] });
    expect(metadataOf(device).equals(before)).toBe(true);
    expect(readdirSync(scratch.root)).toEqual(['device.img']);
  });

  test.each(['-n', '--dry-run'])('%s shows the plan and changes nothing', async (flag) => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const run = await famfs(['fsck', '--repair', flag, device], { host: CLIENT });
    expect(run).toMatchObject({ status: 4, stderr: '' });
    expect(run.stdout).toMatch(/^repair log header, next index /m);
    expect(metadataOf(device).equals(before)).toBe(true);
    expect(readdirSync(scratch.root)).toEqual(['device.img']);
  });
});

describe('as fsck.famfs, by the letters of fsck(8)', () => {
  const as = { program: 'fsck.famfs' } as const;

  test.each(['-p', '-a', '-y'])('%s repairs what is safe', async (flag) => {
    const device = countersTooHigh();
    expect(await famfs([flag, '--backup', backup(), device], as)).toMatchObject({ status: 1, stderr: '' });
    await fsck(device, 0);
  });

  test.each(['-p', '-a'])('%s gives nothing up', async (flag) => {
    const device = lastEntryBad();
    const before = metadataOf(device);
    const run = await famfs([flag, device], { ...as, cwd: scratch.root });
    expect(run.status).toBe(4);
    expectClear(run.stderr, { says: ['nothing was changed'] });
    expect(run.stdout).toMatch(/^gives up 1 entry /m);
    expect(metadataOf(device).equals(before)).toBe(true);
    expect(readdirSync(scratch.root)).toEqual(['device.img']);
  });

  test('-n checks alone', async () => {
    expect((await famfs(['-n', countersTooHigh()], as)).stdout).not.toContain('repair');
  });

  test.each(['-p', '-a', '-y', '-n'])('%s of a sound one is status 0, also for a client', async (flag) => {
    const device = await scratch.makeDevice('4g');
    expectQuiet(await famfs([flag, device], { ...as, host: CLIENT }));
  });

  test.each([
    ['-n', '-y'],
    ['-p', '-y'],
    ['-n', '-p'],
    ['--backup', 'x'],
  ])('%s %s is refused', async (...flags) => {
    await expectFailure(['fsck', ...flags, '/dev/null'], { status: 16, code: 'usage', says: [] });
  });
});

describe('every kind of damage', () => {
  test.each(DAMAGED_IMAGES.map(({ name, make }) => [name, make] as const))(
    '%s: what is not repaired is as it was, and told how to save',
    async (_name, make) => {
      const device = scratch.path('device.img');
      writeImage(device, make());
      const before = metadataOf(device);
      const run = await famfs(['fsck', '--json', '-y', '--backup', backup(), device]);
      const { errors, findings, repair } = run.json<RepairReport>();
      expect(run.status).toBe((repair.done ? 1 : 0) + (errors > 0 ? 4 : 0));
      const after = metadataOf(device);
      if (!repair.done) expect(after.equals(before)).toBe(true);
      before.copy(after, LOG_OFFSET, LOG_OFFSET, LOG_OFFSET + 48);
      expect(after.equals(before)).toBe(true);
      const ofEntries = findings.filter(
        ({ code, entry }) => entry !== undefined && FINDINGS[code].severity === 'error',
      );
      expect(repair.copyOut.length > 0).toBe(ofEntries.length > 0);
      expect((await fsck(device, errors > 0 ? 4 : 0)).findings).toEqual(findings);
    },
  );
});

describe('the commands that save what stays wrong', () => {
  const run = (line: string) =>
    shell(`famfs() { $FAMFS "$@"; }; ${line}`, { cwd: scratch.directory('saved') });

  test('copy out files that share space, and all others', async () => {
    const device = scratch.path("it's a device.img");
    const extent = (offset: number) => [{ devindex: 0, offset, length: 2 * MIB }];
    const entries = [
      file('one', 2 * MIB, { kind: 'simple', extents: extent(100 * MIB) }),
      file("it's two", 2 * MIB, { kind: 'simple', extents: extent(100 * MIB) }),
      file(Buffer.from('bad\xff\xfe', 'latin1'), 2 * MIB, { kind: 'simple', extents: extent(200 * MIB) }),
    ];
    writeImage(device, makeImage({ entries }));
    writeRange(device, 100 * MIB, Buffer.from('contents'));
    const { repair } = await repaired(['fsck', '--repair', device], 4);
    expect(repair.acts).toEqual([]);
    expect(repair.copyOut.map(({ why }) => why)).toEqual([
      'all files that can be read',
      '"it\'s two", which may hold bytes of "one"',
      '"one", which may hold bytes of "it\'s two"',
    ]);
    for (const { command } of repair.copyOut)
      expect(await run(command)).toMatchObject({ status: 0, stderr: '' });
    for (const copy of ['entry-0', 'entry-1', 'salvaged/one', "salvaged/it's two"])
      expect(readFileSync(scratch.path('saved', copy)).toString('latin1', 0, 8)).toBe('contents');
    expect(readdirSync(scratch.path('saved/salvaged'))).toHaveLength(3);
  });

  test('show what is left of an entry in the middle', async () => {
    const device = damagedDevice(scratch, 'sum of the first entry');
    const { repair } = await repaired(['fsck', '--repair', device], 4);
    expect(repair.copyOut.map(({ command }) => command)).toEqual([
      `famfs export ${device} / salvaged`,
      `famfs log dump --raw --from 0 --to 0 ${device}`,
    ]);
    const shown = await run(repair.copyOut[1]?.command ?? '');
    expect(shown).toMatchObject({ status: 0 });
    expect(shown.stdout).toContain('6f 6e 65 2d 75 6e 69 74'); // its path, one-unit
    expect((await famfs(['fsck', '--repair', device])).stdout).toMatch(
      /\nto save all files that can be read: /,
    );
  });
});

describe('it is refused', () => {
  test('on a mount, and on a device that is mounted', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    for (const target of [device, mount]) {
      const failure = { status: 16, code: 'device-mounted', says: [target, mount], hint: 'umount' } as const;
      await expectFailure(['fsck', '--repair', target], failure);
      await expectFailure(['fsck', '-n', '--repair', target], failure);
    }
  });

  test('on a client', async () => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const failure = { status: 8, code: 'not-owner', says: [CLIENT], hint: 'owner' } as const;
    await expectFailure(['fsck', '-y', device], failure, { host: CLIENT });
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test('when the backup exists', async () => {
    const device = countersTooHigh();
    put(backup(), 'something else');
    const before = metadataOf(device);
    await expectFailure(yes(device), { status: 8, code: 'exists', says: [backup()] });
    expect(readFileSync(backup(), 'utf8')).toBe('something else');
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test.each([
    ['in a directory that is not there', () => scratch.path('none/x'), 'ENOENT'],
    ['on a full file system', () => '/dev/full/x', 'ENOTDIR'],
  ])('when the backup cannot be written: %s', async (_what, path, says) => {
    const device = countersTooHigh();
    const before = metadataOf(device);
    const args = ['fsck', '-q', '-y', '--backup', path(), device];
    await expectFailure(args, { status: 8, code: 'backup-failed', says: [path(), says], hint: '--backup' });
    expect(metadataOf(device).equals(before)).toBe(true);
  });

  test('for a user who may not write the device', async () => {
    const device = countersTooHigh();
    const failure = { status: 8, code: 'no-permission', says: [device] } as const;
    await expectFailure(['fsck', '-y', device], failure, { uid: 65_534, gid: 65_534 });
  });
});

test('it waits for a verb that holds the lock, and looks again then', async () => {
  const path = countersTooHigh();
  const device = openDevice(path, { writable: true, noSync: true });
  expect(device.tryLock()).toBe(true);
  const { child, done } = start(yes(path, '--json'));
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  await until('it waits', () => said.includes('waiting for the lock'));
  writeImage(path, makeImage());
  device.close();
  const run = await done;
  expect(run.status).toBe(0);
  expect(run.json<RepairReport>().repair).toMatchObject({ acts: [], done: false });
  await expectClean(path);
});
