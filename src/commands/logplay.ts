import { Args, Flags } from '@oclif/core';
import type { LogplayResult } from '../operations/logplay';
import { counted, filesAndDirectories } from '../ui/counts';
import { BaseCommand } from './base';
import { readingFlags, verboseFlag } from './reference-flags';

export default class Logplay extends BaseCommand {
  static override summary = 'Have a mount take up what was logged since.';
  static override description =
    'Mounts do this by themselves. This verb shows that all entries of the log are served, and says so if some are not.';
  static override examples = [
    '<%= config.bin %> logplay /mnt/famfs',
    '<%= config.bin %> logplay --dry-run /mnt/famfs',
  ];
  static override args = { directory: Args.string({ required: true, description: 'where it is mounted' }) };
  static override flags = {
    'dry-run': Flags.boolean({ char: 'n', description: 'only tell how many entries are not taken up yet' }),
    ...verboseFlag,
    ...readingFlags,
  };

  async run(): Promise<LogplayResult> {
    const { args, flags } = await this.parse(Logplay);
    const { logplay } = await import('../operations/logplay');
    const result = await logplay(args.directory, flags['dry-run']);
    this.say(
      `${result.directory}: ${counted(result.entries, 'entry', 'entries')}, ${filesAndDirectories(result.files, result.directories)}`,
    );
    if (result.pending !== undefined) this.say(`${counted(result.pending, 'entry', 'entries')} to take up`);
    if (result.notServed > 0)
      await this.warnLine(`${result.notServed} entries are damaged and not served; famfs fsck tells more`);
    if (result.frozen !== undefined)
      await this.warnLine(
        `the log turned invalid (${result.frozen}), so the mount stays as it is; famfs status tells what to do`,
      );
    return result;
  }
}
