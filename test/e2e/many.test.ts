import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_LOG_LENGTH, logCapacity } from '../../src/log/layout';
import { file, GIB, makeImage, mkdir, Space, writeImage } from '../support/images';
import { commandOk, famfs, famfsOk, shell, succeeded } from '../support/run';
import { scratchAll } from '../support/run-scratch';

const ENTRIES = 15_420;
const IN_ONE_DIRECTORY = 15_000;

/** A full log: one directory of 15,000 files, and files in the root and in nested directories for the rest. */
function fullLog() {
  const space = new Space();
  const entries = [mkdir('large')];
  for (let i = 0; i < IN_ONE_DIRECTORY; i++)
    entries.push(file(`large/file ${i}`, 1000 + i, space.simple(1000 + i)));
  for (let i = 0; i < 100; i++) {
    const directory = `directory-${i}`;
    entries.push(mkdir(directory), file(`${directory}/one`, i, space.simple(i)), mkdir(`${directory}/below`));
    entries.push(file(`${directory}/below/deep`, 3 * i, space.simple(3 * i)));
  }
  while (entries.length < ENTRIES) {
    const name = `root-${entries.length}`;
    entries.push(file(name, 7, space.simple(7)));
  }
  return entries;
}

describe('a full log of 8 MiB', () => {
  const scratch = scratchAll();
  const entries = fullLog();
  const directories = entries.filter(({ type }) => type === 'mkdir').length;
  const files = entries.length - directories;
  let device: string;
  let mount: string;

  beforeAll(async () => {
    expect(logCapacity(DEFAULT_LOG_LENGTH)).toBe(ENTRIES);
    device = scratch.path('full.img');
    writeImage(device, makeImage({ deviceSize: 64 * GIB, entries }));
    mount = scratch.directory('mnt');
    const run = await famfsOk([
      'mount',
      '--json',
      '--no-sync',
      '--log-file',
      scratch.path('server.log'),
      device,
      mount,
    ]);
    expect(run.json()).toMatchObject({ files, directories, notServed: 0, role: 'owner' });
  });

  test('is listed whole by ls -R', async () => {
    const { stdout } = succeeded(await shell(`ls -R1 '${mount}' | grep -vc -e '^$' -e ':$'`));
    expect(Number(stdout)).toBe(ENTRIES);
  });

  test('is found whole by find, with the right sizes', async () => {
    const script = `find . -name .meta -prune -o -printf '%y %s %P\\n' | LC_ALL=C sort`;
    const { stdout } = succeeded(await shell(script, { cwd: mount }));
    const found = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^d \d+/, 'd').trim());
    const expected = entries.map((entry) => {
      const path = 'path' in entry ? entry.path.toString() : '';
      return entry.type === 'file' ? `f ${entry.size} ${path}` : `d ${path}`;
    });
    expect(found.sort()).toEqual([...expected, 'd'].sort());
  });

  test.each([
    ['ls -U, without attributes', `ls -U1 large`],
    ['ls -f', `ls -f large | grep -v '^\\.'`],
    ['ls -l, with attributes', `ls -l large | tail -n +2 | cut -d: -f2- | cut -c4-`],
  ])('a directory of 15,000 files is complete, and without doubles, for %s', async (_what, script) => {
    const { stdout } = succeeded(await shell(script, { cwd: mount }));
    const names = stdout.trim().split('\n');
    expect(names).toHaveLength(IN_ONE_DIRECTORY);
    expect(new Set(names)).toEqual(new Set(Array.from({ length: IN_ONE_DIRECTORY }, (_, i) => `file ${i}`)));
  });

  test('every file of it has its own size and inode number', () => {
    const inodes = new Set<number>();
    for (let i = 0; i < IN_ONE_DIRECTORY; i++) {
      const { ino, size } = statSync(join(mount, `large/file ${i}`));
      expect(size).toBe(1000 + i);
      inodes.add(ino);
    }
    expect(inodes.size).toBe(IN_ONE_DIRECTORY);
  });

  test('reads the last byte of the last file', async () => {
    const { stdout } = await commandOk('wc', ['-c', join(mount, `root-${ENTRIES - 1}`)]);
    expect(stdout).toMatch(/^7 /);
  });

  test('takes no more entries, and says so', async () => {
    for (const args of [
      ['mkdir', join(mount, 'one more')],
      ['creat', '-s', '1', join(mount, 'one more')],
      ['cp', '/bin/true', join(mount, 'one more')],
    ]) {
      const run = await famfs([...args, '--json']);
      expect(run.status).toBe(1);
      expect(run.json()).toMatchObject({ error: { code: 'log-full' } });
    }
    expect(readdirSync(mount)).not.toContain('one more');
    const { stdout } = await commandOk('df', ['--output=itotal,iused,iavail', mount]);
    expect(stdout.trim().split('\n')[1]?.trim().split(/\s+/)).toEqual([
      String(ENTRIES),
      String(ENTRIES),
      '0',
    ]);
  });

  test('is clean for fsck', async () => {
    const report = (await famfsOk(['fsck', '--json', mount])).json();
    expect(report).toMatchObject({ errors: 0, contents: { entries: ENTRIES, files, directories } });
  });
});
