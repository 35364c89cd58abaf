import { type Command, Errors, flush, run as runCli } from '@oclif/core';
import Autocomplete from './commands/autocomplete';
import Cat from './commands/cat';
import Check from './commands/check';
import Clone from './commands/clone';
import Cp from './commands/cp';
import Creat from './commands/creat';
import Df from './commands/df';
import Digest from './commands/digest';
import Doctor from './commands/doctor';
import Export from './commands/export';
import { endWithStandardOutput, failureJson, printFailure, toFamfsError } from './commands/failure';
import Fsck from './commands/fsck';
import Getmap from './commands/getmap';
import Info from './commands/info';
import Logplay from './commands/logplay';
import Ls from './commands/ls';
import Mkdir from './commands/mkdir';
import Mkfs from './commands/mkfs';
import Mount from './commands/mount';
import MountHelper from './commands/mount-helper';
import Status from './commands/status';
import Umount from './commands/umount';

/** All verbs by name, for oclif's explicit discovery. */
export const COMMANDS: Record<string, Command.Class> = {
  autocomplete: Autocomplete,
  cat: Cat,
  check: Check,
  clone: Clone,
  cp: Cp,
  creat: Creat,
  df: Df,
  digest: Digest,
  doctor: Doctor,
  export: Export,
  fsck: Fsck,
  getmap: Getmap,
  info: Info,
  logplay: Logplay,
  ls: Ls,
  mkdir: Mkdir,
  mkfs: Mkfs,
  mount: Mount,
  'mount.famfs': MountHelper,
  status: Status,
  umount: Umount,
};

/** Runs the command line `argv`, which begins with the verb. `root` is the directory of package.json. */
export async function run(argv: string[], root: string): Promise<void> {
  endWithStandardOutput();
  try {
    await runCli(argv, { root, userPlugins: false });
    await flush();
  } catch (error) {
    if (error instanceof Errors.ExitError) {
      process.exitCode = error.oclif.exit;
      return;
    }
    const failure = toFamfsError(error as Error);
    process.exitCode = failure.exitStatus();
    await printFailure(failure);
    if (argv.includes('--json'))
      process.stdout.write(`${JSON.stringify(failureJson(failure, failure.exitStatus()), null, 2)}\n`);
  }
}
