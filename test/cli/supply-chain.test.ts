import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk } from '../support/run';

/** What docs/SECURITY.md claims of the packages that famfs is made of. */

const ROOT = join(__dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(join(ROOT, file), 'utf8'));

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly version: string;
}

const shipped = Object.entries<Locked>(read('package-lock.json').packages).filter(
  ([path, { dev }]) => path !== '' && !dev,
);

test('nothing of famfs, and of no package that it ships with, runs when it is installed', () => {
  const { scripts } = read('package.json');
  const atInstall = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
  expect(Object.keys(scripts).filter((name) => atInstall.includes(name))).toEqual([]);
  expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
});

test('every package is pinned to one version and to the sum of its bytes', () => {
  const { dependencies, devDependencies } = read('package.json');
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
  const unpinned = shipped.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'));
  expect(unpinned).toEqual([]);
});

/** With --omit dev, npm 11 leaves out what is shipped and needed by a package for development as well. */
test('npm sbom tells all that is shipped', async () => {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const { stdout } = await commandOk('npm', args, { cwd: ROOT });
  const { bomFormat, components } = JSON.parse(stdout);
  expect(bomFormat).toBe('CycloneDX');
  const told = (components as { purl: string }[]).map(({ purl }) => purl.replaceAll('%40', '@'));
  const missing = shipped
    .map(([path, { version }]) => `pkg:npm/${path.replace(/^.*node_modules\//, '')}@${version}`)
    .filter((purl) => !told.includes(purl));
  expect(missing).toEqual([]);
});

test('the list of licences has every package that is shipped, once', () => {
  const page = readFileSync(join(ROOT, 'docs/LICENCES.md'), 'utf8');
  const missing = shipped.filter(([path, { version }]) => {
    const name = path.replace(/^.*node_modules\//, '');
    return !page.split('\n').some((line) => line.startsWith(`| ${name} `) && line.includes(` ${version} `));
  });
  expect(missing).toEqual([]);
  const rows = page.split('\n').filter((line) => /^\| \S+ +\| \d/.test(line));
  expect(rows).toEqual([...new Set(rows)]);
});
