import { Args } from '@oclif/core';
import { FamfsError } from '../errors';
import type { Usage } from '../operations/usage';
import { damagedEntries } from '../ui/counts';
import { BaseCommand, deviceFlag } from './base';
import { humanFlag } from './look';

export default class Df extends BaseCommand {
  static override summary = 'Tell how full file systems are.';
  static override description =
    `Space of the devices, superblocks and log counted as used, and entries of the log. Without TARGET, all that are mounted.
A device that cannot be used is named and not counted.
Exit status: 3 when some could not be read.`;
  static override examples = ['<%= config.bin %> df -h', '<%= config.bin %> df --json /dev/dax0.0'];
  static override strict = false;
  static override args = {
    target: Args.string({ description: 'device, or where it is mounted; several may be given' }),
  };
  static override flags = { 'human-readable': humanFlag, ...deviceFlag };

  async run(): Promise<{ filesystems: Usage[]; failures: { target: string; message: string }[] }> {
    const { argv, flags } = await this.parse(Df);
    const { usageOf } = await import('../operations/usage');
    const { filesystems, failures } = await usageOf(argv as string[], flags.device);
    if (!this.jsonEnabled()) {
      const { describeUsage } = await import('../ui/usage-text');
      if (filesystems.length > 0) this.log(describeUsage(filesystems, flags['human-readable']));
      else await this.warnLine('no famfs is mounted');
    }
    for (const { device, devices, notShown } of filesystems) {
      for (const { detail } of devices) {
        if (detail !== undefined) await this.warnLine(`${device}: ${detail}; it is not counted`);
      }
      if (notShown > 0) await this.warnLine(`${device}: ${damagedEntries(notShown)} and not counted`);
    }
    for (const { error } of failures) await this.warnLine(error.message);
    if (failures.length > 0) process.exitCode = new FamfsError('partial', '').exitStatus();
    return {
      filesystems,
      failures: failures.map(({ error, target }) => ({ target, message: error.message })),
    };
  }
}
