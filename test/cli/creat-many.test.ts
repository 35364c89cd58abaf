import { readFileSync, statSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { CheckContents } from '../../src/operations/check';
import type { CreatResult } from '../../src/operations/creat';
import { CLIENT, famfs, famfsOk, type Run, type RunOptions, start } from '../support/run';
import { fileOnDevice, loggedPaths, writeAlmostFull } from '../support/run-device';
import { expectClean, expectClear, expectFailure, expectQuiet, fsck } from '../support/run-expect';
import { exists, namesIn, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';
import { whenOpen } from '../support/run-signals';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('16g'));
});

const creat = (args: string[], options?: RunOptions): Promise<Run> =>
  famfs(['creat', '--no-sync', ...args], options);
const multi = (...files: string[]): string[] => files.flatMap((file) => ['--multi', file]);
const fresh = (): string => `${mount}/${scratch.unique('file')}`;
const nameOf = (path: string): string => path.slice(mount.length + 1);
const headOf = (path: string, bytes: number): string => readFileSync(path).toString('hex', 0, bytes);

/** The first bytes that seed 42 stands for. */
const OF_42 = '985f52e27afb0c3df88c822b402249e5d5781cc4';

describe('--randomize', () => {
  test('gives a file the contents that its seed stands for', async () => {
    const path = fresh();
    const run = await creat(['-s', '20', '-r', '-S', '42', path]);
    expectQuiet(run);
    expect(run.stdout).toBe(`${nameOf(path)}: 20 B, created, filled from seed 42\n`);
    expect(readFileSync(path).toString('hex')).toBe(OF_42);
  });

  test('over many blocks and strips', async () => {
    const [plain, striped] = [fresh(), fresh()];
    const filled = ['-s', '9000001', '-r', '-S', '0xffffffff'];
    expectQuiet(await creat([...filled, plain]));
    expectQuiet(await creat([...filled, '-N', '3', '-B', '4', striped]));
    expect(headOf(striped, 7)).toBe('745532c32f3593');
    expect(readFileSync(plain).equals(readFileSync(striped))).toBe(true);
    await famfsOk(['verify', '--multi', `${plain},4294967295`, '--multi', `${striped},4294967295`]);
  });

  test('gives new contents to a file that exists, whose size need not be told', async () => {
    const path = fresh();
    await creat(['-s', '8', path]);
    expect(headOf(path, 8)).toBe('0000000000000000');
    const entries = loggedPaths(device).length;
    const run = await creat(['--json', '-r', '-S', '1', path]);
    expectQuiet(run);
    expect(run.json<CreatResult>().files).toMatchObject([{ size: 8, created: false, seed: 1 }]);
    expect(headOf(path, 8)).toBe('284991ee66b6fb34');
    expect(loggedPaths(device)).toHaveLength(entries);
  });

  test('without a seed chooses one and tells it', async () => {
    const path = fresh();
    const run = await creat(['--json', '-s', '4k', '-r', path]);
    expectQuiet(run);
    const [file] = run.json<CreatResult>().files;
    await famfsOk(['verify', '-S', String(file?.seed), '-f', path]);
  });

  test.each([
    [['-S', '1'], '--randomize'],
    [['-r', '-S', '0'], 'seed 0'],
    [['-r', '-S', '4294967296'], '32 bits'],
    [['-r', '-S', '-1'], '"-1" is not a seed'],
    [['-r', '-S', 'x'], '"x" is not a seed'],
    [['-t', '257'], '257'],
  ])('%j is refused', async (flags, says) => {
    const path = fresh();
    await expectFailure(['creat', '-s', '4', ...flags, path], { status: 2, code: 'usage', says: [says] });
    expect(exists(path)).toBe(false);
  });
});

describe('several files', () => {
  test('--multi makes them all, in their order', async () => {
    const [one, two, three] = [fresh(), `${fresh()},with,commas`, fresh()];
    const run = await creat([
      '--json',
      '-m',
      '600',
      '-t',
      '2',
      ...multi(`${one},4k`, `${two},20,42`, `${three},1m,`),
    ]);
    expectQuiet(run);
    const { files, failures } = run.json<CreatResult>();
    expect(failures).toEqual([]);
    expect(files.map(({ path }) => path)).toEqual([one, two, three].map(nameOf));
    expect(loggedPaths(device).slice(-3)).toEqual([one, two, three].map(nameOf));
    expect([one, two, three].map((path) => statSync(path).size)).toEqual([4096, 20, MIB]);
    expect(readFileSync(two).toString('hex')).toBe(OF_42);
    expect(statSync(three).mode & 0o777).toBe(0o600);
  });

  test('--files-from reads lines, or with --null what ends with NUL', async () => {
    const names = [fresh(), fresh(), `${fresh()}\nnext line`];
    const list = put(scratch.path('list'), `${names[0]},4k\n\n`);
    expectQuiet(await creat(['--files-from', list]));
    expectQuiet(await creat(['--files-from', '-'], { input: `${names[1]},20,42\n` }));
    expectQuiet(await creat(['-0', '--files-from', '-'], { input: `${names[2]},1\0` }));
    expect(names.every(exists)).toBe(true);
    expect(readFileSync(names[1] as string).toString('hex')).toBe(OF_42);
  });

  test('what cannot be made is told, and the rest is made', async () => {
    const [good, taken, elsewhere] = [fresh(), fresh(), scratch.path('elsewhere')];
    await creat(['-s', '1', taken]);
    const files = [`${taken},2`, `${mount}/none/x,1`, `${elsewhere},1`, `${mount}/.meta/x,1`, `${good},1`];
    const run = await creat(['--json', ...multi(...files)]);
    expect(run.status).toBe(3);
    const result = run.json<CreatResult>();
    expect(result.files.map(({ path }) => path)).toEqual([nameOf(good)]);
    expect(result.failures.map(({ code }) => code).sort()).toEqual(
      ['bad-path', 'no-parent', 'not-mounted', 'size-differs'].sort(),
    );
    expect(run.stderr.match(/^famfs: /gm)).toHaveLength(4);
    expect(exists(elsewhere)).toBe(false);
  });

  test('status 1 when none could be made', async () => {
    const run = await creat(multi(`${mount}/none/x,1`, `${mount}/none/y,1`));
    expect(run).toMatchObject({ status: 1, stdout: '' });
  });

  test('one that is too large for what is free does not keep others away', async () => {
    const path = fresh();
    const run = await creat(['--json', ...multi(`${mount}/huge,1t`, `${path},1`)]);
    expect(run.status).toBe(3);
    expect(run.json<CreatResult>().failures).toMatchObject([{ code: 'device-full' }]);
    expect(exists(path)).toBe(true);
  });

  test('a name that is given twice', async () => {
    const path = fresh();
    const run = await creat(['--json', ...multi(`${path},4`, `${path},4,1`, `${path},5`)]);
    expect(run.status).toBe(3);
    const { failures, files } = run.json<CreatResult>();
    expect(files.map(({ created }) => created)).toEqual([true, false]);
    expect(failures).toMatchObject([{ code: 'size-differs' }]);
    expect(headOf(path, 4)).toBe('284991ee');
  });

  test('files of two file systems', async () => {
    const other = await scratch.mountedDevice();
    const path = fresh();
    expectQuiet(await creat(multi(`${path},1`, `${other.mount}/a,1`, `${other.mount}/b,1`)));
    expect(exists(path)).toBe(true);
    expect(namesIn(other.mount)).toEqual(['a', 'b']);
  });

  test.each([
    ['a name alone', ['--multi', 'a'], '"a" has too few fields'],
    ['no size', ['--multi', 'a,x'], '"x" is not a size'],
    ['the seed 0', ['--multi', 'a,1,0'], 'seed 0'],
    ['--size beside --multi', ['-s', '1', '--multi', 'a,1'], '--size'],
    ['--seed beside --multi', ['-r', '-S', '1', '--multi', 'a,1'], '--multi'],
    ['a file beside --multi', ['--multi', 'a,1', 'b'], 'b: a file by itself'],
    ['--null alone', ['-0', '-s', '1', 'a'], '--files-from'],
  ])('%s is refused', async (_what, args, says) => {
    const names = namesIn(mount);
    await expectFailure(['creat', ...args], { status: 2, code: 'usage', says: [says] }, { cwd: mount });
    expect(namesIn(mount)).toEqual(names);
  });

  test('a bad line of a list is refused with its place, before anything is made', async () => {
    const path = fresh();
    const list = put(scratch.path('bad-list'), `${path},1\n${path}2,none\n`);
    await expectFailure(['creat', '--files-from', list], {
      status: 2,
      code: 'usage',
      says: [`${list}, item 2`, '"none"'],
    });
    expect(exists(path)).toBe(false);
  });

  test('a list that cannot be read', async () => {
    const list = scratch.path('no-list');
    await expectFailure(['creat', '--files-from', list], {
      status: 1,
      code: 'source',
      says: [list, 'ENOENT'],
    });
  });

  test('a client', async () => {
    const failure = { status: 1, code: 'not-owner', says: [device, CLIENT] } as const;
    await expectFailure(['creat', ...multi(`${fresh()},1`, `${fresh()},1`)], failure, { host: CLIENT });
  });
});

describe('a device with room for three more files', () => {
  test('takes what fits and keeps what is there; of the others two lines tell', async () => {
    const full = await scratch.mountedDevice('4g');
    await famfsOk(['creat', '--no-sync', '-s', '1', `${full.mount}/there`]);
    const { space } = (await fsck(full.mount, 0)).contents as CheckContents;
    await creat(['-s', String((space.freeUnits - 3) * space.unitBytes), `${full.mount}/bulk`]);
    const names = ['f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'there'];
    const run = await creat(['--json', ...multi(...names.map((name) => `${full.mount}/${name},1`))]);
    expect(run.status).toBe(3);
    const { failures, files } = run.json<CreatResult>();
    expect(files.map(({ path, created }) => [path, created])).toEqual([
      ['f1', true],
      ['f2', true],
      ['f3', true],
      ['there', false],
    ]);
    expect(failures.map(({ code, path }) => [code, path])).toEqual([
      ['device-full', `${full.mount}/f4`],
      ['device-full', `${full.mount}/f5`],
    ]);
    expect(run.stderr).toMatch(
      /^famfs: f4: no room for 1 bytes .*\nfamfs: .*\/f5 and 1 more: not made: .*\n$/,
    );
    const again = await creat(multi(`${full.mount}/there,1`, `${full.mount}/f4,1`));
    expect(again.status).toBe(3);
    expect(again.stdout).toMatch(/^there: 1 B, exists already\n$/);
    expect((await creat(multi(`${full.mount}/f4,1`, `${full.mount}/f5,1`))).status).toBe(1);
    await expectClean(full.mount);
  });
});

describe('a log with three entries left', () => {
  test('takes what fits; then the log is full, and what to do is told', async () => {
    const image = scratch.path('full.img');
    writeAlmostFull(image, 3);
    const full = await scratch.mounted(image);
    const run = await creat(multi(...[1, 2, 3, 4, 5].map((n) => `${full}/f${n},1`)));
    expect(run.status).toBe(1);
    expectClear(run.stderr, { says: [image, 'the log is full', '3 of 5 files are there'], hint: '--loglen' });
    expect(loggedPaths(image).slice(-3)).toEqual(['f1', 'f2', 'f3']);
    expect(namesIn(full).filter((name) => name.startsWith('f'))).toEqual(['f1', 'f2', 'f3']);
    await expectClean(full);
  });
});

test('a whole log in one call, by arguments and by a list', async () => {
  for (const how of ['arguments', 'list']) {
    const large = await scratch.mountedDevice('64g');
    const names = Array.from({ length: 15_420 }, (_, index) => `${large.mount}/f${index},4k`);
    const run =
      how === 'list'
        ? await creat(['-q', '--files-from', '-'], { input: names.join('\n') })
        : await creat(['-q', ...multi(...names)]);
    expectQuiet(run);
    expect(loggedPaths(large.device)).toHaveLength(15_420);
    await expectFailure(['creat', '-s', '1', `${large.mount}/more`], {
      status: 1,
      code: 'log-full',
      says: ['1 entry is needed, 0 left'],
      hint: '--loglen',
    });
    await expectClean(large.mount);
  }
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it, and what is whole stays', async (signal) => {
  const at = await scratch.mountedDevice('8g');
  const { child, done } = start([
    'creat',
    '--no-sync',
    ...multi(`${at.mount}/small,1,1`, `${at.mount}/large,6g,1`),
  ]);
  await whenOpen(child, at.device);
  child.kill(signal);
  const run = await done;
  expect(run).toMatchObject({ status: 130, signal: null });
  expectClear(run.stderr, { says: ['interrupted'] });
  expect(exists(`${at.mount}/large`)).toBe(false);
  await expectClean(at.mount);
});

describe('.meta/.alloc.cfg', () => {
  const CONFIG = 'interleaved_alloc:\n  nbuckets: 4\n  nstrips: 2\n  chunk_size: 2m\n';

  test('says how files are spread where no flags do', async () => {
    const at = await scratch.mountedDevice();
    await famfsOk([
      'cp',
      '--no-sync',
      put(scratch.path('alloc.cfg'), CONFIG),
      `${at.mount}/.meta/.alloc.cfg`,
    ]);
    expectQuiet(await creat(['-s', '8m', `${at.mount}/by-default`]));
    expectQuiet(await creat(['-s', '8m', '-N', '3', '-B', '3', `${at.mount}/by-flags`]));
    await famfsOk(['cp', '--no-sync', put(scratch.path('8m'), Buffer.alloc(8 * MIB)), `${at.mount}/copied`]);
    const strips = ['by-default', 'by-flags', 'copied'].map((name) => {
      const { map } = fileOnDevice(at.device, name);
      return map.kind === 'interleaved' ? map.strips.length : 0;
    });
    expect(strips).toEqual([2, 3, 2]);
    await expectClean(at.mount);
  });

  test('that is wrong is told, and files lie in one piece', async () => {
    const at = await scratch.mountedDevice();
    const config = put(scratch.path('wrong.cfg'), CONFIG.replace('nstrips: 2', 'nstrips: 5'));
    await famfsOk(['cp', '--no-sync', config, `${at.mount}/.meta/.alloc.cfg`]);
    const run = await creat(['-s', '8m', `${at.mount}/file`]);
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/^famfs: \.meta\/\.alloc\.cfg: .*strips is 5.*; files are not striped\n$/);
    expect(fileOnDevice(at.device, 'file').map.kind).toBe('simple');
  });
});

test('all of this leaves a file system with nothing wrong but one odd name', async () => {
  const run = await famfs(['fsck', '--json', mount]);
  expect(run.json<{ findings: { code: string }[] }>().findings.map(({ code }) => code)).toEqual([
    'path-control',
  ]);
});
