// docs/cli: a page for each verb, and their index.
import { fence, GENERATED, table } from './markdown.mjs';
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

/** The pages by file. */
export function cliPages(manifest, schemas) {
  const verbs = verbsOf(manifest);
  const pages = verbs.map((verb) => [`docs/cli/${fileName(verb.id)}.md`, verbPage(verb, schemas)]);
  return { 'docs/cli/README.md': index(verbs), ...Object.fromEntries(pages) };
}

function index(verbs) {
  const list = verbs.map(
    ({ id, summary }) => `* [\`famfs ${shownName(id)}\`](${fileName(id)}.md): ${summary}`,
  );
  return `# Command line reference

${GENERATED}

${list.join('\n')}

${SIZES}

All verbs take \`--help\`, and, but for \`cat\`, \`--json\` for output that programs read: the
[schemas](../schemas/README.md) say what it holds. Results go to standard output; messages, warnings and progress go to
standard error. [EXIT-STATUS.md](../EXIT-STATUS.md) lists exit statuses and error codes.

\`mkfs.famfs\`, \`fsck.famfs\` and \`mount.famfs\` are the verbs \`mkfs\`, \`fsck\` and \`mount\` under the names that
mkfs(8), fsck(8) and mount(8) look for.

## Environment

${table(['Variable', 'Effect'], ENVIRONMENT)}
`;
}

function verbPage(verb, schemas) {
  const { args, description, id, summary } = verb;
  const positional = Object.values(args);
  const flags = shownFlags(verb);
  const lines = [`# famfs ${shownName(id)}`, GENERATED, summary];
  lines.push(fence(usages(verb)));
  if (description) lines.push(description.replaceAll('\n', '\n\n'));
  if (positional.length > 0) {
    const rows = positional.map((arg) => [`\`${arg.name.toUpperCase()}\``, arg.description]);
    lines.push('## Arguments', table(['Argument', 'Meaning'], rows));
  }
  lines.push('## Flags', table(['Flag', 'Meaning'], flags.map(flagRow)));
  const examples = examplesOf(verb);
  if (examples.length > 0) lines.push('## Examples', fence(examples.map((example) => `$ ${example}`)));
  const schema = id in schemas ? [`[schema of \`--json\`](../schemas/${fileName(id)}.json)`] : [];
  const links = ['[all verbs](README.md)', '[exit statuses](../EXIT-STATUS.md)', ...schema];
  return `${[...lines, `See also: ${links.join(', ')}.`].join('\n\n')}\n`;
}

function flagRow(flag) {
  const letters = lettersOf(flag).map((letter) => `\`-${letter}\``);
  const { name, type } = flag;
  const long = type === 'option' ? `\`--${name} ${valueHint(flag)}\`` : `\`--${name}\``;
  return [[...letters, long].join(', '), flagNotes(flag, (text) => `\`${text}\``)];
}
