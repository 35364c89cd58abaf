import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DoctorReport } from '../../src/operations/doctor';
import { commandOk, type Run } from '../support/run';
import { exists, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

/** The package that npm makes, installed as a user would, away from the repository. */

const ROOT = join(__dirname, '../..');
const INSTALL_MS = 180_000;
const scratch = scratchAll();
const { man, scripts, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  man: string[];
  scripts: Record<string, string>;
  version: string;
};

function installed(name: string, ...args: string[]): Promise<Run> {
  const env = { PATH: `${scratch.path('prefix/bin')}:${process.env.PATH}` };
  return commandOk(name, args, { cwd: scratch.directory('elsewhere'), env });
}

beforeAll(async () => {
  // dist is built already, and other tests are running it.
  await commandOk('npm', ['pack', '--ignore-scripts', '--pack-destination', scratch.root], { cwd: ROOT });
  const archive = scratch.path(`famfs-${version}.tgz`);
  const flags = [
    '--global',
    '--prefix',
    scratch.path('prefix'),
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ];
  await commandOk('npm', ['install', ...flags, archive], { cwd: scratch.root, timeout: INSTALL_MS });
}, INSTALL_MS);

test('it is built before it is packed, and runs nothing when it is installed', () => {
  expect(scripts.prepack).toBe('node scripts/build.mjs');
  expect(['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts)).toEqual([]);
});

test('what belongs in it is in it', () => {
  const root = scratch.path('prefix/lib/node_modules/famfs');
  const files = [
    'LICENSE',
    'README.md',
    'dist/famfs.cjs',
    'dist/famfs.cache',
    'dist/check-ahead.cjs',
    'dist/copy-thread.cjs',
    'dist/server.cjs',
    'oclif.manifest.json',
  ];
  expect(files.filter((file) => !exists(join(root, file)))).toEqual([]);
  expect(['src', 'test', 'scripts'].filter((file) => exists(join(root, file)))).toEqual([]);
});

test('programs and manual pages are where they are looked for', () => {
  expect(readdirSync(scratch.path('prefix/bin')).sort()).toEqual([
    'famfs',
    'fsck.famfs',
    'mkfs.famfs',
    'mount.famfs',
  ]);
  const pages = [1, 8].flatMap((section) => readdirSync(scratch.path('prefix/share/man', `man${section}`)));
  expect(pages.sort()).toEqual(man.map((page) => page.replace('docs/man/', '')).sort());
});

test('famfs --version and famfs doctor', async () => {
  expect((await installed('famfs', '--version')).stdout).toContain(`famfs/${version} `);
  const doctor = `unshare -m sh -c 'umount -a -l -t fuse.famfs; famfs doctor --json'`;
  const report = (await installed('sh', '-c', doctor)).json<DoctorReport>();
  expect(report.checks.length).toBeGreaterThan(5);
});

test('mkfs, mount, cp, diff, fsck, umount', async () => {
  put(scratch.path('elsewhere/data/one'), 'first');
  put(scratch.path('elsewhere/data/below/two'), 'second');
  scratch.directory('elsewhere/mnt');
  await installed('mkfs.famfs', '--create', '4g', 'device.img');
  await installed('famfs', 'mount', '--log-file', 'server.log', 'device.img', 'mnt');
  await installed('famfs', 'cp', '-r', 'data', 'mnt');
  await installed('diff', '-r', 'data', 'mnt/data');
  expect((await installed('fsck.famfs', 'mnt')).stdout).toMatch(/\nclean\n$/);
  await installed('famfs', 'umount', 'mnt');
});
