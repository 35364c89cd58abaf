import type { Info as InfoResult } from '../operations/info';
import { damagedEntries } from '../ui/counts';
import { BaseCommand, deviceFlag } from './base';
import { targetArg } from './look';

export default class Info extends BaseCommand {
  static override summary = 'Tell what a file system is: UUIDs, owner, log, devices, mounts.';
  static override examples = [
    '<%= config.bin %> info /dev/dax0.0',
    '<%= config.bin %> info --json /mnt/famfs',
  ];
  static override args = { target: targetArg };
  static override flags = { ...deviceFlag };

  async run(): Promise<InfoResult> {
    const { args, flags } = await this.parse(Info);
    const { info } = await import('../operations/info');
    const result = await info(args.target, flags.device);
    if (!this.jsonEnabled()) {
      const { describeInfo } = await import('../ui/info-text');
      this.log(describeInfo(result));
    }
    const { notShown } = result.log;
    if (notShown > 0) await this.warnLine(`${damagedEntries(notShown)}; famfs fsck tells more`);
    return result;
  }
}
