import { Args } from '@oclif/core';
import type { UnmountResult } from '../operations/unmount';
import { BaseCommand } from './base';

export default class Umount extends BaseCommand {
  static override summary = 'Unmount a file system.';
  static override description =
    'Unmounts and waits until its server has ended, so that the device is free afterwards.';
  static override examples = ['<%= config.bin %> umount /mnt/famfs'];
  static override args = { directory: Args.string({ required: true, description: 'where it is mounted' }) };

  async run(): Promise<UnmountResult> {
    const { args } = await this.parse(Umount);
    const { unmount } = await import('../operations/unmount');
    const result = await unmount(args.directory);
    this.say(`${result.directory} is unmounted`);
    return result;
  }
}
