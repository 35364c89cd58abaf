import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { famfs, famfsOk } from '../support/run';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { exists } from '../support/run-files';
import { mountsBelow, scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let mount: string;
let device: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('4g'));
  await famfsOk(['creat', '--no-sync', '--size', '4k', join(mount, 'there')]);
});

test.each([
  [
    'mkfs',
    ['-v', '-M', '-F', '-D', '--fuse', '--no-sync', '--create', '4g'],
    () => [scratch.path('made.img')],
  ],
  ['mkfs', ['--verbose', '--nofuse', '--nodax', '-fk', '--no-sync'], () => [scratch.path('made.img')]],
  ['fsck', ['-v', '-h', '-m', '-f', '-M', '-L', '-F', '-D'], () => [mount]],
  [
    'fsck',
    ['--verbose', '--human', '--read', '--set-daxmode', '--load-module', '--nofuse', '--nodax'],
    () => [mount],
  ],
  ['check', ['-v'], () => [mount]],
  ['logplay', ['-v', '-n', '-r'], () => [mount]],
  ['logplay', ['--verbose', '--mmap'], () => [mount]],
  ['mkmeta', ['-v'], () => [device]],
  ['flush', ['-v'], () => [join(mount, 'there')]],
  ['creat', ['-v', '-s', '4k'], () => [join(mount, 'there')]],
  ['getmap', ['-c', '-q'], () => [join(mount, 'there')]],
] as const)('famfs %s %j is what the reference implementation takes', async (verb, flags, args) => {
  expectQuiet(await famfs([verb, ...flags, ...args()]));
});

test('mkdir -v tells what was made', async () => {
  const run = await famfs(['mkdir', '--no-sync', '-v', '-p', join(mount, 'a/b')]);
  expectQuiet(run);
  expect(run.stdout).toBe('directory  a\ndirectory  a/b\n');
  expect((await famfs(['mkdir', '--no-sync', '-v', '--json', join(mount, 'c')])).json()).toMatchObject({
    created: ['c'],
  });
});

describe('mount', () => {
  /** Mounts a new device with these flags. Returns the line of the mount, and the server's log. */
  async function mountedWith(...flags: string[]): Promise<{ line: string; log: string }> {
    const at = scratch.directory(scratch.unique('mnt'));
    const log = scratch.path(`${scratch.unique('server')}.log`);
    const image = await scratch.makeDevice('4g');
    expectQuiet(await famfs(['mount', '--no-sync', '--log-file', log, ...flags, image, at]));
    expect(mountsBelow(scratch.root)).toContain(at);
    const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    const line = lines.find((each) => each.includes(` ${at} `)) ?? '';
    return { line, log: readFileSync(log, 'utf8') };
  }

  test('flags without effect', async () => {
    const shadow = scratch.path('shadow');
    const { line, log } = await mountedWith('--fuse', '-v', '-L', '-M', '-t', '1.5', '-S', shadow);
    expect(line).toContain('allow_other');
    expect(log).not.toMatch(/debug/i);
    expect(exists(shadow)).toBe(false);
  });

  test('-u is for the user alone, -d for a log that tells all', async () => {
    const { line, log } = await mountedWith('-u', '-d');
    expect(line).not.toContain('allow_other');
    expect(log).toMatch(/debug/i);
  });
});

test.each([
  ['mount', '-F'],
  ['mount', '-p'],
  ['mount', '-r'],
  ['cp', '-c'],
  ['logplay', '--shadowtest'],
])('famfs %s %s, which would do something else, is refused', async (verb, flag) => {
  const failure = { status: 2, code: 'usage', says: [flag], hint: '--help' } as const;
  await expectFailure([verb, flag, device, mount], failure);
});

test.each([['-?'], ['-h'], ['mount', '-?'], ['-h', 'mount']])('famfs %s is help', async (...args) => {
  const run = await famfs(args);
  expectQuiet(run);
  expect(run.stdout).toContain(args.includes('mount') ? '$ famfs mount DEVICE' : '$ famfs [COMMAND]');
});

test('-h behind a verb is not help', async () => {
  await famfsOk(['df', '-h', mount]);
  await expectFailure(['mkdir', '-h'], { status: 2, code: 'usage', says: ['-h'], hint: '--help' });
});
