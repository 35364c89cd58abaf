import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DAMAGED_IMAGES } from '../support/images-damaged';

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

/** `--selectProjects` takes all that follows it up to the next flag, and knows no project of a file's name. */
test.each(pages)('what %s has for one file of tests runs this one alone', (page) => {
  expect(
    [...read(page).matchAll(/--selectProjects(?: \w+)+ test\/[^`\n]*/g)].map(([command]) => command),
  ).toEqual([]);
});

const verbPages = pages.filter((page) => page.startsWith('docs/cli/') && page !== 'docs/cli/README.md');

test.each(verbPages)('paragraphs of %s are whole sentences, and none is taken for a list', (page) => {
  const [, text = ''] = /^```\n([\s\S]*?)^## /m.exec(read(page)) ?? [];
  const broken = text.split('\n').filter((line) => line !== '' && !/^[^-*+#>\s].*[.:]$|^--\w/.test(line));
  expect(broken).toEqual([]);
});

test.each([
  ['device-add', ['famfs device add [FLAG...] TARGET DEVICE...']],
  ['cp', ['famfs cp [FLAG...] SOURCE... DESTINATION', 'famfs cp [FLAG...] --files-from FILE DESTINATION']],
  ['mkfs', ['famfs mkfs [FLAG...] DEVICE...']],
])('the synopsis of %s says which argument repeats', (verb, lines) => {
  expect(read(`docs/cli/${verb}.md`)).toContain(`\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`);
  const synopsis = lines.join('\n.br\n').replaceAll('-', '\\-');
  expect(read(`docs/man/famfs-${verb}.1`)).toContain(`\n.SH SYNOPSIS\n${synopsis}\n.SH `);
});

test.each([
  ['fsck.famfs.8', ['0', '1', '4', '5', '8', '16', '32', '141']],
  ['famfs-fsck.1', ['0', '1', '4', '5', '8', '16', '32', '141']],
  ['famfs-check.1', ['0', '1', '2', '3', '4', '7', '70', '130', '141']],
])('%s lists every exit status', (page, expected) => {
  const [, text = ''] = /^\.SH EXIT STATUS\n([\s\S]*?)^\.SH /m.exec(read(`docs/man/${page}`)) ?? [];
  expect([...text.matchAll(/^\\fB(\d+)\\fR$/gm)].map(([, status]) => status)).toEqual(expected);
});

test('RELIABILITY.md counts the damaged images as they are', () => {
  const counts = read('docs/RELIABILITY.md').matchAll(
    /^\| (?:all damaged images|\[damaged images, repaired).*?\| (\d+)/gm,
  );
  expect([...counts].map(([, count]) => Number(count))).toEqual([
    DAMAGED_IMAGES.length,
    DAMAGED_IMAGES.length,
  ]);
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
