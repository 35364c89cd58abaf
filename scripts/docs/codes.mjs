// The pages that follow from the tables of errors and findings.
import { GENERATED, table } from './markdown.mjs';

export function findingsPage(code) {
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
can take no place in the tree, is not served; all others are, files that share space among them. A **warning** is about
what harms no reader: fsck ends with status 0, or 4 with \`--strict\`. All findings are counted; of each code, the first
100,000 are listed.

\`famfs fsck --repair\` puts right what is found in the [log header](#log-header), and entries that are counted and were
never stored. [When fsck finds errors](OPERATIONS.md#when-fsck-finds-errors) has what it does, and what to do about the rest.

${sections.join('\n')}`;
}

export function exitStatusPage(code) {
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
messages may change. \`device ls\` and \`doctor\` end with 1 for what they report as wrong; \`chkread\` and \`verify\` for
contents that differ; this is their result, not a failure.

\`famfs fsck\` has a column of its own, since its statuses follow those of fsck(8). Besides, it ends with 0 for a clean
file system or one with warnings alone, and with 4 for one with errors, or with warnings under \`--strict\`: findings
are its result and no failure, and [FINDINGS.md](FINDINGS.md) lists them. With \`--repair\` that is about what is left
afterwards, and 1 is added when something was repaired: 1 when all is well now, 5 when some errors are left.

\`famfs check\` adds up 1 (files), 2 (superblock) and 4 (log) for what a mount serves otherwise than its device has it, and
\`famfs getmap\` ends with 1 for what is in no famfs and 2 for what has no map.

A verb whose reader went away, as in \`famfs fsck --json ... | head -1\`, ends with 141, as a death by SIGPIPE does.

${table(['Code', 'Status', 'Of fsck', 'Meaning'], rows)}
`;
}

/** What to do about each error code. */
export function troubleshootingPage(code) {
  const sections = Object.entries(code.ERROR_TABLE).map(([name, { exit, fsck, meaning, todo }]) =>
    [`## ${name}`, meaning, `**What to do:** ${todo}`, `Exit status ${exit}; of fsck ${fsck}.`].join('\n\n'),
  );
  return `# When something goes wrong

${GENERATED}

Every failure has a code. It is in what \`--json\` prints, and the line on standard error says the same for people, with
a hint for the case at hand. \`famfs doctor\` looks at the host as a whole, \`famfs status\` at mounts, and \`famfs fsck\` at
a file system. What fsck finds is in [FINDINGS.md](FINDINGS.md).

${sections.join('\n\n')}
`;
}
