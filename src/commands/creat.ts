import { Args } from '@oclif/core';
import type { CreatResult } from '../operations/create';
import { formatSize } from '../ui/sizes';
import { BaseCommand, defined, ownershipFlags, sizeFlag, stripeFlags, stripeOf, syncFlag } from './base';

export default class Creat extends BaseCommand {
  static override summary = 'Create a file of a fixed size in a mounted file system.';
  static override description =
    'The file reads as zeros and can be written in place. One that exists with this size is left as it is.';
  static override examples = [
    '<%= config.bin %> creat --size 4g /mnt/famfs/index',
    '<%= config.bin %> creat -s 1g -N 4 -B 8 -C 2m /mnt/famfs/striped',
  ];
  static override args = { file: Args.string({ required: true, description: 'file to create' }) };
  static override flags = {
    size: sizeFlag({ char: 's', required: true, description: 'size of the file: bytes, or with k, m, g, t' }),
    ...ownershipFlags,
    ...stripeFlags,
    ...syncFlag,
  };

  async run(): Promise<CreatResult> {
    const { args, flags } = await this.parse(Creat);
    const { creat } = await import('../operations/create');
    const { gid, mode, 'no-sync': noSync, uid } = flags;
    const options = { ...defined({ gid, mode, noSync, uid }), ...stripeOf(flags), onWait: this.tellWait };
    const result = await creat(args.file, flags.size, options);
    const what = result.created ? 'created' : 'exists already';
    this.say(`${result.path}: ${formatSize(result.size)}, ${what}`);
    return result;
  }
}
