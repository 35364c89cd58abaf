import { lstatSync, statSync, symlinkSync } from 'node:fs';
import type { MkdirResult } from '../../src/operations/mkdir';
import { CLIENT, famfs, famfsOk, type Run, type RunOptions, shell } from '../support/run';
import { loggedPaths, writeAlmostFull } from '../support/run-device';
import { codesOf, expectClean, expectFailure, expectQuiet, fsck } from '../support/run-expect';
import { exists, modeOf, namesIn, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice());
});

const mkdir = (args: string[], options?: RunOptions): Promise<Run> =>
  famfs(['mkdir', '--no-sync', ...args], options);
/** A path in the mount that no other test has. */
const fresh = (): string => `${mount}/${scratch.unique('dir')}`;
/** A path that is a file. */
async function freshFile(): Promise<string> {
  const path = fresh();
  await famfsOk(['creat', '--no-sync', '-s', '1', path]);
  return path;
}

describe('what mkdir makes', () => {
  test('a directory, with the modes that the umask leaves', async () => {
    const path = fresh();
    const run = await mkdir([path]);
    expectQuiet(run);
    expect(run.stdout).toBe('');
    const stats = lstatSync(path);
    expect(stats.isDirectory()).toBe(true);
    expect({ mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid }).toEqual({
      mode: 0o777 & ~process.umask() & 0o755,
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
    });
  });

  test('umask 077', async () => {
    const path = fresh();
    await shell(`umask 077; $FAMFS mkdir --no-sync ${path}`);
    expect(modeOf(path)).toBe(0o700);
  });

  test.each(['750', '0755', '1777', '2775', '0', '7777'])(
    '-m %s is the mode, whatever the umask',
    async (mode) => {
      const path = fresh();
      expectQuiet(await mkdir(['-m', mode, path]));
      expect(modeOf(path)).toBe(Number.parseInt(mode, 8));
    },
  );

  test('-u and -g', async () => {
    const path = fresh();
    expectQuiet(await mkdir(['-u', '1234', '-g', '4294967294', path]));
    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 4_294_967_294 });
  });

  test('several directories, also one in another', async () => {
    const [one, two] = [fresh(), fresh()];
    const run = await mkdir(['--json', one, two, `${one}/below`]);
    expectQuiet(run);
    const relative = [one, two, `${one}/below`].map((path) => path.slice(mount.length + 1));
    expect(run.json<MkdirResult>().created).toEqual(relative);
    expect([one, two, `${one}/below`].every(exists)).toBe(true);
  });

  test('several, of which some cannot be made: the others are', async () => {
    const [one, two] = [fresh(), fresh()];
    const run = await mkdir(['--json', one, `${one}/a/b`, scratch.path('elsewhere'), one, two]);
    expect(run.status).toBe(3);
    const { created, failures } = run.json<MkdirResult>();
    expect(created).toEqual([one, two].map((path) => path.slice(mount.length + 1)));
    expect(failures.map(({ code }) => code).sort()).toEqual(['exists', 'no-parent', 'not-mounted']);
    expect(run.stderr.match(/^famfs: /gm)).toHaveLength(3);
    expect((await mkdir([one, two])).status).toBe(1);
  });

  test('a relative path', async () => {
    const path = fresh();
    await mkdir([path]);
    expectQuiet(await mkdir(['below'], { cwd: path }));
    expect(namesIn(path)).toEqual(['below']);
  });

  test('a path through ".." and through a symbolic link outside', async () => {
    const path = fresh();
    await mkdir([path]);
    const link = scratch.path(scratch.unique('link'));
    symlinkSync(path, link);
    expectQuiet(await mkdir([`${mount}/not-there/../${path.slice(mount.length + 1)}/one`, `${link}/two`]));
    expect(namesIn(path)).toEqual(['one', 'two']);
  });

  test.each([
    'with space',
    'new\nline',
    'Größe “1”',
    '-dash',
    '.hidden',
    '..three',
    'tab\t',
    '%s%n',
    '"quoted"',
  ])('the name %j', async (name) => {
    const path = fresh();
    await mkdir([path]);
    expectQuiet(await mkdir([`${path}/${name}`]));
    expect(namesIn(path)).toEqual([name]);
  });

  test('a path of 79 bytes', async () => {
    const name = 'n'.repeat(79);
    expectQuiet(await mkdir([`${mount}/${name}`]));
    expect(lstatSync(`${mount}/${name}`).isDirectory()).toBe(true);
  });
});

describe('-p', () => {
  test('makes all that is missing, the outermost first, and says what', async () => {
    const path = fresh();
    const name = path.slice(mount.length + 1);
    const run = await mkdir(['-p', '-m', '711', '--json', `${path}/a/b/c`]);
    expectQuiet(run);
    expect(run.json()).toEqual({
      created: [name, `${name}/a`, `${name}/a/b`, `${name}/a/b/c`],
      failures: [],
    });
    expect(modeOf(`${path}/a/b/c`)).toBe(0o711);
    expect(loggedPaths(device).slice(-4)).toEqual(run.json<MkdirResult>().created);
  });

  test('is content with what is there', async () => {
    const path = fresh();
    await mkdir(['-p', `${path}/a`]);
    const before = loggedPaths(device).length;
    for (const there of [path, `${path}/a`, `${path}/`, mount]) {
      const run = await mkdir(['-p', '--json', there]);
      expectQuiet(run);
      expect(run.json()).toEqual({ created: [], failures: [] });
    }
    expect(loggedPaths(device)).toHaveLength(before);
  });

  test('does not go through a file', async () => {
    const path = await freshFile();
    await expectFailure(['mkdir', '-p', `${path}/a/b`], {
      status: 1,
      code: 'no-parent',
      says: [path.slice(mount.length + 1), 'not a directory'],
    });
  });

  test('with a last path too long makes none of the others', async () => {
    const path = fresh();
    const name = path.slice(mount.length + 1);
    const tooLong = `${path}/${'n'.repeat(79 - name.length)}`;
    await expectFailure(['mkdir', '-p', tooLong], {
      status: 1,
      code: 'path-too-long',
      says: ['80 bytes', '79'],
    });
    expect(exists(path)).toBe(false);
  });
});

describe('what mkdir refuses', () => {
  test('a directory that exists', async () => {
    const path = fresh();
    await mkdir([path]);
    const says = [path.slice(mount.length + 1), 'exists'];
    await expectFailure(['mkdir', path], { status: 1, code: 'exists', says });
  });

  test('the name of a file', async () => {
    const path = await freshFile();
    const says = [path.slice(mount.length + 1), 'exists'];
    await expectFailure(['mkdir', path], { status: 1, code: 'exists', says });
  });

  test('the mount point itself', async () => {
    await expectFailure(['mkdir', mount], { status: 1, code: 'exists', says: [mount] });
  });

  test.each([[[]], [['-p']]])('the name of the file of stripe defaults, with %j', async (flags) => {
    const says = ['.meta/.alloc.cfg', 'path-reserved'];
    const path = `${mount}/.meta/.alloc.cfg`;
    await expectFailure(['mkdir', ...flags, path], { status: 1, code: 'bad-path', says });
  });

  test('a missing parent', async () => {
    const path = `${fresh()}/below`;
    await expectFailure(['mkdir', path], {
      status: 1,
      code: 'no-parent',
      says: [path.slice(mount.length + 1), 'does not exist'],
      hint: 'mkdir -p',
    });
  });

  test('a parent that is a file', async () => {
    const path = `${await freshFile()}/below`;
    await expectFailure(['mkdir', path], {
      status: 1,
      code: 'no-parent',
      says: [path.slice(mount.length + 1), 'not a directory'],
    });
  });

  test('a path of 80 bytes', async () => {
    const path = `${mount}/${'m'.repeat(80)}`;
    await expectFailure(['mkdir', path], {
      status: 1,
      code: 'path-too-long',
      says: ['mmm', '80 bytes', '79'],
    });
    expect(exists(path)).toBe(false);
  });

  test.each(['..', '../elsewhere', 'a/../../elsewhere'])('%s, which leads out of the mount', async (path) => {
    await expectFailure(['mkdir', `${mount}/${path}`], {
      status: 1,
      code: 'not-mounted',
      says: ['not in a mounted famfs'],
      hint: 'famfs mount',
    });
  });

  test.each(['.meta', '.meta/x'])('%s, which belongs to the file system', async (path) => {
    for (const args of [['mkdir'], ['mkdir', '-p']]) {
      if (args.length === 2 && path === '.meta') continue;
      await expectFailure([...args, `${mount}/${path}`], { status: 1, code: 'bad-path', says: [path] });
    }
  });

  test('a path elsewhere', async () => {
    const path = scratch.path('elsewhere');
    await expectFailure(['mkdir', path], {
      status: 1,
      code: 'not-mounted',
      says: [path],
      hint: 'famfs mount',
    });
    expect(exists(path)).toBe(false);
  });

  test('a client', async () => {
    const path = fresh();
    const says = [device, CLIENT, 'client'];
    const failure = { status: 1, code: 'not-owner', says, hint: 'owner' } as const;
    await expectFailure(['mkdir', path], failure, { host: CLIENT });
    expect(exists(path)).toBe(false);
  });

  test('a user without access to the device', async () => {
    const path = fresh();
    const failure = { status: 1, code: 'no-permission', says: [device] } as const;
    await expectFailure(['mkdir', path], failure, { uid: 65_534, gid: 65_534 });
  });

  test.each([
    ['-m', '9'],
    ['-m', '888'],
    ['-m', '10000'],
    ['-m', 'u+x'],
    ['-m', ''],
    ['-u', 'root'],
    ['-u', '4294967295'],
    ['-g', '1.5'],
  ])('%s "%s"', async (flag, value) => {
    const path = fresh();
    const says = [value === '' ? '--mode' : value];
    await expectFailure(['mkdir', `${flag}${value}`, path], { status: 2, code: 'usage', says });
    expect(exists(path)).toBe(false);
  });

  test('no argument, and an unknown flag', async () => {
    await expectFailure(['mkdir'], { status: 2, code: 'usage', says: ['DIRECTORY'], hint: '--help' });
    await expectFailure(['mkdir', '--nonsense', fresh()], { status: 2, code: 'usage', says: ['--nonsense'] });
  });

  test('an empty path', async () => {
    await expectFailure(['mkdir', ''], { status: 1, code: 'bad-path', says: ['empty'] }, { cwd: mount });
  });
});

describe('a log with three entries left', () => {
  let full: string;
  let fullDevice: string;

  beforeAll(async () => {
    fullDevice = scratch.path('full.img');
    writeAlmostFull(fullDevice, 3);
    full = await scratch.mounted(fullDevice);
  });

  test('-p of four makes none of them', async () => {
    await expectFailure(['mkdir', '-p', `${full}/a/b/c/d`], {
      status: 1,
      code: 'log-full',
      says: [fullDevice, '4 entries are needed', '3 left'],
      hint: '--loglen',
    });
    expect(exists(`${full}/a`)).toBe(false);
    expect(loggedPaths(fullDevice)).toHaveLength(15_417);
  });

  test('-p of three makes them; then there is room for nothing more', async () => {
    await famfsOk(['mkdir', '--no-sync', '-p', `${full}/a/b/c`]);
    expect(exists(`${full}/a/b/c`)).toBe(true);
    const failure = { status: 1, code: 'log-full', says: ['1 entry is needed, 0 left'] } as const;
    await expectFailure(['mkdir', `${full}/x`], failure);
    await expectFailure(['creat', '-s', '1', `${full}/x`], failure);
    await expectFailure(['cp', put(scratch.path('source'), 'x'), `${full}/x`], failure);
    expectQuiet(await mkdir(['-p', `${full}/a/b`]));
    await expectClean(full);
  });
});

test('all of this leaves a file system with nothing wrong but two odd names', async () => {
  expect(codesOf((await fsck(mount, 0)).findings)).toEqual(['path-control', 'path-control']);
});
