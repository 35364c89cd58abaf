import { Args } from '@oclif/core';
import { BaseCommand } from './base';
import { verboseFlag } from './reference-flags';

export default class Mkmeta extends BaseCommand {
  static override summary = 'Do nothing: a mount shows .meta by itself.';
  static override description =
    'The reference implementation makes the files .meta/.superblock and .meta/.log with this verb. Here the server of a mount shows them, read-only, from the moment it is mounted. The verb is there for scripts that call it.';
  static override examples = ['<%= config.bin %> mkmeta /dev/dax0.0'];
  static override args = { device: Args.string({ description: 'the device; it is not looked at' }) };
  static override flags = verboseFlag;

  async run(): Promise<{ needed: false }> {
    await this.parse(Mkmeta);
    this.say('nothing to do: a mount shows .meta/.superblock and .meta/.log by itself');
    return { needed: false };
  }
}
