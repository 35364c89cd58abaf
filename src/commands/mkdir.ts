import { Args, Flags } from '@oclif/core';
import type { MkdirResult } from '../operations/mkdir';
import { BaseCommand, defined, lockFlag, ownershipFlags, syncFlag } from './base';

export default class Mkdir extends BaseCommand {
  static override summary = 'Make directories in a mounted file system.';
  static override description =
    'Where several are given, one that cannot be made is reported and the others are made; the exit status then is 3.';
  static override examples = [
    '<%= config.bin %> mkdir /mnt/famfs/data',
    '<%= config.bin %> mkdir -p -m 750 /mnt/famfs/data/2024/raw',
    '<%= config.bin %> mkdir /mnt/famfs/a /mnt/famfs/b /mnt/famfs/a/below',
  ];
  static override strict = false;
  static override args = {
    directory: Args.string({ required: true, description: 'directory to make; several may be given' }),
  };
  static override flags = {
    parents: Flags.boolean({
      char: 'p',
      description: 'make missing parents too; an existing directory is no error',
    }),
    verbose: Flags.boolean({ char: 'v', description: 'print a line for each directory that is made' }),
    ...ownershipFlags,
    ...syncFlag,
    ...lockFlag,
  };

  async run(): Promise<MkdirResult> {
    const { argv, flags } = await this.parse(Mkdir);
    const { mkdir } = await import('../operations/mkdir');
    const { gid, mode, 'no-sync': noSync, parents, uid } = flags;
    const result = await mkdir(argv as string[], {
      ...defined({ gid, mode, noSync, parents, uid }),
      ...this.lockOptions(flags),
      onFailure: this.tellFailure,
    });
    if (flags.verbose && !this.jsonEnabled())
      for (const path of result.created) this.say(`directory  ${path}`);
    this.endWith(result.created.length, result.failures);
    return result;
  }
}
