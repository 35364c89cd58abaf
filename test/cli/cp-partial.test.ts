import { mkdirSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { MIB } from '../../src/log/layout';
import type { CopyResult } from '../../src/operations/copy-options';
import { commandOk, famfsOk, type RunOptions, shell } from '../support/run';
import { copyPlace } from '../support/run-copy';
import { loggedPaths } from '../support/run-device';
import { codesOf, expectClean, expectFailure, expectNoTrace, expectQuiet, fsck } from '../support/run-expect';
import {
  exists,
  expectContents,
  expectSameTree,
  filesBelow,
  namesIn,
  noise,
  put,
} from '../support/run-files';

const place = copyPlace();
const { cp, fresh, scratch } = place;
const freshTree = (): string => scratch.directory(scratch.unique('tree'));

/** Copies a tree of which some must be left out: status 3, a line for each that says why, the rest copied. */
async function copiesAllBut(from: string, to: string, left: Record<string, string>, options?: RunOptions) {
  const run = await cp(['-r', from, to], options);
  expect(run).toMatchObject({ status: 3, signal: null, stdout: '' });
  expectNoTrace(run.stderr);
  const lines = run.stderr.trimEnd().split('\n');
  const names = Object.keys(left);
  for (const name of names) {
    const line = lines.find((text) => text.startsWith(`famfs: ${from}/${name}: `));
    expect(line).toContain(left[name]);
  }
  expect(lines).toHaveLength(names.length + 1);
  expect(lines.at(-1)).toContain(`not copied: ${names.length}`);
  for (const name of names) expect(exists(`${to}/${name}`)).toBe(false);
}

describe('what cannot be copied', () => {
  test('symbolic links, named pipes, sockets and devices are left out', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/file`, 'x');
    put(`${from}/sub/file`, 'y');
    symlinkSync('file', `${from}/link`);
    symlinkSync('nowhere', `${from}/dangling`);
    await commandOk('mkfifo', [`${from}/pipe`]);
    await commandOk('mknod', [`${from}/device`, 'c', '1', '3']);
    const server = await listen(`${from}/socket`);
    try {
      await copiesAllBut(from, to, {
        link: 'a symbolic link',
        dangling: 'a symbolic link',
        pipe: 'a named pipe',
        device: 'a device',
        socket: 'a socket',
      });
    } finally {
      server.close();
    }
    expect(filesBelow(to)).toEqual(['file', 'sub/file']);
  });

  test('JSON names each with its code', async () => {
    const from = freshTree();
    put(`${from}/file`, 'x');
    symlinkSync('file', `${from}/link`);
    const run = await cp(['-r', '--json', from, fresh()]);
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>()).toMatchObject({
      files: 1,
      failures: [
        { source: `${from}/link`, code: 'source', message: expect.stringContaining('symbolic link') },
      ],
    });
  });

  test('a path of more than 79 bytes, and a directory with all below it', async () => {
    const from = freshTree();
    const to = fresh();
    const name = to.slice(place.mount.length + 1);
    const fits = 'f'.repeat(79 - name.length - 1);
    const tooLong = 'g'.repeat(79 - name.length);
    put(`${from}/${fits}`, 'fits');
    put(`${from}/${tooLong}`, 'does not');
    put(`${from}/${'h'.repeat(200)}/below/file`, 'does not');
    put(`${from}/z`, 'last');
    await copiesAllBut(from, to, { [tooLong]: '80 bytes', ['h'.repeat(200)]: 'all below it' });
    expect(namesIn(to)).toEqual([fits, 'z']);
    expect(readFileSync(`${to}/${fits}`, 'utf8')).toBe('fits');
  });

  test('a file and a directory that the user may not read', async () => {
    const from = freshTree();
    put(`${from}/open`, 'x');
    put(`${from}/secret`, 'x', 0o600);
    put(`${from}/closed/file`, 'x');
    await commandOk('chmod', ['700', `${from}/closed`]);
    await commandOk('chmod', ['666', place.device]);
    const to = fresh();
    const run = await cp(['-r', from, to], { uid: 65_534, gid: 65_534 });
    expect(run.status).toBe(3);
    expectNoTrace(run.stderr);
    expect(run.stderr).toContain(`famfs: ${from}/secret: cannot be read: EACCES\n`);
    expect(run.stderr).toContain(`famfs: ${from}/closed: cannot be read: EACCES\n`);
    expect(filesBelow(to)).toEqual(['open']);
  });

  test('a file that exists with another size, which stays as it was', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/one`, 'one');
    put(`${from}/two`, 'two');
    await cp(['-r', from, to]);
    put(`${from}/one`, 'longer');
    put(`${from}/two`, 'TWO');
    const run = await cp(['-rT', '--json', from, to]);
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>()).toMatchObject({
      overwritten: 1,
      failures: [{ code: 'size-differs', message: expect.stringMatching(/one: .*3 bytes, not 6/) }],
    });
    expect(readFileSync(`${to}/one`, 'utf8')).toBe('one');
    expect(readFileSync(`${to}/two`, 'utf8')).toBe('TWO');
  });

  test('a directory over a file, and a file over a directory', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/a`, 'file');
    put(`${from}/b/file`, 'file');
    await cp(['-r', from, to]);
    const other = freshTree();
    put(`${other}/a/file`, 'x');
    put(`${other}/b`, 'x');
    const run = await cp(['-rT', '--json', other, to]);
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>().failures.map(({ code }) => code)).toEqual(['exists', 'exists']);
    expectSameTree(from, to);
  });

  test('.meta of a tree that goes to the mount point', async () => {
    const from = freshTree();
    put(`${from}/.meta/x`, 'x');
    put(`${from}/${scratch.unique('plain')}`, 'x');
    const run = await cp(['-rT', '--json', from, place.mount]);
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>()).toMatchObject({ files: 1, failures: [{ code: 'bad-path' }] });
  });

  test('a file that no host may write', async () => {
    const from = freshTree();
    const to = fresh();
    for (const name of ['other', 'fixed']) put(`${from}/${name}`, 'new');
    await famfsOk(['mkdir', to]);
    await famfsOk(['creat', '--read-only-everywhere', '-s', '3', `${to}/fixed`]);
    const run = await cp(['-rT', '--json', from, to]);
    expect(run.status).toBe(3);
    expect(run.json<CopyResult>().failures).toMatchObject([
      { source: `${from}/fixed`, code: 'no-permission' },
    ]);
    const failure = { status: 1, code: 'no-permission', says: ['fixed', 'no host may write'] } as const;
    await expectFailure(['cp', `${from}/fixed`, to], failure);
    await expectFailure(['cp', '--size', '3', '-', `${to}/fixed`], failure, { input: 'new' });
    await expectFailure(['creat', '-r', '-S', '5', `${to}/fixed`], failure);
    expectQuiet(await cp(['-rT', '--resume', from, to]));
    expect(namesIn(to)).toEqual(['fixed', 'other']);
    expect(readFileSync(`${to}/fixed`)).toEqual(Buffer.alloc(3));
  });

  test('a file of no bytes that has some, as those of /proc', async () => {
    const failure = { status: 1, code: 'source', says: ['/proc/self/status'], hint: '--size' } as const;
    await expectFailure(['cp', '/proc/self/status', fresh()], failure);
  });

  test('a missing source does not keep others from being copied', async () => {
    const to = fresh();
    await famfsOk(['mkdir', '--no-sync', to]);
    const there = put(scratch.path(scratch.unique('from')), 'x');
    const missing = scratch.path('missing');
    const run = await cp([missing, there, to]);
    expect(run.status).toBe(3);
    expect(run.stderr).toMatch(
      new RegExp(`^famfs: ${missing}: cannot be read: ENOENT\nfamfs: not copied: 1 `),
    );
    expect(namesIn(to)).toHaveLength(1);
  });

  test('the only source ends with its own error', async () => {
    const from = freshTree();
    const to = fresh();
    const directory = { status: 1, code: 'source', says: [from, 'is a directory', '-r'] } as const;
    await expectFailure(['cp', from, to], directory);
    const missing = scratch.path('missing');
    await expectFailure(['cp', missing, to], { status: 1, code: 'source', says: [missing, 'ENOENT'] });
    await cp([put(scratch.path(scratch.unique('from')), 'one'), to]);
    const other = put(scratch.path(scratch.unique('from')), 'longer');
    const failure = { status: 1, code: 'size-differs', says: ['6'], hint: 'another name' } as const;
    await expectFailure(['cp', other, to], failure);
    expect(readFileSync(to, 'utf8')).toBe('one');
  });

  test('control characters of names do not reach the terminal', async () => {
    const from = freshTree();
    symlinkSync('x', `${from}/new\nline\u001b[31m`);
    const run = await cp(['-r', from, fresh()]);
    expect(run.stderr).toContain('new\\x0aline\\x1b[31m');
    expectNoTrace(run.stderr);
  });
});

describe('--resume', () => {
  test('leaves alone what is there and copies what is not', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/a/one`, noise(3 * MIB));
    await cp(['-r', from, to]);
    put(`${from}/a/two`, 'two');
    put(`${from}/b/three`, 'three');
    const run = await cp(['-r', '--resume', '--json', '-T', from, to]);
    expectQuiet(run);
    expect(run.json()).toMatchObject({ directories: 1, files: 2, overwritten: 0, skipped: 1, failures: [] });
    expectSameTree(from, to);
  });

  test('the same command again, also without -T, goes on in the same place', async () => {
    const from = freshTree();
    const to = fresh();
    await famfsOk(['mkdir', '--no-sync', to]);
    put(`${from}/one`, 'one');
    await cp(['-r', from, to]);
    put(`${from}/two`, 'two');
    expectQuiet(await cp(['-r', '--resume', from, to]));
    expectSameTree(from, `${to}/${from.slice(scratch.root.length + 1)}`);
  });

  test('looks at sizes alone, and with --verify at contents', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/changed`, noise(5 * MIB, 1));
    put(`${from}/same`, noise(5 * MIB, 2));
    await cp(['-r', from, to]);
    const bytes = noise(5 * MIB, 1);
    bytes[5 * MIB - 1] = (bytes[5 * MIB - 1] as number) ^ 1;
    put(`${from}/changed`, bytes);
    const before = loggedPaths(place.device).length;
    const trusting = await cp(['-rT', '--resume', '--json', from, to]);
    expect(trusting.json()).toMatchObject({ skipped: 2, overwritten: 0 });
    expect(readFileSync(`${to}/changed`).equals(noise(5 * MIB, 1))).toBe(true);
    const verifying = await cp(['-rT', '--resume', '--verify', '--json', from, to]);
    expectQuiet(verifying);
    expect(verifying.json()).toMatchObject({ skipped: 1, overwritten: 1, bytes: 5 * MIB });
    expectSameTree(from, to);
    expect(loggedPaths(place.device)).toHaveLength(before);
  });

  test('--verify compares striped files as well', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/striped`, noise(21 * MIB));
    await cp(['-r', '-N', '4', '-B', '8', '-C', '4m', from, to]);
    const run = await cp(['-rT', '--resume', '--verify', '--json', from, to]);
    expect(run.json()).toMatchObject({ skipped: 1, overwritten: 0 });
  });

  test('a file of another size is still refused', async () => {
    const from = freshTree();
    const to = fresh();
    put(`${from}/one`, 'one');
    await cp(['-r', from, to]);
    put(`${from}/one`, 'longer');
    const run = await cp(['-rT', '--resume', '--json', from, to]);
    expect(run.status).toBe(3);
    expect(run.json()).toMatchObject({ skipped: 0, failures: [{ code: 'size-differs' }] });
  });
});

test('many files, more than are logged at once', async () => {
  const from = freshTree();
  for (let i = 0; i < 1100; i++) put(`${from}/d${i % 7}/f${i}`, `file ${i}`);
  const to = fresh();
  expectQuiet(await cp(['-r', from, to]));
  expectSameTree(from, to);
});

test('a large tree of holes, more bytes than are logged at once', async () => {
  const from = freshTree();
  for (const name of ['a', 'b', 'c']) truncateSync(put(`${from}/${name}`, noise(1000)), 100 * MIB);
  const to = fresh();
  expectQuiet(await cp(['-r', from, to]));
  expectContents(from, to);
});

test('on a terminal it shows progress, and how it ended', async () => {
  const from = put(scratch.path(scratch.unique('from')), noise(MIB));
  const run = await shell(`script -qec 'stty cols 100; $FAMFS cp --no-sync ${from} ${fresh()}' /dev/null`, {
    env: { TERM: 'xterm' },
  });
  expect(run.status).toBe(0);
  expect(run.stdout).toMatch(/1 file, 0 directories; 1\.0 MiB in .* \(.*\/s\)/);
});

test('an empty directory', async () => {
  const from = freshTree();
  mkdirSync(`${from}/empty`);
  const to = fresh();
  expectQuiet(await cp(['-r', `${from}/empty`, to]));
  expect(namesIn(to)).toEqual([]);
});

test('all of this leaves a file system with nothing wrong', async () => {
  expect(codesOf((await fsck(place.mount, 0)).findings)).toEqual([]);
  await expectClean(place.mount);
});

function listen(path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(path, () => resolve(server));
  });
}
