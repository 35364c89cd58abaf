/** A flag, as far as completing it goes. */
export interface FlagShape {
  readonly name: string;
  readonly letters: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** The only values it takes; empty for any. */
  readonly values: readonly string[];
}

/** A verb, as far as completing it goes. */
export interface VerbShape {
  /** One word, or two as in `log dump`. */
  readonly words: readonly string[];
  readonly summary: string;
  /** The only values of its first argument; empty for files. */
  readonly values: readonly string[];
  readonly flags: readonly FlagShape[];
}

export type Shell = 'bash' | 'zsh' | 'fish';

export interface CompletionScript {
  readonly shell: Shell;
  readonly script: string;
}

/** A script that has a shell complete verbs, their flags, and the values of flags; everything else as files. */
export function completionScript(shell: Shell, verbs: readonly VerbShape[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(verbs);
    case 'zsh':
      return `#compdef famfs\nautoload -Uz bashcompinit && bashcompinit\n${bashScript(verbs)}`;
    case 'fish':
      return fishScript(verbs);
  }
}

function bashScript(verbs: readonly VerbShape[]): string {
  const topics = firstWords(verbs.filter(({ words }) => words.length > 1));
  const below = (topic: string) => verbs.filter(({ words }) => words[0] === topic && words.length > 1);
  return [
    '_famfs() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words= flags= values=`,
    '  COMPREPLY=()',
    '  if ((COMP_CWORD == 1)); then',
    `    COMPREPLY=($(compgen -W '${firstWords(verbs).join(' ')}' -- "$cur"))`,
    '    return',
    '  fi',
    `  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]} " in`,
    ...verbs.toSorted((a, b) => b.words.length - a.words.length).flatMap(bashVerb),
    '  esac',
    '  if ((COMP_CWORD == 2)); then',
    `    case \${COMP_WORDS[1]} in`,
    ...topics.map((topic) => `      ${topic}) words='${secondWords(below(topic))}' ;;`),
    '    esac',
    '  fi',
    '  case "$cur" in',
    '    -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;',
    `    *) COMPREPLY=($(compgen -W "\${words:-$values}" -- "$cur")) ;;`,
    '  esac',
    '}',
    'complete -o default -F _famfs famfs',
    '',
  ].join('\n');
}

/** The case of a verb: its flags and values, and at once the values of a flag that the cursor is behind. */
function bashVerb({ flags, values, words }: VerbShape): string[] {
  const limited = flags.filter((flag) => flag.values.length > 0);
  const names = flags.flatMap(spellings);
  return [
    `    '${words.join(' ')} '*)`,
    `      flags='${[...names, '--help'].join(' ')}' values='${values.join(' ')}'`,
    ...(limited.length === 0 ? [] : ['      case $prev in']),
    ...limited.map(
      (flag) =>
        `        ${spellings(flag).join('|')}) COMPREPLY=($(compgen -W '${flag.values.join(' ')}' -- "$cur")); return ;;`,
    ),
    ...(limited.length === 0 ? [] : ['      esac']),
    '      ;;',
  ];
}

function fishScript(verbs: readonly VerbShape[]): string {
  const lines = verbs.flatMap(({ flags, summary, values, words }) => {
    const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
    const before = ['__fish_use_subcommand', ...seen][words.length - 1];
    const inVerb = `complete -c famfs -n '${seen.join('; and ')}'`;
    return [
      `complete -c famfs -f -n '${before}' -a ${words.at(-1)} -d ${quoted(summary)}`,
      ...(values.length > 0 ? [`${inVerb} -f -a '${values.join(' ')}'`] : []),
      ...flags.map((flag) => `${inVerb} ${fishFlag(flag)}`),
    ];
  });
  const first = firstWords(verbs.filter(({ words }) => words.length > 1));
  const topics = first.map((word) => `complete -c famfs -f -n __fish_use_subcommand -a ${word}`);
  return [...topics, ...lines, ''].join('\n');
}

function fishFlag({ description, letters, name, takesValue, values }: FlagShape): string {
  const value = values.length > 0 ? ` -x -a '${values.join(' ')}'` : ' -r';
  const short = letters.map((letter) => ` -s ${letter}`).join('');
  return `-l ${name}${short}${takesValue ? value : ''} -d ${quoted(description)}`;
}

function spellings({ letters, name }: FlagShape): string[] {
  return [...letters.map((letter) => `-${letter}`), `--${name}`];
}

function firstWords(verbs: readonly VerbShape[]): string[] {
  return [...new Set(verbs.map(({ words }) => words[0] ?? ''))];
}

function secondWords(verbs: readonly VerbShape[]): string {
  return verbs.map(({ words }) => words[1]).join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
