import { truncateSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import { GIB } from '../support/images';
import { CLIENT, famfs, famfsOk } from '../support/run';
import { loggedPaths, writeAlmostFull } from '../support/run-device';
import { expectClean, expectFailure, type Failure } from '../support/run-expect';
import { exists, namesIn, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;
let source: string;
let directory: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  source = put(scratch.path('source'), 'source');
  directory = scratch.directory('tree');
  put(`${directory}/one`, 'one');
  put(`${directory}/two`, 'two');
});

/** Runs cp, which must fail before it writes anything. */
async function refused(args: string[], failure: Failure, options = {}): Promise<void> {
  const before = loggedPaths(device);
  await expectFailure(['cp', ...args], failure, options);
  expect(loggedPaths(device)).toEqual(before);
}

test('a client is refused', async () => {
  const failure = { status: 1, code: 'not-owner', says: [device, CLIENT, 'client'], hint: 'owner' } as const;
  await refused([source, `${mount}/x`], failure, { host: CLIENT });
});

test('a user without access to the device is refused', async () => {
  const failure = { status: 1, code: 'no-permission', says: [device, 'writing'] } as const;
  await refused([source, `${mount}/x`], failure, { uid: 65_534, gid: 65_534 });
});

test('a destination that is in no mount', async () => {
  const to = scratch.path('elsewhere');
  await refused([source, to], { status: 1, code: 'not-mounted', says: [to], hint: 'famfs mount' });
  expect(exists(to)).toBe(false);
});

test('a copy out of famfs', async () => {
  await famfsOk(['cp', '--no-sync', source, `${mount}/inside`]);
  const to = scratch.path('outside');
  await refused([`${mount}/inside`, to], {
    status: 1,
    code: 'not-mounted',
    says: [to],
    hint: 'ordinary cp',
  });
});

test('a destination whose parent does not exist', async () => {
  const to = `${mount}/nowhere/x`;
  await refused([source, to], {
    status: 1,
    code: 'no-parent',
    says: [to, 'does not exist'],
    hint: 'mkdir -p',
  });
  await refused(['-rT', directory, to], { status: 1, code: 'no-parent', says: [to], hint: 'mkdir -p' });
});

test('a destination whose parent is a file', async () => {
  await famfsOk(['creat', '--no-sync', '-s', '1', `${mount}/file`]);
  const to = `${mount}/file/x`;
  await refused([source, to], { status: 1, code: 'no-parent', says: [to] });
});

test('several sources to what is no directory', async () => {
  const to = `${mount}/nothing`;
  await refused([source, source, to], { status: 1, code: 'no-parent', says: [to, 'does not exist'] });
  await famfsOk(['creat', '--no-sync', '-s', '1', `${mount}/plain`]);
  const plain = `${mount}/plain`;
  await refused([source, source, plain], { status: 1, code: 'no-parent', says: [plain, 'not a directory'] });
});

test('a destination with a slash behind it that does not exist', async () => {
  const to = `${mount}/new/`;
  await refused([source, to], { status: 1, code: 'no-parent', says: [to], hint: 'without the slash' });
});

test('-T with two sources', async () => {
  await refused(['-T', source, source, `${mount}/x`], { status: 2, code: 'usage', says: ['-T'] });
});

describe('usage', () => {
  test.each([
    [[], 'SOURCE'],
    [['only'], 'DESTINATION'],
    [['--nonsense', 'a', 'b'], '--nonsense'],
    [['--null', 'a', 'b'], '--files-from'],
    [['--files-from', 'list'], 'DESTINATION'],
    [['--files-from', 'list', '-T', 'a'], '--no-target-directory'],
    [['--files-from', 'list', 'a', 'b'], 'SOURCE'],
    [['--exclude', '/', 'a', 'b'], 'not a pattern'],
    [['--threads', '0', 'a', 'b'], '0'],
    [['--threads', '65', 'a', 'b'], '65'],
    [['--threads', 'many', 'a', 'b'], 'many'],
    [['-m', '9', 'a', 'b'], '9'],
    [['-B', '2', 'a', 'b'], '--nstrips'],
  ])('%j', async (args, says) => {
    await expectFailure(['cp', ...args], { status: 2, code: 'usage', says: [says] });
  });

  test.each([
    [['-N', '3', '-B', '2'], 'strips is 3'],
    [['-N', '2'], 'buckets is missing'],
    [['-N', '2', '-B', '5'], 'less than 1 GiB'],
    [['-N', '2', '-B', '2', '-C', '3m'], 'power of two'],
  ])('stripes that cannot be are refused before any file: %j', async (flags, says) => {
    const args = ['-r', ...flags, directory, `${mount}/striped`];
    await refused(args, { status: 2, code: 'usage', says: [says] });
    expect(exists(`${mount}/striped`)).toBe(false);
  });
});

describe('what does not fit is said before anything is copied', () => {
  test('on the device', async () => {
    const from = scratch.directory('large');
    put(`${from}/a`, 'small');
    truncateSync(put(`${from}/b`, ''), 5 * GIB);
    await refused(['-r', from, `${mount}/large`], {
      status: 1,
      code: 'device-full',
      says: [device, `${5 * GIB + 2 * MIB}`, 'are free'],
      hint: 'nothing was copied',
    });
    expect(exists(`${mount}/large`)).toBe(false);
  });

  test('in the log', async () => {
    const full = scratch.path('full.img');
    writeAlmostFull(full, 2);
    const at = await scratch.mounted(full);
    await expectFailure(['cp', '-r', directory, `${at}/tree`], {
      status: 1,
      code: 'log-full',
      says: [full, '3 entries are needed', '2 left'],
      hint: '--loglen',
    });
    expect(exists(`${at}/tree`)).toBe(false);
    await famfsOk(['cp', '--no-sync', `${directory}/one`, `${directory}/two`, at]);
    await expectClean(at);
  });

  test('overwriting and resuming need no room', async () => {
    const full = scratch.path('full-of-files.img');
    writeAlmostFull(full, 3);
    const at = await scratch.mounted(full);
    await famfsOk(['cp', '--no-sync', '-r', directory, `${at}/tree`]);
    await famfsOk(['cp', '--no-sync', '-rT', directory, `${at}/tree`]);
    await famfsOk(['cp', '--no-sync', '-rT', '--resume', directory, `${at}/tree`]);
  });

  test('in one piece: the file that finds none is left out, the others are copied', async () => {
    const fragmented = await scratch.makeDevice('4g');
    const at = await scratch.mounted(fragmented);
    await famfsOk(['creat', '--no-sync', '-s', '1g', '-N', '1', '-B', '1', `${at}/a`]);
    const from = scratch.directory('pieces');
    truncateSync(put(`${from}/a`, ''), 4 * GIB - 12 * MIB);
    const { status, stderr } = await famfs(['cp', '-rT', from, at]);
    expect(status).toBe(3);
    expect(stderr).toContain('exists with');
    expect(namesIn(at)).toEqual(['a']);
  });
});

test('all of this leaves a file system with nothing wrong', async () => {
  await expectClean(mount);
});
