import { mkdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { CopyResult } from '../../src/operations/copy-options';
import { extentsOf } from '../../src/types';
import { famfs, famfsOk } from '../support/run';
import { copyPlace } from '../support/run-copy';
import { fileOnDevice, loggedPaths, readRange, writeRange } from '../support/run-device';
import { expectClean, expectFailure, expectQuiet } from '../support/run-expect';
import { exists, expectSameTree, filesBelow, noise, put } from '../support/run-files';

const place = copyPlace();
const { cp, fresh, freshDirectory, scratch } = place;
/** A tree outside the mount, of files that hold their own names. */
function tree(...files: string[]): string {
  const root = scratch.directory(scratch.unique('tree'));
  for (const file of files) put(`${root}/${file}`, file);
  return root;
}

describe('--dry-run', () => {
  test('tells what would be done and writes nothing', async () => {
    const from = tree('a', 'sub/b');
    const to = await freshDirectory();
    put(`${from}/same`, 'same');
    await cp([`${from}/same`, to]);
    symlinkSync('a', `${from}/link`);
    const before = loggedPaths(place.device);
    const run = await cp(['-rT', '-n', from, to]);
    const name = to.slice(place.mount.length + 1);
    expect(run.stdout.split('\n')).toEqual([
      `new        ${name}/a  1 B`,
      `overwrite  ${name}/same  4 B`,
      `directory  ${name}/sub`,
      `new        ${name}/sub/b  5 B`,
      '',
    ]);
    expect(run.stderr).toContain(`${from}/link: a symbolic link`);
    expect(run.status).toBe(3);
    expect(loggedPaths(place.device)).toEqual(before);
  });

  test('as JSON, with --resume', async () => {
    const from = tree('a', 'b');
    const to = await freshDirectory();
    await cp([`${from}/a`, to]);
    const run = await cp(['-rT', '--resume', '--dry-run', '--json', from, to]);
    expectQuiet(run);
    const result = run.json<CopyResult>();
    expect(result).toMatchObject({ dryRun: true, files: 1, skipped: 1, bytes: 1, failures: [] });
    expect(result.items?.map(({ action }) => action)).toEqual(['skip', 'new-file']);
    expect(filesBelow(to)).toEqual(['a']);
  });

  test('says that it does not fit', async () => {
    const from = put(scratch.path(scratch.unique('large')), '');
    truncateSync(from, 17 * 1024 * MIB);
    const run = await cp(['-n', '--json', from, fresh()]);
    expect(run).toMatchObject({ status: 1 });
    expect(run.json()).toMatchObject({ error: { code: 'device-full' } });
  });
});

describe('--include and --exclude', () => {
  const files = ['a.csv', 'b.tmp', 'keep.tmp', 'sub/c.csv', 'sub/d.tmp', 'cache/e.csv', 'sub/cache/f.csv'];

  test.each([
    [
      ['--exclude', '*.tmp'],
      ['a.csv', 'cache/e.csv', 'sub/c.csv', 'sub/cache/f.csv'],
    ],
    [
      ['--include', 'keep.*', '--exclude', '*.tmp', '--exclude', 'cache/'],
      ['a.csv', 'keep.tmp', 'sub/c.csv'],
    ],
    [
      ['--exclude', '/cache', '--exclude', '*.tmp'],
      ['a.csv', 'sub/c.csv', 'sub/cache/f.csv'],
    ],
    [
      ['--exclude', 'sub/**'],
      ['a.csv', 'b.tmp', 'cache/e.csv', 'keep.tmp'],
    ],
    [['--include', '*/', '--include', 'd.*', '--exclude', '*'], ['sub/d.tmp']],
    [['--exclude', '*.tmp', '--include', 'keep.*', '--exclude', 'sub', '--exclude', 'cache'], ['a.csv']],
    [['--exclude', '?.{csv,tmp}'], ['keep.tmp']],
    [
      ['--exclude', '[!ak]*'],
      ['a.csv', 'keep.tmp'],
    ],
  ])('%j', async (flags, left) => {
    const from = tree(...files);
    const to = fresh();
    expectQuiet(await cp(['-r', ...flags, from, to]));
    expect(filesBelow(to)).toEqual(left);
  });

  test('a source that is a file is matched by its name', async () => {
    const from = tree('a.csv', 'b.tmp');
    const to = await freshDirectory();
    expectQuiet(await cp(['--exclude', '*.tmp', `${from}/a.csv`, `${from}/b.tmp`, to]));
    expect(filesBelow(to)).toEqual(['a.csv']);
  });

  test('signs that some shells give a meaning are themselves', async () => {
    const from = tree('report (1).pdf', 'report 1.pdf', 'a|b', 'a', 'new\nline');
    const to = fresh();
    expectQuiet(await cp(['-r', '--exclude', 'report (1).pdf', '--exclude', 'a|b', from, to]));
    expect(filesBelow(to)).toEqual(['a', 'new\nline', 'report 1.pdf']);
    const none = fresh();
    expectQuiet(await cp(['-rT', '--exclude', '**', from, none]));
    expect(filesBelow(none)).toEqual([]);
  });

  test('many stars come to an end', async () => {
    const from = tree('a'.repeat(60));
    const to = fresh();
    expectQuiet(await cp(['-r', '--exclude', `${'*a'.repeat(12)}b`, from, to]));
    expect(filesBelow(to)).toHaveLength(1);
  });

  test('a pattern of more characters than are taken', async () => {
    const failure = { status: 2, code: 'usage', says: ['aaa', '70000', '1000'] } as const;
    await expectFailure(['cp', '-r', '--exclude', 'a'.repeat(70_000), tree('a'), fresh()], failure);
  });

  test('names of any bytes', async () => {
    const from = tree('a');
    writeFileSync(Buffer.concat([Buffer.from(`${from}/x`), Buffer.from([0xff])]), '');
    const to = fresh();
    expectQuiet(await cp(['-r', '--exclude', 'x?', from, to]));
    expect(filesBelow(to)).toEqual(['a']);
  });
});

describe('--files-from', () => {
  test('keeps the directories of what is listed', async () => {
    const from = tree('a', 'sub/deep/b', 'sub/c', 'not');
    const to = await freshDirectory();
    const list = put(scratch.path(scratch.unique('list')), './a\nsub/deep/b\n\nsub\n');
    expectQuiet(await cp(['--files-from', list, to], { cwd: from }));
    expect(filesBelow(to)).toEqual(['a', 'sub/deep/b']);
    expect(readFileSync(`${to}/sub/deep/b`, 'utf8')).toBe('sub/deep/b');
  });

  test('from standard input, with NUL, -r and names of any bytes', async () => {
    const from = tree('sub/a');
    const raw = Buffer.from([0x66, 0xff, 0x0a, 0x80]);
    writeFileSync(Buffer.concat([Buffer.from(`${from}/`), raw]), 'raw');
    const to = await freshDirectory();
    const input = Buffer.concat([raw, Buffer.from('\0sub\0')]);
    expectQuiet(await cp(['-r', '--files-from', '-', '-0', to], { cwd: from, input }));
    expect(readFileSync(Buffer.concat([Buffer.from(`${to}/`), raw]), 'utf8')).toBe('raw');
    expect(exists(`${to}/sub/a`)).toBe(true);
  });

  test('absolute paths go below the destination, and what leads out is left out', async () => {
    const from = tree('a');
    const to = await freshDirectory();
    const run = await cp(['--files-from', '-', '--json', to], { cwd: '/', input: `${from}/a\n../x\nnone\n` });
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>().failures.map(({ source }) => source)).toEqual(['../x', 'none']);
    expect(readFileSync(`${to}${from}/a`, 'utf8')).toBe('a');
  });

  test('paths with slashes and dots to spare', async () => {
    const from = tree('x/y/a', 'x/y/b', 'x/c');
    const to = await freshDirectory();
    expectQuiet(await cp(['--files-from', '-', to], { cwd: from, input: 'x//y/a\n./x/./y/b\nx/y/../c\n' }));
    expect(filesBelow(to)).toEqual(['x/c', 'x/y/a', 'x/y/b']);
  });

  test('a file that is listed twice, or below a directory that is, is copied once', async () => {
    const from = tree('x/y/a', 'x/b');
    const to = await freshDirectory();
    const input = 'x\nx/y\nx/y/a\nx/b\n./x/b\n';
    const run = await cp(['-r', '--json', '--files-from', '-', to], { cwd: from, input });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.json()).toMatchObject({ files: 2, overwritten: 0, failures: [] });
    expect(filesBelow(to)).toEqual(['x/b', 'x/y/a']);
  });

  test('a list that cannot be read', async () => {
    const run = await cp(['--files-from', '/nowhere', '--json', place.mount]);
    expect(run).toMatchObject({ status: 1 });
    expect(run.json()).toMatchObject({ error: { code: 'source' } });
  });
});

describe('standard input', () => {
  test('becomes a file of its size, and overwrites one', async () => {
    const to = fresh();
    for (const seed of [1, 2]) {
      const input = noise(5 * MIB + 3, seed);
      const run = await cp(['--json', '--size', String(input.length), '-', to], { input });
      expectQuiet(run);
      expect(run.json()).toMatchObject({ files: 2 - seed, overwritten: seed - 1, bytes: input.length });
      expect(readFileSync(to).equals(input)).toBe(true);
    }
  });

  test.each([
    ['9', 'more than 9'],
    ['11', 'after 10 bytes of 11'],
  ])('of another size than %s is an error, and nothing appears', async (size, says) => {
    const to = fresh();
    const run = await cp(['--size', size, '-', to], { input: '0123456789' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining(says) });
    expect(exists(to)).toBe(false);
  });

  test('needs a name and a size', async () => {
    expect((await cp(['--size', '1', '-', place.mount], { input: 'x' })).status).toBe(1);
    expect((await cp(['-', fresh()], { input: 'x' })).status).toBe(2);
    expect((await cp(['--size', '1', '--verify', '-', fresh()], { input: 'x' })).status).toBe(2);
  });
});

test('--verify reads back what was copied', async () => {
  const from = tree('a', 'sub/b');
  put(`${from}/large`, noise(9 * MIB + 5));
  mkdirSync(`${from}/empty`);
  const to = fresh();
  const run = await cp(['-r', '--verify', '--json', '-N', '2', '-B', '4', from, to]);
  expectQuiet(run);
  expect(run.json()).toMatchObject({ files: 3, failures: [] });
  expectSameTree(from, to);
});

test('--verbose prints a line for each that is done', async () => {
  const from = tree('a', 'sub/b');
  const to = fresh();
  const name = to.slice(place.mount.length + 1);
  const run = await cp(['-rv', from, to]);
  expect(run.stdout.trimEnd().split('\n').sort()).toEqual([
    `directory  ${name}`,
    `directory  ${name}/sub`,
    `new        ${name}/a`,
    `new        ${name}/sub/b`,
  ]);
});

test('holes take no room, and read as zeros over what was there', async () => {
  const sparse = put(scratch.path(scratch.unique('sparse')), noise(1000));
  truncateSync(sparse, 40 * MIB);
  const full = put(scratch.path(scratch.unique('full')), noise(40 * MIB));
  const to = fresh();
  const room = () => statSync(place.device).blocks * 512;
  const before = room();
  expectQuiet(await cp([sparse, to]));
  expect(room() - before).toBeLessThan(MIB);
  expectQuiet(await cp([full, to]));
  expect(readFileSync(to).equals(readFileSync(full))).toBe(true);
  expectQuiet(await cp([sparse, to]));
  expect(room() - before).toBeLessThan(MIB);
  expect(readFileSync(to).equals(readFileSync(sparse))).toBe(true);
});

test('what was on the device before does not show behind the end of a file', async () => {
  const device = await scratch.makeDevice('4g');
  writeRange(device, 10 * MIB, Buffer.alloc(64 * MIB, 'S'));
  const mount = await scratch.mounted(device, [], { at: scratch.directory('zeros') });
  const sizes = { small: 100, large: 300_001, whole: 65_536, piped: 5000, random: 70_000 };
  for (const name of ['small', 'large', 'whole'] as const)
    expectQuiet(await cp([put(scratch.path(name), noise(sizes[name])), mount]));
  expectQuiet(await cp(['--size', '5000', '-', `${mount}/piped`], { input: noise(5000) }));
  await famfsOk(['creat', '-r', '-S', '1', '-s', '70000', `${mount}/random`]);
  for (const [name, size] of Object.entries(sizes)) {
    const [{ offset = 0 } = {}] = extentsOf(fileOnDevice(device, name).map);
    const page = name === 'small' ? 4096 : 65_536;
    const behind = readRange(device, offset + size, (page - (size % page)) % page);
    expect([name, behind.equals(Buffer.alloc(behind.length))]).toEqual([name, true]);
  }
  await famfsOk(['umount', mount]);
});

test('all of this leaves a file system that is sound', async () => {
  expect((await famfs(['fsck', place.mount])).status).toBe(0);
  const other = await scratch.mountedDevice('4g');
  await famfsOk(['cp', '--no-sync', '-r', '--verify', tree('a', 'b/c'), other.mount]);
  await expectClean(other.mount);
});
