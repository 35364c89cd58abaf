import { type Command, Errors, flush, run as runCli, settings } from '@oclif/core';
import Autocomplete from './commands/autocomplete';
import Cat from './commands/cat';
import Check from './commands/check';
import Chkread from './commands/chkread';
import Clone from './commands/clone';
import Cp from './commands/cp';
import Creat from './commands/creat';
import Df from './commands/df';
import Digest from './commands/digest';
import Doctor from './commands/doctor';
import Export from './commands/export';
import { endWithStandardOutput, failureJson, printFailure, toFamfsError } from './commands/failure';
import Flush from './commands/flush';
import Fsck from './commands/fsck';
import Getmap from './commands/getmap';
import Info from './commands/info';
import LogDump from './commands/log-dump';
import Logplay from './commands/logplay';
import Ls from './commands/ls';
import DeviceMapCommand from './commands/map';
import Mkdir from './commands/mkdir';
import Mkfs from './commands/mkfs';
import Mkmeta from './commands/mkmeta';
import Mount from './commands/mount';
import MountHelper from './commands/mount-helper';
import Status from './commands/status';
import Umount from './commands/umount';
import Verify from './commands/verify';

/** All verbs by name, for oclif's explicit discovery. */
export const COMMANDS: Record<string, Command.Class> = {
  autocomplete: Autocomplete,
  cat: Cat,
  check: Check,
  chkread: Chkread,
  clone: Clone,
  cp: Cp,
  creat: Creat,
  df: Df,
  digest: Digest,
  doctor: Doctor,
  export: Export,
  flush: Flush,
  fsck: Fsck,
  getmap: Getmap,
  info: Info,
  'log:dump': LogDump,
  logplay: Logplay,
  ls: Ls,
  map: DeviceMapCommand,
  mkdir: Mkdir,
  mkfs: Mkfs,
  mkmeta: Mkmeta,
  mount: Mount,
  'mount.famfs': MountHelper,
  status: Status,
  umount: Umount,
  verify: Verify,
};

/** Runs the command line `argv`, which begins with the verb. `root` is the directory of package.json. */
export async function run(argv: string[], root: string): Promise<void> {
  endWithStandardOutput();
  // What runs is the bundle, whatever NODE_ENV says: oclif would look for sources, and warn that it has no compiler.
  settings.enableAutoTranspile = false;
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
