import { Flags } from '@oclif/core';
import type { MountPlace, MountResult } from '../operations/mount';
import { MountBase, mountArgs, mountFlags } from './mount-base';
import { daxmodeLetter, noEffect, verboseFlag } from './reference-flags';

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
    foreground: Flags.boolean({
      char: 'f',
      description: 'stay attached, and log to standard error unless --log-file is given',
    }),
    debug: Flags.boolean({ char: 'd', description: 'the same as --log-level debug' }),
    nouseraccess: Flags.boolean({ char: 'u', description: 'for the user alone who mounts, root too' }),
    timeout: Flags.string({
      char: 't',
      description: 'what the kernel keeps never turns false',
      helpValue: 'SECONDS',
      hidden: true,
    }),
    shadow: Flags.string({
      char: 'S',
      description: 'there is no shadow directory',
      helpValue: 'DIRECTORY',
      hidden: true,
    }),
    fuse: noEffect('every mount is by FUSE'),
    'load-module': noEffect('no kernel module is needed', 'L'),
    ...daxmodeLetter,
    ...verboseFlag,
  };

  async run(): Promise<MountResult | MountPlace> {
    const { args, flags } = await this.parse(Mount);
    const { debug, foreground, nouseraccess } = flags;
    const options = {
      ...this.optionsOf(debug ? { ...flags, 'log-level': 'debug' } : flags),
      ...(nouseraccess ? { allowOther: false } : {}),
      foreground,
    };
    return this.mount(args, options, true);
  }
}
