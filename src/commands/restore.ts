import { Args, Flags } from '@oclif/core';
import type { RestorePlan, RestoreResult } from '../operations/restore';
import { counted } from '../ui/counts';
import { formatSize } from '../ui/sizes';
import { BaseCommand, defined, lockFlag, syncFlag } from './base';

export default class Restore extends BaseCommand {
  static override summary = 'Put back the superblock and the log that famfs fsck --repair saved.';
  static override description =
    `FILE is a backup of the file system on DEVICE, which must be owned by this host and not be mounted. What was logged since is lost, and its space is free again; the bytes of files are not touched. Asks first.
The log is made durable before the superblock is stored. A kill on the way leaves a log that another call makes whole.`;
  static override examples = ['<%= config.bin %> restore --yes before.backup /tmp/device.img'];
  static override args = {
    file: Args.string({ required: true, description: 'the backup' }),
    device: Args.string({ required: true, description: 'device that it was made of' }),
  };
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    force: Flags.boolean({
      char: 'f',
      description:
        'also where the superblock of the device is lost, or is that of another file system, which is lost',
    }),
    ...lockFlag,
    ...syncFlag,
  };

  async run(): Promise<RestoreResult> {
    const { args, flags } = await this.parse(Restore);
    const { restore } = await import('../operations/restore');
    const { force, 'no-sync': noSync, yes } = flags;
    const result = await this.interruptible((signal) =>
      restore(args.file, args.device, {
        ...defined({ force, noSync }),
        signal,
        ...this.lockOptions(flags),
        confirm: async (plan) => yes || this.#ask(plan, signal),
      }),
    );
    const { bytesStored, device, entries, time } = result;
    const what = `${counted(entries, 'entry', 'entries')} as of ${time}`;
    this.say(`${device}: ${what}; ${formatSize(bytesStored)} stored`);
    return result;
  }

  async #ask(plan: RestorePlan, signal: AbortSignal): Promise<boolean> {
    const { askYesNo, canAsk } = await import('../ui/consent');
    if (this.jsonEnabled() || !canAsk()) return false;
    const { device, entries, entriesBefore, time, uuid } = plan;
    const now = entriesBefore === undefined ? 'what is there' : counted(entriesBefore, 'entry', 'entries');
    await this.warnLine(
      `${device}: file system ${uuid}: ${now} are replaced by ${counted(entries, 'entry', 'entries')} as of ${time}`,
    );
    return askYesNo('restore?', signal);
  }
}
