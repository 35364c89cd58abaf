import { Flags } from '@oclif/core';
import type { MountPlace, MountResult } from '../operations/mount';
import { MountBase, mountArgs, mountFlags } from './mount-base';

/** What mount(8) starts as /sbin/mount.famfs, with flags of its own: `DEVICE DIRECTORY [-sfnv] [-N NS] [-t TYPE] -o ...`. */
export default class MountHelper extends MountBase {
  static override hidden = true;
  static override summary = 'Mount a file system, as mount(8) asks for it.';
  static override description =
    'mount -t famfs DEVICE DIRECTORY and lines of /etc/fstab come here. People use famfs mount.';
  static override examples = [
    'mount -t famfs /dev/dax0.0 /mnt/famfs',
    'mount -t famfs -o ro,cache=always /tmp/device.img /mnt/famfs',
  ];
  static override args = mountArgs;
  static override flags = {
    ...mountFlags,
    fake: Flags.boolean({ char: 'f', description: 'check everything, and do not mount' }),
    sloppy: Flags.boolean({ char: 's', description: 'pass over mount options that are not known' }),
    'no-mtab': Flags.boolean({ char: 'n', description: 'nothing: no /etc/mtab is written' }),
    verbose: Flags.boolean({ char: 'v', description: 'say what was mounted' }),
    namespace: Flags.string({
      char: 'N',
      description: 'mount in this mount name space: a process or the file of one',
      helpValue: 'NS',
    }),
    type: Flags.string({ char: 't', description: 'famfs, with or without a subtype', helpValue: 'TYPE' }),
  };

  async run(): Promise<MountResult | MountPlace> {
    const { args, flags } = await this.parse(MountHelper);
    if (flags.namespace !== undefined) {
      const { inMountNamespace } = await import('../operations/mount-namespace');
      return inMountNamespace(flags.namespace, process.argv);
    }
    const options = { ...this.optionsOf(flags, flags.sloppy), checkOnly: flags.fake };
    return this.mount(args, options, flags.verbose);
  }
}
