// docs/man: manual pages in man(7).
import {
  ENVIRONMENT,
  examplesOf,
  fileName,
  flagNotes,
  lettersOf,
  SIZES,
  shownFlags,
  shownName,
  usages,
  valueHint,
  verbsOf,
} from './verbs.mjs';

/** The programs in bin that are verbs under another name. */
const PROGRAMS = { 'mkfs.famfs': 'mkfs', 'fsck.famfs': 'fsck', 'mount.famfs': 'mount.famfs' };

/** Exit statuses of verbs that are a result and no failure. */
const RESULTS = {
  check: {
    1: 'files are served otherwise than the device has them',
    2: 'the superblock is; these statuses are added up',
    4: 'the log is',
    7: 'is the sum of 1, 2 and 4; so are 3, 5 and 6 of two of them',
  },
  chkread: { 1: 'reading and mapping differ' },
  'device:ls': { 1: 'a device cannot be used' },
  doctor: { 1: 'something is an error' },
  fsck: {
    1: 'all errors were corrected',
    4: 'errors are left, or warnings with --strict',
    5: 'some errors were corrected and some are left',
  },
  getmap: { 1: 'a path is in no famfs', 2: 'a path is in a famfs and has no map' },
  verify: { 1: 'contents differ' },
};

/** The pages by file. */
export function manPages(manifest, errors, version) {
  const verbs = verbsOf(manifest);
  const context = { errors, version };
  const pages = { 'docs/man/famfs.1': overview(verbs, context) };
  for (const verb of verbs) {
    const name = `famfs-${fileName(verb.id)}`;
    pages[`docs/man/${name}.1`] = verbPage(verb, { ...context, name, section: 1 });
  }
  for (const [name, id] of Object.entries(PROGRAMS)) {
    const verb = manifest.commands[id];
    pages[`docs/man/${name}.8`] = verbPage(verb, { ...context, name, section: 8, program: name });
  }
  return pages;
}

function overview(verbs, context) {
  const list = verbs.flatMap(({ id, summary }) => ['.TP', bold(`famfs ${shownName(id)}`), text(summary)]);
  return page({ ...context, name: 'famfs', section: 1 }, [
    heading('NAME'),
    text('famfs - files in memory that many hosts share'),
    heading('SYNOPSIS'),
    `${bold('famfs')} \\fIVERB\\fR [\\fIFLAG\\fR...] [\\fIARGUMENT\\fR...]`,
    heading('DESCRIPTION'),
    text(
      'famfs puts files into memory that several hosts share, so that each host reads the same bytes in the same place. One host, the owner, makes the file system and adds files; every host that can reach the memory mounts it and sees them.',
    ),
    '.PP',
    text(
      'All verbs take --help, and, but for cat, --json for output that programs read. Results go to standard output; messages, warnings and progress go to standard error.',
    ),
    '.PP',
    text(SIZES),
    heading('VERBS'),
    ...list,
    ...statuses(context.errors),
    ...environment(),
    heading('FILES'),
    ...['.TP', bold('/opt/famfs/system_uuid'), text("this host's system UUID, made when it is first needed")],
    ...['.TP', bold('/run/famfs'), text('state of the servers of mounts that root made')],
    ...['.TP', bold('/var/log/famfs'), text("those servers' logs")],
    ...seeAlso(verbs.map(({ id }) => [`famfs-${fileName(id)}`, 1])),
  ]);
}

function verbPage(verb, context) {
  const { args, description, id, summary } = verb;
  const { name, program } = context;
  const positional = Object.values(args);
  const flags = shownFlags(verb);
  const synopsis = usages(verb).map((line) => (program ? line.replace(/^famfs \S+/, program) : line));
  const body = [
    heading('NAME'),
    text(`${name} - ${summary.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase())}`),
    heading('SYNOPSIS'),
    ...synopsis.flatMap((line, i) => [...(i > 0 ? ['.br'] : []), text(line)]),
    heading('DESCRIPTION'),
    ...(description ?? summary)
      .split('\n')
      .flatMap((paragraph, i) => [...(i > 0 ? ['.PP'] : []), text(paragraph)]),
  ];
  if (positional.length > 0) {
    const rows = positional.flatMap((arg) => ['.TP', italic(arg.name.toUpperCase()), text(arg.description)]);
    body.push(heading('ARGUMENTS'), ...rows);
  }
  body.push(heading('OPTIONS'), ...flags.flatMap(flagLines));
  if (!verb.flags.json?.hidden) body.push('.TP', bold('--json'), text('print the result as JSON'));
  const examples = examplesOf(verb).map((example) =>
    program ? example.replace(/^famfs \S+/, program) : example,
  );
  if (examples.length > 0) body.push(heading('EXAMPLES'), '.nf', ...examples.map(text), '.fi');
  body.push(...statuses(context.errors, id), ...environment());
  return page(context, [...body, ...seeAlso([['famfs', 1]])]);
}

function page({ name, section, version }, lines) {
  const head = `.TH ${name.toUpperCase()} ${section} "" "famfs ${version}" "famfs"`;
  return [
    '.\\" Written by scripts/docs.mjs: change the code and run npm run docs.',
    head,
    '.ad l',
    '.nh',
    ...lines,
    '',
  ].join('\n');
}

function flagLines(flag) {
  const { name, type } = flag;
  const value = type === 'option' ? ` ${italic(valueHint(flag))}` : '';
  const names = [...lettersOf(flag).map((letter) => bold(`-${letter}`)), `${bold(`--${name}`)}${value}`];
  return ['.TP', names.join(', '), text(flagNotes(flag))];
}

function statuses(errors, id) {
  const column = id === 'fsck' ? 'fsck' : 'exit';
  const codes = {};
  for (const [code, { [column]: status }] of Object.entries(errors)) {
    codes[status] = [...(codes[status] ?? []), code];
  }
  const results = RESULTS[id] ?? {};
  const meaning = (status) =>
    [results[status], codes[status] && `error codes: ${codes[status].join(', ')}`].filter(Boolean).join('; ');
  // Names that are whole numbers come in their order.
  const all = Object.keys({ ...codes, ...results });
  return [
    heading('EXIT STATUS'),
    ...['.TP', bold('0'), text('all that was asked for was done')],
    ...all.flatMap((status) => ['.TP', bold(status), text(meaning(status))]),
    ...['.TP', bold('141'), text('the reader of the output went away')],
  ];
}

function environment() {
  const rows = ENVIRONMENT.flatMap(([name, effect]) => ['.TP', bold(plain(name)), text(plain(effect))]);
  return [heading('ENVIRONMENT'), ...rows];
}

function seeAlso(pages) {
  const list = pages.map(([name, section]) => `.BR ${escaped(name)} (${section})`);
  return [heading('SEE ALSO'), ...list.map((line, i) => (i < list.length - 1 ? `${line} ,` : line))];
}

const heading = (title) => `.SH ${title}`;
const bold = (words) => `\\fB${escaped(words)}\\fR`;
const italic = (words) => `\\fI${escaped(words)}\\fR`;
const plain = (markdown) => markdown.replaceAll('`', '');

/** A line of running text; one that begins as a request does is kept from being one. */
function text(words) {
  return escaped(words).replace(/^[.']/, '\\&$&');
}

function escaped(words) {
  return String(words)
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga');
}
