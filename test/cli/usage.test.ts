import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, famfs, famfsOk, type Program, shell } from '../support/run';
import { expectClean, expectFailure, expectNoTrace, expectQuiet } from '../support/run-expect';
import { exists, put } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
  version: string;
};
const VERBS = [
  'cat',
  'check',
  'clone',
  'cp',
  'creat',
  'df',
  'digest',
  'export',
  'fsck',
  'getmap',
  'info',
  'logplay',
  'ls',
  'mkdir',
  'mkfs',
  'mount',
  'umount',
];

describe('help', () => {
  test.each(VERBS)('%s --help has a usage and examples', async (verb) => {
    const run = await famfs([verb, '--help']);
    expectQuiet(run);
    expect(run.stdout).toMatch(new RegExp(`^USAGE\n {2}\\$ famfs ${verb} `, 'm'));
    expect(run.stdout).toMatch(new RegExp(`^EXAMPLES\n {2}\\$ famfs ${verb} `, 'm'));
    expectNoTrace(run.stdout);
  });

  test.each(VERBS)('%s with a flag that it does not have tells of its own help', async (verb) => {
    const { stderr } = await famfs([...verb.split(' '), '--nonsense']);
    expect(stderr.replace(/^.*\n/, '')).toBe(`       famfs ${verb} --help shows how it is used\n`);
  });

  test.each([['--help'], []])('famfs %s lists the verbs', async (...args) => {
    const run = await famfs(args);
    expectQuiet(run);
    for (const verb of VERBS) expect(run.stdout).toMatch(new RegExp(`^ {2}${verb} +\\S`, 'm'));
  });

  test('--version', async () => {
    const run = await famfs(['--version']);
    expectQuiet(run);
    expect(run.stdout).toMatch(new RegExp(`^famfs/${version.replaceAll('.', '\\.')} `));
  });
});

describe('what is no verb', () => {
  test.each(['nonsense', 'nonsense extra', 'mkdri', 'cp:x', ''])('"%s" is named', async (verb) => {
    const { status, stdout, stderr } = await famfs(verb.split(' '));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^famfs: .*no such verb\n {7}famfs --help lists them\n$/);
  });

  test('an unknown flag before a verb', async () => {
    const { status, stderr } = await famfs(['--nonsense']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^famfs: .*--nonsense/);
    expectNoTrace(stderr);
  });
});

describe('the programs that mkfs(8), fsck(8) and mount(8) start', () => {
  test('mkfs.famfs, fsck.famfs and mount.famfs do what the verbs do', async () => {
    const device = scratch.path('device.img');
    const at = scratch.directory('mnt');
    expectQuiet(await famfs(['--no-sync', '--create', '4g', device], { program: 'mkfs.famfs' }));
    const checked = await famfs([device], { program: 'fsck.famfs' });
    expectQuiet(checked);
    expect(checked.stdout).toMatch(/\nclean\n$/);
    const log = scratch.path('server.log');
    expectQuiet(await famfs(['--log-file', log, device, at, '-o', 'rw'], { program: 'mount.famfs' }));
    expect(mountsBelow(scratch.root)).toEqual([at]);
    await expectClean(at);
  });

  test('mount.famfs takes device and directory before its options, and options with commas', async () => {
    const device = await scratch.makeDevice('4g');
    const at = scratch.directory('mnt');
    const log = scratch.path('server.log');
    const run = await famfs([device, at, '--log-file', log, '-o', 'rw,ro'], { program: 'mount.famfs' });
    expectQuiet(run);
  });

  test.each([
    ['mkfs.famfs', 1],
    ['fsck.famfs', 8],
  ] as const)('%s of a missing device fails with %d', async (program, status) => {
    const device = scratch.path('missing');
    await expectFailure([device], { status, code: 'no-device', says: [device] }, { program });
    expect(exists(device)).toBe(false);
  });

  test('fsck.famfs reports errors with 4', async () => {
    const device = put(scratch.path('device.img'), 'text');
    expect(await famfs([device], { program: 'fsck.famfs' })).toMatchObject({ status: 4, stderr: '' });
  });

  test.each<Program>(['mkfs.famfs', 'fsck.famfs', 'mount.famfs'])('%s --help', async (program) => {
    const run = await famfs(['--help'], { program });
    expectQuiet(run);
    expect(run.stdout).toContain('EXAMPLES');
  });

  test('mount.famfs without a directory is a usage error', async () => {
    const failure = { status: 2, code: 'usage', says: ['DIRECTORY'], hint: '--help' } as const;
    await expectFailure(['device'], failure, { program: 'mount.famfs' });
  });
});

test('famfs works from any directory and with another home', async () => {
  const env = { HOME: '/nonexistent', XDG_DATA_HOME: undefined };
  await famfsOk(['mkfs', '--create', '4g', 'device.img'], { cwd: scratch.root, env });
  expectQuiet(await famfs(['fsck', 'device.img'], { cwd: scratch.root, env }));
});

test('a home that cannot be read is no matter', async () => {
  const run = await famfs(['--version'], { uid: 65_534, gid: 65_534, env: { HOME: '/root' } });
  expectQuiet(run);
});

test('a user that the system knows only by a number is served', async () => {
  const image = scratch.path('device.img');
  await famfsOk(['mkfs', '--create', '4g', image]);
  const env = { HOME: undefined, SHELL: undefined };
  expectQuiet(await famfs(['fsck', image], { uid: 12_345, gid: 12_345, env }));
});

describe('standard output that cannot be written', () => {
  test.each([
    ['famfs --help', 1],
    ['famfs --version', 1],
    ['famfs status', 1],
    ['famfs nonsense --json', 1],
    ['famfs fsck --json /nonexistent', 8],
    ['famfs fsck --help', 8],
    ['fsck.famfs --json /nonexistent', 8],
    ['fsck.famfs --help', 8],
  ])('%s says so in a line', async (line, status) => {
    const run = await shell(`${process.execPath} ${BIN}/${line} > /dev/full`);
    expect(run.status).toBe(status);
    expect(run.stderr).toMatch(/^famfs: standard output: cannot be written: ENOSPC$/m);
    expectNoTrace(run.stderr);
  });
});

test('what is no verb is told in JSON too', async () => {
  const { error } = (await famfs(['nonsense', '--json'])).json<{ error: object }>();
  expect(error).toMatchObject({ code: 'usage', exitStatus: 2 });
});

test.each([
  [['device', 'scan', 'extra'], 'Unexpected argument: extra', 'famfs device scan --help'],
  [['device', 'lsx', 'mnt'], 'device lsx: no such verb', 'famfs --help'],
  [['nonsense', 'mnt'], 'nonsense: no such verb', 'famfs --help'],
  [['status', 'one', 'two'], 'Unexpected argument: two', 'famfs'],
])('%j is wrong where it says so', async (args, says, hint) => {
  const { status, stderr } = await famfs(args);
  expect(status).toBe(2);
  const [first, second] = stderr.split('\n');
  expect(first).toBe(`famfs: ${says}`);
  expect(second).toContain(hint);
});

test('a flag that is wrong is named once, and help tells what topics are for', async () => {
  for (const [flag, value] of [
    ['--mode', '9'],
    ['--lock-timeout', 'x'],
  ] as const) {
    const { stderr } = await famfs(['mkdir', flag, value, 'd']);
    expect(stderr).toMatch(new RegExp(`^famfs: ${flag}: ${value}: not `));
  }
  expect((await famfs(['--help'])).stdout).toMatch(/^ +device +Add, list and find the devices/m);
});

describe('standard input is not for arguments that are missing', () => {
  test('optional ones', async () => {
    const run = await famfs(['status'], { input: '/nonexistent\n' });
    expect(run.stderr).not.toContain('/nonexistent');
  });

  test.each([['mkdir'], ['fsck'], ['creat', '--size', '1'], ['cp', 'source']])('%s', async (...args) => {
    const run = await famfs(args, { input: '/nonexistent\n' });
    expect(run.stderr).toMatch(/^famfs: (missing: |no file)/);
    expect(run.status).toBe(args[0] === 'fsck' ? 16 : 2);
  });
});

test('an argument for a verb that takes none is what is wrong, not the verb', async () => {
  const { status, stderr } = await famfs(['doctor', 'extra']);
  expect(status).toBe(2);
  expect(stderr).toBe('famfs: Unexpected argument: extra\n       famfs doctor --help shows how it is used\n');
});

describe('a verb of two words', () => {
  test.each([[], ['--help'], ['-h']])('famfs log %s shows the verbs of the topic', async (...flags) => {
    const run = await famfs(['log', ...flags]);
    expectQuiet(run);
    expect(run.stdout).toMatch(/^ {2}log dump {2}Show the log/m);
  });

  test('flags may stand between the words', async () => {
    const image = await scratch.makeDevice('4g');
    const between = await famfs(['log', '--json', '-q', 'dump', image]);
    expectQuiet(between);
    expect(JSON.parse(between.stdout)).toEqual((await famfsOk(['log', 'dump', '--json', image])).json());
    const help = await famfs(['log', '--help', 'dump']);
    expectQuiet(help);
    expect(help.stdout).toContain('$ famfs log dump ');
  });

  test.each([
    ['--json', 'log --json: the second word'],
    ['--json dmp', 'log dmp: no such verb'],
    ['--json --from 3 dump', 'log 3: no such verb'],
  ])('famfs log %s is a usage error, in JSON too', async (words, message) => {
    const run = await famfs(['log', ...words.split(' ')]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`famfs: ${message}`);
    const { error } = JSON.parse(run.stdout) as { error: object };
    expect(error).toMatchObject({ code: 'usage', exitStatus: 2 });
  });

  test('flags without a second word are a usage error', async () => {
    const { status, stderr, stdout } = await famfs(['log', '--raw']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      'famfs: log --raw: the second word of the verb is missing\n       famfs log --help lists them\n',
    );
  });
});
