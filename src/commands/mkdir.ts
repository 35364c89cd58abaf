import { Args, Flags } from '@oclif/core';
import type { MkdirResult } from '../operations/create';
import { BaseCommand, defined, ownershipFlags, syncFlag } from './base';

export default class Mkdir extends BaseCommand {
  static override summary = 'Make directories in a mounted file system.';
  static override examples = [
    '<%= config.bin %> mkdir /mnt/famfs/data',
    '<%= config.bin %> mkdir -p -m 750 /mnt/famfs/data/2024/raw',
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
    ...ownershipFlags,
    ...syncFlag,
  };

  async run(): Promise<MkdirResult> {
    const { argv, flags } = await this.parse(Mkdir);
    const { mkdir } = await import('../operations/create');
    const { gid, mode, 'no-sync': noSync, parents, uid } = flags;
    const created: string[] = [];
    for (const directory of argv as string[]) {
      const options = { ...defined({ gid, mode, noSync, parents, uid }), onWait: this.tellWait };
      created.push(...(await mkdir(directory, options)).created);
    }
    return { created };
  }
}
