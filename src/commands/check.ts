import { Args } from '@oclif/core';
import type { MountCheckResult } from '../operations/check-mount';
import { counted, filesAndDirectories } from '../ui/counts';
import { BaseCommand } from './base';
import { verboseFlag } from './reference-flags';

export default class Check extends BaseCommand {
  static override summary = 'Check that a mount serves what its device holds.';
  static override description =
    `Looks at each file and directory of the log in the mount, and compares superblock and log in .meta with the device. famfs fsck checks the device itself.
Exit status: 0 all is served; else the sum of 1 (a file or directory is missing or differs), 2 (the superblock differs) and 4 (the log differs, or has damaged entries). A mount that cannot be checked at all is an error with a message on standard error and status 1.`;
  static override examples = ['<%= config.bin %> check /mnt/famfs'];
  static override args = { directory: Args.string({ required: true, description: 'where it is mounted' }) };
  static override flags = verboseFlag;

  async run(): Promise<MountCheckResult> {
    const { args } = await this.parse(Check);
    const { checkMount } = await import('../operations/check-mount');
    const result = checkMount(args.directory, ({ detail, path, what }) => {
      if (!this.jsonEnabled()) this.log(`${what} "${path}": ${detail}`);
    });
    const { directories, directory, files, findings, status } = result;
    const verdict = findings.length === 0 ? 'all is served' : counted(findings.length, 'problem');
    this.say(`${directory}: ${filesAndDirectories(files, directories)}; ${verdict}`);
    process.exitCode = status;
    return result;
  }
}
