import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { ExportResult } from '../operations/export';
import { damagedEntries, filesAndDirectories } from '../ui/counts';
import { formatSize } from '../ui/sizes';
import { BaseCommand } from './base';
import { targetArg } from './look';

export default class Export extends BaseCommand {
  static override summary = 'Copy a file or a directory tree out of a file system, mounted or not.';
  static override description =
    `DESTINATION is the name of the copy itself. Permissions are kept, but for set-user-ID, set-group-ID and sticky bits. A file appears under its name when all of it is there; a kill leaves at most a .famfs-partial- file beside it.
Exit status: 3 when something could not be copied, which is named.`;
  static override examples = [
    '<%= config.bin %> export /dev/dax0.0 / backup',
    '<%= config.bin %> export /mnt/famfs data.parquet copy.parquet',
  ];
  static override args = {
    target: targetArg,
    path: Args.string({ required: true, description: 'path in it, from there; / is all of it' }),
    destination: Args.string({ required: true, description: 'what the copy is to be called' }),
  };
  static override flags = {
    force: Flags.boolean({ char: 'f', description: 'replace files that exist, and add to directories' }),
  };

  async run(): Promise<ExportResult> {
    const { args, flags } = await this.parse(Export);
    const { exportTree } = await import('../operations/export');
    const { force } = flags;
    const result = await this.interruptible((signal) =>
      exportTree(args.target, args.path, args.destination, { force, signal }),
    );
    const { bytes, destination, directories, failures, files, notShown } = result;
    this.say(`${destination}: ${filesAndDirectories(files, directories)}; ${formatSize(bytes)}`);
    for (const { message } of failures) await this.warnLine(message);
    if (notShown > 0) await this.warnLine(`${damagedEntries(notShown)} and not copied`);
    if (failures.length + notShown > 0) process.exitCode = new FamfsError('partial', '').exitStatus();
    return result;
  }
}
