#!/usr/bin/env node
// Writes the parts of docs/ that follow from the code: all of cli, man and schemas, EXIT-STATUS.md, FINDINGS.md,
// LICENCES.md and TROUBLESHOOTING.md, and the tables of FORMAT.md. With --check it writes nothing and fails when a file is not what it
// would write, or is there and should not be. Verbs come from oclif.manifest.json, which the build writes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { cliPages } from './docs/cli.mjs';
import { exitStatusPage, findingsPage, troubleshootingPage } from './docs/codes.mjs';
import { formatParts } from './docs/format.mjs';
import { licencesPage } from './docs/licences.mjs';
import { manPages } from './docs/man.mjs';
import { GENERATED } from './docs/markdown.mjs';
import { referencePage } from './docs/reference.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ENTRY = `
  export * as layout from './src/log/layout';
  export { gapsBetween } from './src/log/fields';
  export { FINDINGS } from './src/log/findings';
  export { ERROR_TABLE } from './src/errors';
  export { SCHEMAS } from './src/schemas';
  export { toJSONSchema } from 'zod';
  export { encodeEntry } from './src/log/entry';
  export { encodeHeader } from './src/log/header';
  export { encodeSuperblock } from './src/log/superblock';
`;
const code = await loadCode();
const manifest = readJson('oclif.manifest.json');
const check = process.argv.includes('--check');
const pages = {
  ...cliPages(manifest, code.SCHEMAS),
  ...manPages(manifest, code.ERROR_TABLE, readJson('package.json').version),
  'docs/EXIT-STATUS.md': exitStatusPage(code),
  'docs/FINDINGS.md': findingsPage(code),
  'docs/LICENCES.md': licencesPage(readJson('package-lock.json')),
  'docs/FROM-THE-REFERENCE.md': referencePage(manifest),
  'docs/TROUBLESHOOTING.md': troubleshootingPage(code),
  'docs/FORMAT.md': fillMarkers('docs/FORMAT.md', formatParts(code)),
  ...schemaPages(),
};
pages['package.json'] = packageWithPages();
for (const file of Object.keys(pages)) pages[file] = formatted(file, pages[file]);
const surplus = ['docs/cli', 'docs/man', 'docs/schemas']
  .flatMap((directory) => namesIn(directory).map((name) => `${directory}/${name}`))
  .filter((file) => !(file in pages));
const stale = [...Object.keys(pages).filter((file) => pages[file] !== readOrEmpty(file)), ...surplus];
if (check) {
  for (const file of stale) console.error(`${file} does not follow the code: run npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const file of surplus) rmSync(join(root, file));
  for (const file of stale.filter((name) => name in pages)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), pages[file]);
  }
  console.error(stale.length > 0 ? `wrote ${stale.join(', ')}` : 'all pages are up to date');
}

/** JSON Schemas of what verbs print with --json. */
function schemaPages() {
  const entries = Object.entries(code.SCHEMAS).map(([verb, schema]) => {
    const { $schema, ...rest } = code.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    const title = verb === 'error' ? 'famfs --json, of a verb that fails' : `famfs ${verb} --json`;
    return [
      `docs/schemas/${verb.replaceAll(' ', '-')}.json`,
      JSON.stringify({ $schema, title, ...rest }, null, 2),
    ];
  });
  const list = entries.map(([file]) => basename(file)).map((name) => `* [${name}](${name})`);
  const index = `# JSON Schemas

${GENERATED}

What each verb prints with \`--json\`; \`error.json\` is what any of them prints when it fails. Properties may be added to a
result; those that are there keep their names and meaning.

${list.join('\n')}
`;
  return { ...Object.fromEntries(entries), 'docs/schemas/README.md': index };
}

/** package.json with the manual pages that npm is to install. */
function packageWithPages() {
  const man = Object.keys(pages).filter((file) => file.startsWith('docs/man/'));
  return JSON.stringify({ ...readJson('package.json'), man }, null, 2);
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

function namesIn(directory) {
  return existsSync(join(root, directory)) ? readdirSync(join(root, directory)) : [];
}

/** The modules that the pages follow from, bundled in memory. */
async function loadCode() {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

/** A page as the formatter leaves it, which lint checks. */
function formatted(file, page) {
  if (file.endsWith('.json')) return `${page}\n`;
  if (!file.endsWith('.md') || file.startsWith('docs/schemas/')) return page;
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'format', '--colors=off', `--stdin-file-path=${file}`];
  return execFileSync(process.execPath, args, { cwd: root, input: page, encoding: 'utf8' });
}

function readOrEmpty(file) {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return '';
  }
}

/** A page with the text between each pair of its markers replaced by the part of that name. */
function fillMarkers(file, parts) {
  const unused = new Set(Object.keys(parts));
  const page = readOrEmpty(file).replace(
    /(<!-- generated: ([\w-]+) -->\n)[\s\S]*?(<!-- end: \2 -->)/g,
    (_, begin, name, end) => {
      if (!(name in parts)) throw new Error(`${file}: nothing is generated under the name ${name}`);
      unused.delete(name);
      return `${begin}${parts[name]}\n${end}`;
    },
  );
  if (unused.size > 0) throw new Error(`${file}: no markers for ${[...unused].join(', ')}`);
  return page;
}
