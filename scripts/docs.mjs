#!/usr/bin/env node
// Writes the parts of docs/ that follow from the code: the whole of CLI.md, EXIT-STATUS.md and FINDINGS.md, and the
// tables of FORMAT.md. With --check it writes nothing and fails when a file is not what it would write.
// CLI.md comes from oclif.manifest.json, which the build writes.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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
const GENERATED = '<!-- Written by scripts/docs.mjs: change the code and run npm run docs. -->';
const ENVIRONMENT = [
  ['`FAMFS_SYSTEM_UUID`', "this host's system UUID, instead of the one in `/opt/famfs/system_uuid`"],
  ['`FAMFS_DEBUG`', 'anything: the message of a defect shows where in the program it happened'],
  ['`NO_COLOR`', 'anything: no colours'],
  ['`FORCE_COLOR`', 'colours also where there is no terminal; `0` or `false`: none'],
  ['`TERM`', '`dumb`: no colours and no progress'],
  ['`CI`', 'anything: no progress'],
  ['`XDG_STATE_HOME`', "where a user other than root keeps the servers' logs (default `~/.local/state`)"],
  ['`XDG_RUNTIME_DIR`', "where such a user's servers keep their state (default `/tmp`)"],
  ['`NOTIFY_SOCKET`', 'set by a service manager, which the server tells when the mount answers (sd_notify)'],
];

const code = await loadCode();
const { layout } = code;
const check = process.argv.includes('--check');
const pages = {
  'docs/CLI.md': cliPage(JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))),
  'docs/EXIT-STATUS.md': exitStatusPage(),
  'docs/FINDINGS.md': findingsPage(),
  'docs/FORMAT.md': fillMarkers('docs/FORMAT.md', formatParts()),
  ...schemaPages(),
};
for (const file of Object.keys(pages)) pages[file] = formatted(file, pages[file]);
const stale = Object.keys(pages).filter((file) => pages[file] !== readOrEmpty(file));
if (check) {
  for (const file of stale) console.error(`${file} does not follow the code: run npm run docs`);
  process.exitCode = stale.length > 0 ? 1 : 0;
} else {
  for (const file of stale) {
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
  return Object.fromEntries(entries);
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

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const escaped = rows.map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')));
  return [line(head), line(head.map(() => '---')), ...escaped.map(line)].join('\n');
}

function formatParts() {
  const bodyEnd = layout.LOG_ENTRY.fields.crc.offset;
  return {
    superblock: structureTable(layout.SUPERBLOCK, layout.SUPERBLOCK.bytes),
    'log-header': structureTable(layout.LOG_HEADER, layout.LOG_HEADER.bytes),
    'log-entry': structureTable(layout.LOG_ENTRY, layout.LOG_ENTRY.bytes),
    'file-body': structureTable(layout.FILE_BODY, bodyEnd),
    interleave: structureTable(layout.INTERLEAVE, bodyEnd),
    extent: structureTable(layout.EXTENT, layout.EXTENT.bytes),
    'mkdir-body': structureTable(layout.MKDIR_BODY, bodyEnd),
    'add-daxdev-body': structureTable(layout.ADD_DAXDEV_BODY, bodyEnd),
    capacity: capacityTable(),
    examples: exampleDumps(),
  };
}

/** A table of a structure's fields; what lies between them, and behind them up to `end`, is named as unused. */
function structureTable({ fields }, end) {
  const all = Object.entries(fields);
  const first = Math.min(...all.map(([, field]) => field.offset));
  const gaps = code
    .gapsBetween([...all.map(([, field]) => field), { offset: 0, length: first }], end)
    .map(({ start, end: past }) => ({
      offset: start,
      cells: [`${past - start} B`, '', 'unused', 'zero', ''],
    }));
  const rows = all.map(([name, { offset, rule, text, type }]) => ({
    offset,
    cells: [type, `\`${name}\``, text, ...(rule ? [rule.must, `\`${rule.code}\``] : ['', ''])],
  }));
  const sorted = [...rows, ...gaps].sort((a, b) => a.offset - b.offset);
  return table(
    ['Offset', 'Type', 'Field', 'Meaning', 'Must be', 'Finding'],
    sorted.map(({ offset, cells }) => [offset, ...cells]),
  );
}

function capacityTable() {
  const rows = [8, 16, 32, 64, 128, 256, 512, 1024].map((mib) => {
    const length = mib * layout.MIB;
    const entries = layout.logCapacity(length);
    return [`${mib} MiB`, length, entries, entries - 1];
  });
  return table(['Log length', 'Bytes', 'Entries', 'Last valid index'], rows);
}

/** A superblock, a log header and an entry with made-up values, as hexdump -C shows them. */
function exampleDumps() {
  const logLength = layout.DEFAULT_LOG_LENGTH;
  const unit = layout.DEFAULT_ALLOC_UNIT;
  const superblock = code.encodeSuperblock({
    logLength,
    allocUnit: unit,
    uuid: '00112233-4455-4677-8899-aabbccddeeff',
    deviceUuid: '01234567-89ab-4def-8123-456789abcdef',
    ownerUuid: 'fedcba98-7654-4210-bedc-ba9876543210',
    flags: 0,
    primarySize: layout.MIN_DEVICE_SIZE,
    primaryName: '/dev/dax0.0',
  });
  const entries = [
    { type: 'mkdir', path: Buffer.from('data'), uid: 1000, gid: 1000, mode: 0o755 },
    {
      type: 'file',
      path: Buffer.from('data/a.bin'),
      size: 3_000_000,
      flags: layout.FILE_FLAGS_DEFAULT,
      uid: 1000,
      gid: 1000,
      mode: 0o644,
      map: {
        kind: 'simple',
        extents: [{ devindex: 0, offset: layout.LOG_OFFSET + logLength, length: 2 * unit }],
      },
    },
  ];
  const log = Buffer.alloc(layout.LOG_HEADER.bytes + entries.length * layout.LOG_ENTRY.bytes);
  code.encodeHeader(logLength, { nextSeqnum: entries.length, nextIndex: entries.length }).copy(log);
  entries.forEach((entry, i) => {
    code.encodeEntry(entry, i, log, layout.LOG_HEADER.bytes + i * layout.LOG_ENTRY.bytes);
  });
  return ['```text', ...hexDump(superblock, 0), '...', ...hexDump(log, layout.LOG_OFFSET), '```'].join('\n');
}

function hexDump(bytes, address) {
  const lines = [];
  let previous = '';
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = row.toString('hex');
    if (hex === previous && at + 16 < bytes.length) {
      if (lines.at(-1) !== '*') lines.push('*');
      continue;
    }
    previous = hex;
    const words = [row.subarray(0, 8), row.subarray(8)].map((half) =>
      half.toString('hex').replace(/..(?=.)/g, '$& '),
    );
    const text = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    lines.push(`${(address + at).toString(16).padStart(8, '0')}  ${words.join('  ').padEnd(48)}  |${text}|`);
  }
  return lines;
}

function findingsPage() {
  const groups = [
    ['sb-', 'Superblock'],
    ['log-', 'Log header'],
    ['entry-', 'Log entries of all types'],
    ['file-', 'File entries'],
    ['path-', 'Paths'],
    ['ext-', 'Extents and strips'],
    ['il-', 'Interleaved files'],
    ['dev-', 'Added devices'],
  ];
  const all = Object.entries(code.FINDINGS);
  const left = new Set(Object.keys(code.FINDINGS));
  const sections = groups.map(([prefix, title]) => {
    const rows = all
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, { means, severity }]) => {
        left.delete(name);
        return [`\`${name}\``, severity, means];
      });
    return `## ${title}\n\n${table(['Code', 'Severity', 'Meaning'], rows)}\n`;
  });
  if (left.size > 0) throw new Error(`findings without a section: ${[...left].join(', ')}`);
  return `# Findings of famfs fsck

${GENERATED}

What \`famfs fsck\` can find, by the code that it prints and puts into its JSON. A code keeps its meaning; new ones
may come. A finding about a log entry tells the entry's index and, where the entry has one, its path.

An **error** means that something on the media contradicts the format: fsck ends with status 4. A damaged log
header, and an entry with an error of its own, keep the owner from appending. An entry with an error, and one that
can take no place in the tree, is not served; all others are. A **warning** is about what harms no reader:
fsck ends with status 0, or 4 with \`--strict\`.

${sections.join('\n')}`;
}

function exitStatusPage() {
  const rows = Object.entries(code.ERROR_TABLE).map(([name, { exit, fsck, meaning }]) => [
    `\`${name}\``,
    exit,
    fsck,
    meaning,
  ]);
  return `# Exit statuses and error codes

${GENERATED}

A verb that did all it was asked to ends with status 0. One that fails prints a line on standard error that begins
with \`famfs:\`, mostly followed by a hint, and ends with a status from this table. With \`--json\` it prints an object
on standard output as well: \`{"error": {"code", "message", "hint", "exitStatus"}}\`. Codes keep their meaning;
messages may change.

\`famfs fsck\` has a column of its own, since its statuses follow those of fsck(8). Besides, it ends with 0 for a clean
file system or one with warnings alone, and with 4 for one with errors, or with warnings under \`--strict\`: findings
are its result and no failure, and [FINDINGS.md](FINDINGS.md) lists them.

\`famfs check\` adds up 1 (files), 2 (superblock) and 4 (log) for what a mount serves otherwise than its device has it, and
\`famfs getmap\` ends with 1 for what is in no famfs and 2 for what has no map.

A verb whose reader went away, as in \`famfs fsck --json ... | head -1\`, ends with 141, as a death by SIGPIPE does.

${table(['Code', 'Status', 'Of fsck', 'Meaning'], rows)}
`;
}

function cliPage({ commands }) {
  const verbs = Object.values(commands).filter(({ hidden }) => !hidden);
  const list = verbs.map(({ id, summary }) => `* [\`famfs ${id}\`](#famfs-${id}): ${summary}`);
  return `# Command line reference

${GENERATED}

${list.join('\n')}

Sizes are bytes, or a number with \`k\`, \`m\`, \`g\` or \`t\` behind it, in either case, with or without \`B\` or \`iB\`:
multiples of 1024. A fraction is fine where it comes to whole bytes: \`1.5g\`.

All verbs take \`--help\`, and \`--json\` for output that programs read. Results go to standard output; messages,
warnings and progress go to standard error. [EXIT-STATUS.md](EXIT-STATUS.md) lists exit statuses and error codes.

\`mkfs.famfs\`, \`fsck.famfs\` and \`mount.famfs\` are the verbs \`mkfs\`, \`fsck\` and \`mount\` under the names that
mkfs(8), fsck(8) and mount(8) look for.

${verbs.map(verbSection).join('\n')}
## Environment

${table(['Variable', 'Effect'], ENVIRONMENT)}
`;
}

function verbSection({ id, summary, description, args, flags, examples, strict }) {
  const positional = Object.values(args);
  const own = Object.values(flags).filter(({ hidden, name }) => !hidden && name !== 'json');
  const lines = [`## famfs ${id}`, summary, fence([usage(id, positional, own, strict)])];
  if (description) lines.push(description.replaceAll('\n', '\n\n'));
  if (positional.length > 0) {
    const rows = positional.map((arg) => [`\`${arg.name.toUpperCase()}\``, arg.description]);
    lines.push(table(['Argument', 'Meaning'], rows));
  }
  if (own.length > 0) lines.push(table(['Flag', 'Meaning'], own.map(flagRow)));
  if (examples?.length > 0) {
    const shown = examples.map((example) => `$ ${example.replaceAll('<%= config.bin %>', 'famfs')}`);
    lines.push('Examples:', fence(shown));
  }
  return `${lines.join('\n\n')}\n`;
}

function fence(lines) {
  return ['```text', ...lines, '```'].join('\n');
}

/** A verb that is not strict takes its first argument several times. */
function usage(id, positional, flags, strict) {
  const words = positional.map(({ name, required }, i) => {
    const word = name.toUpperCase() + (strict === false && i === 0 ? '...' : '');
    return required ? word : `[${word}]`;
  });
  const needed = flags
    .filter(({ required }) => required)
    .map(({ name, ...flag }) => `--${name} ${valueHint(flag)}`);
  const hasOptions = flags.some(({ required }) => !required);
  return ['famfs', id, ...(hasOptions ? ['[FLAG...]'] : []), ...needed, ...words].join(' ');
}

function valueHint({ helpValue, options }) {
  return helpValue ?? options?.join('|') ?? 'N';
}

function flagRow({
  char,
  charAliases = [],
  default: byDefault,
  dependsOn = [],
  description,
  name,
  type,
  ...flag
}) {
  const letters = [char, ...charAliases].filter(Boolean).map((letter) => `\`-${letter}\``);
  const long = type === 'option' ? `\`--${name} ${valueHint(flag)}\`` : `\`--${name}\``;
  const notes = [
    description,
    ...(flag.required ? ['required'] : []),
    ...(flag.multiple ? ['may be given several times'] : []),
    ...(byDefault === undefined ? [] : [`default \`${byDefault}\``]),
    ...(dependsOn.length > 0 ? [`goes with ${dependsOn.map((other) => `\`--${other}\``).join(', ')}`] : []),
  ];
  return [[...letters, long].join(', '), notes.join('; ')];
}
