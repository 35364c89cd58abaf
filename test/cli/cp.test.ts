import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { CopyResult } from '../../src/operations/copy-options';
import { famfsOk } from '../support/run';
import { copyPlace } from '../support/run-copy';
import { fileOnDevice, loggedPaths, spaceOf } from '../support/run-device';
import { codesOf, expectQuiet, fsck } from '../support/run-expect';
import { expectSameTree, modeOf, namesIn, noise, put } from '../support/run-files';

const place = copyPlace();
const { cp, fresh, freshDirectory, scratch } = place;
const nameOf = (path: string): string => path.slice(place.mount.length + 1);
/** A new file outside the mount. */
const source = (contents: string | Buffer, mode?: number): string =>
  put(scratch.path(scratch.unique('from')), contents, mode);
/** A small tree outside the mount. */
function tree(): string {
  const root = scratch.path(scratch.unique('tree'));
  put(`${root}/one`, 'one');
  put(`${root}/empty`, '');
  put(`${root}/a/two`, noise(70_000), 0o600);
  put(`${root}/a/b/three`, noise(3 * MIB), 0o755);
  mkdirSync(`${root}/a/nothing`);
  return root;
}

describe('one file', () => {
  test.each([0, 1, 4095, 2 * MIB, 2 * MIB + 1, 9 * MIB + 7, 17 * MIB])('of %d bytes', async (bytes) => {
    const from = source(noise(bytes));
    const to = fresh();
    const run = await cp([from, to]);
    expectQuiet(run);
    expect(run.stdout).toBe('');
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    const units = Math.max(1, Math.ceil(bytes / (2 * MIB)));
    expect(spaceOf(fileOnDevice(place.device, nameOf(to)))).toBe(units * 2 * MIB);
  });

  test('into a directory keeps its name', async () => {
    const to = await freshDirectory();
    const from = source('text');
    expectQuiet(await cp([from, to]));
    expect(namesIn(to)).toEqual([from.slice(scratch.root.length + 1)]);
  });

  test('into the mount point', async () => {
    const from = source('text');
    expectQuiet(await cp([from, place.mount]));
    expect(readFileSync(`${place.mount}/${from.slice(scratch.root.length + 1)}`, 'utf8')).toBe('text');
  });

  test('by a symbolic link on the command line', async () => {
    const link = scratch.path(scratch.unique('link'));
    symlinkSync(source('behind the link'), link);
    const to = fresh();
    expectQuiet(await cp([link, to]));
    expect(lstatSync(to).isFile()).toBe(true);
    expect(readFileSync(to, 'utf8')).toBe('behind the link');
  });

  test('sparse', async () => {
    const from = source(noise(100));
    truncateSync(from, 70 * MIB);
    const to = fresh();
    expectQuiet(await cp([from, to]));
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  test('from the mount into it', async () => {
    const [one, two] = [fresh(), fresh()];
    await cp([source(noise(MIB)), one]);
    expectQuiet(await cp([one, two]));
    expect(readFileSync(two).equals(noise(MIB))).toBe(true);
  });

  test('striped', async () => {
    const from = source(noise(21 * MIB));
    const to = fresh();
    expectQuiet(await cp(['-N', '3', '-B', '8', '-C', '2m', from, to]));
    const { map } = fileOnDevice(place.device, nameOf(to));
    expect(map).toMatchObject({ kind: 'interleaved', chunkSize: 2 * MIB });
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  test.each(['1', '64'])('with --threads %s', async (threads) => {
    const from = source(noise(40 * MIB));
    const to = fresh();
    expectQuiet(await cp(['--threads', threads, from, to]));
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });

  test('with --quiet says nothing', async () => {
    expect(await cp(['--quiet', source('x'), fresh()])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('as JSON says what was done', async () => {
    const run = await cp(['--json', source(noise(1000)), fresh()]);
    expectQuiet(run);
    expect(run.json<CopyResult>()).toEqual({
      directories: 0,
      files: 1,
      overwritten: 0,
      skipped: 0,
      bytes: 1000,
      failures: [],
    });
  });
});

describe('modes and owners', () => {
  test.each([0o644, 0o600, 0o755, 0o400, 0o4711])('a file keeps its mode %o', async (mode) => {
    const to = fresh();
    const from = source('x');
    chmodSync(from, mode);
    expectQuiet(await cp([from, to]));
    expect(modeOf(to)).toBe(mode);
    expect(statSync(to)).toMatchObject({ uid: process.geteuid?.(), gid: process.getegid?.() });
  });

  test('-m, -u and -g', async () => {
    const to = fresh();
    expectQuiet(await cp(['-m', '640', '-u', '1000', '-g', '1001', source('x'), to]));
    expect(modeOf(to)).toBe(0o640);
    expect(statSync(to)).toMatchObject({ uid: 1000, gid: 1001 });
  });

  test('in a tree -m is for files, -u and -g for directories as well', async () => {
    const to = fresh();
    expectQuiet(await cp(['-r', '-m', '640', '-u', '1000', '-g', '1001', tree(), to]));
    expect([modeOf(`${to}/a`), modeOf(`${to}/a/two`)]).toEqual([0o755, 0o640]);
    for (const path of [to, `${to}/a/b`, `${to}/a/b/three`]) {
      expect(statSync(path)).toMatchObject({ uid: 1000, gid: 1001 });
    }
  });
});

describe('several sources', () => {
  test('go into a directory', async () => {
    const to = await freshDirectory();
    const sources = [source('1'), source('2'), source('')];
    expectQuiet(await cp([...sources, to]));
    expect(namesIn(to)).toEqual(sources.map((path) => path.slice(scratch.root.length + 1)).sort());
  });

  test('two of one name: the first is copied, the second reported', async () => {
    const to = await freshDirectory();
    const one = put(scratch.path(scratch.unique('d'), 'same'), '1');
    const two = put(scratch.path(scratch.unique('d'), 'same'), '2');
    const run = await cp([one, two, to]);
    expect(run.status).toBe(3);
    expect(run.stderr).toContain(`famfs: ${two}: another source is copied to`);
    expect(readFileSync(`${to}/same`, 'utf8')).toBe('1');
  });

  test('files and trees', async () => {
    const to = await freshDirectory();
    const [file, root] = [source('x'), tree()];
    expectQuiet(await cp(['-r', file, root, to]));
    expectSameTree(root, `${to}/${root.slice(scratch.root.length + 1)}`);
  });
});

describe('a tree', () => {
  test('becomes a new name', async () => {
    const [from, to] = [tree(), fresh()];
    const run = await cp(['-r', '--json', from, to]);
    expectQuiet(run);
    expect(run.json()).toMatchObject({ directories: 4, files: 4, failures: [] });
    expectSameTree(from, to);
    expect(namesIn(`${to}/a/nothing`)).toEqual([]);
    expect([modeOf(`${to}/a/two`), modeOf(`${to}/a/b/three`)]).toEqual([0o600, 0o755]);
  });

  test('goes into a directory that exists, under its own name', async () => {
    const [from, to] = [tree(), await freshDirectory()];
    expectQuiet(await cp(['-r', from, to]));
    expect(namesIn(to)).toEqual([from.slice(scratch.root.length + 1)]);
    expectSameTree(from, `${to}/${from.slice(scratch.root.length + 1)}`);
  });

  test.each(['/', ''])('may be named with "%s" behind it', async (end) => {
    const [from, to] = [tree(), await freshDirectory()];
    expectQuiet(await cp(['-r', `${from}${end}`, to]));
    expectSameTree(from, `${to}/${from.slice(scratch.root.length + 1)}`);
  });

  test.each(['/.', '/./', '/a/..'])(
    'named with "%s" behind it gives its contents, as with cp(1)',
    async (end) => {
      const [from, to] = [tree(), await freshDirectory()];
      expectQuiet(await cp(['-r', `${from}${end}`, to]));
      expectSameTree(from, to);
    },
  );

  test('that is the current directory gives its contents', async () => {
    const [from, to] = [tree(), await freshDirectory()];
    expectQuiet(await cp(['-r', '.', to], { cwd: from }));
    expectSameTree(from, to);
  });

  test.each([['-T'], []])('needs -r: %j', async (...flags) => {
    const [from, to] = [tree(), await freshDirectory()];
    const source = flags.length > 0 ? from : `${from}/.`;
    const run = await cp([...flags, source, to]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('which -r copies') });
    expect(namesIn(to)).toEqual([]);
  });

  test('goes into the mount point', async () => {
    const from = tree();
    expectQuiet(await cp(['-R', from, place.mount]));
    expectSameTree(from, `${place.mount}/${from.slice(scratch.root.length + 1)}`);
  });

  test('with -T becomes the directory that exists', async () => {
    const [from, to] = [tree(), await freshDirectory()];
    expectQuiet(await cp(['-rT', from, to]));
    expectSameTree(from, to);
  });

  test('with -T becomes a new name as well', async () => {
    const [from, to] = [tree(), fresh()];
    expectQuiet(await cp(['-rT', from, to]));
    expectSameTree(from, to);
  });

  test('again overwrites in place and makes nothing new', async () => {
    const [from, to] = [tree(), fresh()];
    await cp(['-r', from, to]);
    put(`${from}/a/two`, noise(70_000, 2));
    const before = loggedPaths(place.device);
    const run = await cp(['-rT', '--json', from, to]);
    expectQuiet(run);
    expect(run.json()).toMatchObject({ directories: 0, files: 0, overwritten: 4 });
    expectSameTree(from, to);
    expect(loggedPaths(place.device)).toEqual(before);
  });

  test('with names of any bytes', async () => {
    const from = scratch.directory(scratch.unique('tree'));
    const raw = Buffer.concat([Buffer.from(`${from}/`), Buffer.from([0x66, 0xff, 0xfe, 0x80])]);
    mkdirSync(raw);
    writeFileSync(Buffer.concat([raw, Buffer.from('/é\xff', 'latin1')]), 'raw');
    for (const name of ['with space', 'new\nline', 'Größe “1”', '-dash', '"quoted"', '%s', 'back\\slash']) {
      put(`${from}/${name}`, name);
    }
    const to = fresh();
    expectQuiet(await cp(['-r', from, to]));
    for (const name of ['with space', 'new\nline', 'Größe “1”', '-dash', '"quoted"', '%s', 'back\\slash']) {
      expect(readFileSync(`${to}/${name}`, 'utf8')).toBe(name);
    }
    const copied = Buffer.concat([Buffer.from(`${to}/`), Buffer.from([0x66, 0xff, 0xfe, 0x80])]);
    expect(readFileSync(Buffer.concat([copied, Buffer.from('/é\xff', 'latin1')]), 'utf8')).toBe('raw');
  });
});

describe('a file that exists', () => {
  test('of the same size is overwritten in place', async () => {
    const to = fresh();
    await cp([source(noise(5 * MIB, 1)), to]);
    const { ino } = statSync(to);
    const { map } = fileOnDevice(place.device, nameOf(to));
    const from = source(noise(5 * MIB, 2));
    const run = await cp(['--json', from, to]);
    expectQuiet(run);
    expect(run.json()).toMatchObject({ files: 0, overwritten: 1, bytes: 5 * MIB });
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
    expect(statSync(to).ino).toBe(ino);
    expect(fileOnDevice(place.device, nameOf(to)).map).toEqual(map);
  });

  test('and is empty stays so', async () => {
    const to = fresh();
    await cp([source(''), to]);
    expectQuiet(await cp([source(''), to]));
    expect(statSync(to).size).toBe(0);
  });

  test('and is striped is overwritten where its strips are', async () => {
    const to = fresh();
    await famfsOk(['creat', '--no-sync', '-s', '9m', '-N', '2', '-B', '4', to]);
    const from = source(noise(9 * MIB));
    expectQuiet(await cp([from, to]));
    expect(readFileSync(to).equals(readFileSync(from))).toBe(true);
  });
});

test('all of this leaves a file system with nothing wrong but odd names', async () => {
  const { findings } = await fsck(place.mount, 0);
  expect(codesOf(findings)).toEqual(['path-control', 'path-utf8', 'path-utf8']);
});
