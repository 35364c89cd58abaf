import { Args } from '@oclif/core';
import type { CloneResult } from '../operations/clone';
import { BaseCommand, defined, lockFlag, ownershipFlags, syncFlag } from './base';

export default class Clone extends BaseCommand {
  static override summary = 'For tests: make a file that shares the space of another one.';
  static override description =
    'Both files then have the same bytes for ever, and famfs fsck reports the shared space as an error. Files can still be added.';
  static override examples = ['<%= config.bin %> clone /mnt/famfs/data.parquet /mnt/famfs/twin'];
  static override args = {
    source: Args.string({ required: true, description: 'file in a mount' }),
    destination: Args.string({ required: true, description: 'new file in the same mount' }),
  };
  static override flags = { ...ownershipFlags, ...syncFlag, ...lockFlag };

  async run(): Promise<CloneResult> {
    const { args, flags } = await this.parse(Clone);
    const { clone } = await import('../operations/clone');
    const { gid, mode, 'no-sync': noSync, uid } = flags;
    const options = { ...defined({ gid, mode, noSync, uid }), ...this.lockOptions(flags) };
    const result = await clone(args.source, args.destination, options);
    this.say(`${result.path}: shares the space of ${result.source}`);
    await this.warnLine(
      `${result.path} and ${result.source} are cross-linked; famfs fsck will report ext-overlap`,
    );
    return result;
  }
}
