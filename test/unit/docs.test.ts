import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What holds the documentation to the rest of the repository, besides scripts/docs.mjs --check. */

const ROOT = join(__dirname, '../..');
const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((page) => page.endsWith('.md'));
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const withoutCode = (text: string) => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '`');

/** The anchors that the headings of a page make, as GitHub forms them. */
function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('links of %s lead somewhere', (page) => {
  const links = [...withoutCode(read(page)).matchAll(/\]\((?!https:)([^)]*)\)/g)].map(
    ([, link = '']) => link,
  );
  const broken = links.filter((link) => {
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** Lines of `sh` blocks: commands of the repository itself, which cannot all be run from inside a test. */
function shellLines(page: string): string[] {
  return [...read(page).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, body = '']) =>
    body.trim().split('\n'),
  );
}

test.each(pages)('shell lines of %s name what exists', (page) => {
  const { devDependencies, scripts } = JSON.parse(read('package.json'));
  for (const line of shellLines(page)) {
    const [program = '', second = '', third = ''] = line.split(' ');
    if (program === 'npm') expect(Object.keys(scripts)).toContain(second === 'run' ? third : second);
    else if (program === 'npx') expect(Object.keys(devDependencies)).toContain(second);
    else if (program !== 'export') accessSync(join(ROOT, program), constants.X_OK);
  }
});

test('every environment variable that the program reads is documented', () => {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join('src', name)))
    .join('\n');
  const named = [
    ...sources.matchAll(/\benv\.([A-Z_]+)\b(?! =)/g),
    ...sources.matchAll(/\b([A-Z_]+)(?:: \w+)?[^}\n]*\} = env;/g),
  ].map(([, name = '']) => name);
  expect(named).toContain('FAMFS_SYSTEM_UUID');
  const reference = read('docs/cli/README.md');
  expect([...new Set(named)].filter((name) => !reference.includes(`\n| \`${name}\` `))).toEqual([]);
});

test.each(readdirSync(join(ROOT, 'docs/man')))('the manual page %s is sound', (page) => {
  const run = spawnSync('groff', ['-man', '-ww', '-z', '-Tutf8', join(ROOT, 'docs/man', page)], {
    encoding: 'utf8',
  });
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: '' });
  for (const title of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXIT STATUS', 'ENVIRONMENT', 'SEE ALSO']) {
    expect(read(join('docs/man', page))).toContain(`\n.SH ${title}\n`);
  }
});
