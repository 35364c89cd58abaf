import { Args, Flags } from '@oclif/core';
import type { AddResult } from '../operations/device-add';
import { formatSize } from '../ui/sizes';
import { BaseCommand, defined, lockFlag, syncFlag } from './base';
import { targetArg } from './look';

export default class DeviceAdd extends BaseCommand {
  static override summary = 'Add devices to a file system, mounted or not.';
  static override description =
    `The devices then hold files like the first one. A mount of it takes them up by itself.
They cannot be taken out again: what is logged stays.`;
  static override examples = [
    '<%= config.bin %> device add /mnt/famfs /dev/dax1.0',
    '<%= config.bin %> device add /dev/dax0.0 /dev/dax1.0 /dev/dax2.0',
  ];
  static override usage = 'device add [FLAGS] TARGET DEVICE...';
  static override strict = false;
  static override args = {
    target: targetArg,
    device: Args.string({ required: true, description: 'device to add; several may be given' }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'take devices that hold a file system, which is lost' }),
    ...syncFlag,
    ...lockFlag,
  };

  async run(): Promise<AddResult> {
    const { args, argv, flags } = await this.parse(DeviceAdd);
    const paths = (argv as string[]).slice(1);
    const { addDevices } = await import('../operations/device-add');
    const { force, 'no-sync': noSync } = flags;
    const result = await addDevices(args.target, paths, {
      ...defined({ force, noSync }),
      ...this.lockOptions(flags),
      onWarning: this.tellWarning,
    });
    for (const { device, index, size, uuid } of result.added) {
      this.say(`${device}: device ${index} of ${formatSize(size)}, UUID ${uuid}`);
    }
    return result;
  }
}
