import { Args, Flags } from '@oclif/core';
import type { CheckReport } from '../operations/check';
import { BaseCommand, deviceFlag } from './base';
import { accessFlags, noEffect, readingFlags, verboseFlag } from './reference-flags';

const ERRORS_FOUND = 4;

export default class Fsck extends BaseCommand {
  static override summary = 'Check a file system, mounted or not.';
  static override description =
    `Reads superblock, log header and every log entry, checks each field, and that no two files share space. Changes nothing.
Exit status: 0 clean (or warnings alone), 4 errors found, 8 could not check, 16 usage or device mounted, 32 interrupted.`;
  static override examples = [
    '<%= config.bin %> fsck /dev/dax0.0',
    '<%= config.bin %> fsck --json /mnt/famfs',
    '<%= config.bin %> fsck --strict /tmp/device.img',
  ];
  static override args = {
    target: Args.string({ required: true, description: 'device, or where it is mounted' }),
  };
  static override flags = {
    strict: Flags.boolean({ description: 'count warnings as errors' }),
    human: noEffect('sizes are always shown as in 1.5 GiB', 'h'),
    force: noEffect('a mounted file system is checked by its mount point', 'f'),
    ...deviceFlag,
    ...verboseFlag,
    ...readingFlags,
    ...accessFlags,
    'set-daxmode': noEffect('the device is used in the mode devdax', 'M'),
    fuse: noEffect('devices are read and written directly', 'F'),
    'load-module': noEffect('no kernel module is needed', 'L'),
  };
  protected override readonly family = 'fsck';

  async run(): Promise<CheckReport> {
    const { args, flags } = await this.parse(Fsck);
    const { check } = await import('../operations/check');
    const report = await this.interruptible((signal) =>
      check(args.target, { signal, devices: flags.device ?? [] }),
    );
    if (!this.jsonEnabled()) {
      const { describeReport } = await import('../ui/check-report');
      const text = await describeReport(report, this.quiet);
      if (text !== '') this.log(text);
    }
    const failed = report.errors > 0 || (flags.strict && report.warnings > 0);
    if (failed) process.exitCode = ERRORS_FOUND;
    return report;
  }
}
