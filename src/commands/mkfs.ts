import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { FormatResult, KillResult } from '../operations/format';
import { formatSize } from '../ui/sizes';
import { BaseCommand, defined, lockFlag, sizeFlag, syncFlag } from './base';
import { daxModeFlag } from './dax-mode-flag';
import { accessFlags, daxmodeLetter, noEffect, verboseFlag } from './reference-flags';

export default class Mkfs extends BaseCommand {
  static override summary = 'Make a file system on a devdax device or a file.';
  static override description =
    `Writes a superblock and an empty log. The host that does this becomes the owner: it alone may add files later.
Further devices hold files, and no log: files are spread over all of them, and found by their UUIDs, whatever their paths.`;
  static override examples = [
    '<%= config.bin %> mkfs /dev/dax0.0',
    '<%= config.bin %> mkfs --loglen 256m --force /dev/dax0.0',
    '<%= config.bin %> mkfs --create 8g /tmp/device.img',
    '<%= config.bin %> mkfs --create 4g /tmp/first.img /tmp/second.img /tmp/third.img',
    '<%= config.bin %> mkfs --kill --force /dev/dax0.0',
  ];
  static override strict = false;
  static override args = {
    device: Args.string({
      required: true,
      description: 'devdax device, or a file that stands for one; further ones hold files',
    }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'make it over an existing file system, which is lost' }),
    kill: Flags.boolean({ char: 'k', description: 'wipe the superblock instead (needs --force)' }),
    loglen: sizeFlag({
      char: 'l',
      description: 'length of the log, a power of two from 8m to 16g (default 8m: 15,420 entries)',
    }),
    create: sizeFlag({
      description: 'make new sparse files of this size first',
      exclusive: ['set-daxmode'],
    }),
    small: Flags.boolean({
      description: 'accept a device below 4 GiB, which other implementations do not read',
    }),
    ...syncFlag,
    ...lockFlag,
    ...accessFlags,
    ...daxModeFlag,
    ...daxmodeLetter,
    ...verboseFlag,
    nofuse: noEffect('devices are read and written directly', 'F'),
  };

  async run(): Promise<FormatResult | KillResult> {
    const { args, argv, flags } = await this.parse(Mkfs);
    const secondaries = (argv as string[]).slice(1);
    const { format, kill } = await import('../operations/format');
    const { create, force, loglen: logLength, 'no-sync': noSync, 'set-daxmode': setDaxMode, small } = flags;
    const options = {
      ...defined({ create, force, logLength, noSync, setDaxMode, small }),
      onModeChange: this.tellWarning,
      ...this.lockOptions(flags),
    };
    if (flags.kill) {
      if (secondaries.length > 0) throw new FamfsError('usage', '--kill wipes one device at a time');
      const killed = await kill(args.device, options);
      this.say(`${killed.device}: the file system is gone`);
      return killed;
    }
    const made = await format(args.device, { ...options, secondaries });
    this.say(`${made.device}: famfs of ${formatSize(made.deviceBytes)}, UUID ${made.uuid}`);
    this.say(
      `log of ${formatSize(made.logBytes)} for ${made.logEntries} files and directories; owner ${made.ownerUuid}`,
    );
    for (const { device, index, size, uuid } of made.secondaries) {
      this.say(`${device}: device ${index} of ${formatSize(size)}, UUID ${uuid}`);
    }
    return made;
  }
}
