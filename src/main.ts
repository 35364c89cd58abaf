import { type Command, Errors, flush, run as runCli, settings } from '@oclif/core';
import {
  endWithStandardOutput,
  failureJson,
  type NamedVerb,
  printFailure,
  toFamfsError,
} from './commands/failure';
import { rawArguments } from './commands/raw-arguments';
import { wordsTogether } from './commands/words';

interface CommandModule {
  readonly default: Command.Class;
}

/** All verbs by name. A verb's own code is loaded when it is run: help comes from oclif's manifest. */
const VERBS: Readonly<Record<string, () => CommandModule>> = {
  autocomplete: () => require('./commands/autocomplete'),
  cat: () => require('./commands/cat'),
  check: () => require('./commands/check'),
  chkread: () => require('./commands/chkread'),
  clone: () => require('./commands/clone'),
  cp: () => require('./commands/cp'),
  creat: () => require('./commands/creat'),
  'device:add': () => require('./commands/device-add'),
  'device:ls': () => require('./commands/device-ls'),
  'device:scan': () => require('./commands/device-scan'),
  df: () => require('./commands/df'),
  digest: () => require('./commands/digest'),
  doctor: () => require('./commands/doctor'),
  export: () => require('./commands/export'),
  flush: () => require('./commands/flush'),
  fsck: () => require('./commands/fsck'),
  getmap: () => require('./commands/getmap'),
  info: () => require('./commands/info'),
  'log:dump': () => require('./commands/log-dump'),
  logplay: () => require('./commands/logplay'),
  ls: () => require('./commands/ls'),
  map: () => require('./commands/map'),
  mkdir: () => require('./commands/mkdir'),
  mkfs: () => require('./commands/mkfs'),
  mkmeta: () => require('./commands/mkmeta'),
  mount: () => require('./commands/mount'),
  'mount.famfs': () => require('./commands/mount-helper'),
  owner: () => require('./commands/owner'),
  restore: () => require('./commands/restore'),
  status: () => require('./commands/status'),
  umount: () => require('./commands/umount'),
  verify: () => require('./commands/verify'),
};

/** The same, for oclif's explicit discovery. */
export const COMMANDS: Record<string, Command.Class> = Object.defineProperties(
  {},
  Object.fromEntries(
    Object.entries(VERBS).map(([verb, load]) => [verb, { enumerable: true, get: () => load().default }]),
  ),
);

/** Runs the command line `argv`, which begins with the verb. `root` is the directory of package.json. */
export async function run(argv: string[], root: string): Promise<void> {
  endWithStandardOutput(argv[0] === 'fsck' ? 'fsck' : 'exit');
  // What runs is the bundle, whatever NODE_ENV says: oclif would look for sources, and warn that it has no compiler.
  settings.enableAutoTranspile = false;
  let words = argv;
  try {
    words = wordsTogether(rawArguments(argv), Object.keys(VERBS));
    await runCli(words, { root, userPlugins: false });
    await flush();
  } catch (error) {
    if (error instanceof Errors.ExitError) {
      process.exitCode = error.oclif.exit;
      return;
    }
    const failure = toFamfsError(error as Error, verbIn(words));
    process.exitCode = failure.exitStatus();
    await printFailure(failure);
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify(failureJson(failure, failure.exitStatus()), null, 2)}\n`);
  }
}

/** What stands where the verb should, which is of two words where the first one begins such verbs. */
function verbIn([first = '', second = '']: readonly string[]): NamedVerb {
  const ofTwo = Object.keys(VERBS).some((verb) => verb.startsWith(`${first}:`));
  const verb = ofTwo ? `${first}:${second}` : first;
  return { name: verb.replace(':', ' '), known: verb in VERBS };
}
