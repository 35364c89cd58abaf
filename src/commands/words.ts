import { FamfsError } from '../errors';

const HELP: ReadonlySet<string> = new Set(['--help', '-h', '-?']);

/**
 * A command line with the words of its verb side by side: flags that stand between them, as in `log --json dump`, come
 * behind, and oclif finds the verb. `-h` in its place is for help; behind a verb it is that verb's. `verbs` have a colon between their words.
 * Throws FamfsError `usage` for flags behind a first word that no second one follows.
 */
export function wordsTogether(argv: readonly string[], verbs: readonly string[]): string[] {
  const [first = '', ...rest] = argv;
  if (first === '-h') return ['--help', ...rest];
  if (!verbs.some((verb) => verb.startsWith(`${first}:`))) return [...argv];
  const at = rest.findIndex((word) => !word.startsWith('-'));
  if (at > 0) return [first, rest[at] as string, ...rest.slice(0, at), ...rest.slice(at + 1)];
  if (at === 0 || rest.length === 0 || rest.some((word) => HELP.has(word))) return [...argv];
  throw new FamfsError(
    'usage',
    `${first} ${rest.join(' ')}: the second word of the verb is missing`,
    `famfs ${first} --help lists them`,
  );
}
