import { Flags } from '@oclif/core';
import type { MountPlace, MountResult } from '../operations/mount';
import { MountBase, mountArgs, mountFlags } from './mount-base';

export default class Mount extends MountBase {
  static override summary = 'Mount a file system.';
  static override description =
    'Starts a FUSE server in the background and returns when the mount answers. Files added later show up by themselves.';
  static override examples = [
    '<%= config.bin %> mount /dev/dax0.0 /mnt/famfs',
    '<%= config.bin %> mount -o ro /tmp/device.img /mnt/famfs',
    '<%= config.bin %> mount --foreground --log-level debug /dev/dax0.0 /mnt/famfs',
  ];
  static override args = mountArgs;
  static override flags = {
    ...mountFlags,
    foreground: Flags.boolean({ char: 'f', description: 'stay attached and log to standard error' }),
  };

  async run(): Promise<MountResult | MountPlace> {
    const { args, flags } = await this.parse(Mount);
    return this.mount(args, { ...this.optionsOf(flags), foreground: flags.foreground }, true);
  }
}
