// What the manifest tells of verbs, for all kinds of pages.
export const ENVIRONMENT = [
  ['`FAMFS_SYSTEM_UUID`', "this host's system UUID, instead of the one in `/opt/famfs/system_uuid`"],
  [
    '`FAMFS_DEVICES`',
    'where this host has secondary devices of file systems: paths, with colons between them',
  ],
  ['`FAMFS_DEBUG`', 'anything: the message of a defect shows where in the program it happened'],
  ['`NO_COLOR`', 'anything: no colours'],
  ['`FORCE_COLOR`', 'colours also where there is no terminal; `0` or `false`: none'],
  ['`PATH`', 'where `famfs doctor` looks for `fusermount3`'],
  ['`TERM`', '`dumb`: no colours and no progress'],
  ['`CI`', 'anything: no progress'],
  ['`XDG_STATE_HOME`', "where a user other than root keeps the servers' logs (default `~/.local/state`)"],
  ['`XDG_RUNTIME_DIR`', "where such a user's servers keep their state (default `/tmp`)"],
  ['`NOTIFY_SOCKET`', 'set by a service manager, which the server tells when the mount answers (sd_notify)'],
];

export const SIZES =
  'Sizes are bytes, or a number with k, m, g or t behind it, in either case, with or without B or iB: multiples of 1024. ' +
  'A fraction is fine where it comes to whole bytes: 1.5g.';

/** The verbs that people use, in the order of the manifest. */
export function verbsOf({ commands }) {
  return Object.values(commands).filter(({ hidden }) => !hidden);
}

/** The name of a verb's page. */
export function fileName(id) {
  return id.replaceAll(/[: ]/g, '-');
}

/** A verb as it is typed. */
export function shownName(id) {
  return id.replaceAll(':', ' ');
}

/** The flags of a verb that its help shows, without --json, which all have. */
export function shownFlags({ flags }) {
  return Object.values(flags).filter(({ hidden, name }) => !hidden && name !== 'json');
}

/** The examples of a verb's help as they are typed. */
export function examplesOf({ examples = [] }) {
  return examples.map((example) => example.replaceAll('<%= config.bin %>', 'famfs'));
}

/** What a flag means, and what its own settings add to that. */
export function flagNotes(
  { default: byDefault, dependsOn = [], description, multiple, required },
  mark = (text) => text,
) {
  return [
    description,
    ...(required ? ['required'] : []),
    ...(multiple ? ['may be given several times'] : []),
    ...(byDefault === undefined ? [] : [`default ${mark(byDefault)}`]),
    ...(dependsOn.length > 0 ? [`goes with ${dependsOn.map((other) => mark(`--${other}`)).join(', ')}`] : []),
  ].join('; ');
}

/** The letters of a flag, without their dash. */
export function lettersOf({ char, charAliases = [] }) {
  return [char, ...charAliases].filter(Boolean);
}

/** The ways to call a verb: those that it tells itself, or one that takes the only argument several times if it is not strict. */
export function usages(verb) {
  const { args, id, strict, usage } = verb;
  if (usage) return [usage].flat().map((line) => `famfs ${line.replace('[FLAGS]', '[FLAG...]')}`);
  const positional = Object.values(args);
  if (strict === false && positional.length > 1) throw new Error(`${id}: which argument is it that repeats?`);
  const words = positional.map(({ name, required }) => {
    const word = name.toUpperCase() + (strict === false ? '...' : '');
    return required ? word : `[${word}]`;
  });
  const flags = shownFlags(verb);
  const needed = flags
    .filter(({ required }) => required)
    .map(({ name, ...flag }) => `--${name} ${valueHint(flag)}`);
  const hasOptions = flags.some(({ required }) => !required);
  return [['famfs', shownName(id), ...(hasOptions ? ['[FLAG...]'] : []), ...needed, ...words].join(' ')];
}

export function valueHint({ helpValue, options }) {
  return helpValue ?? options?.join('|') ?? 'N';
}
