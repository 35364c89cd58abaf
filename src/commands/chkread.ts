import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { CheckReadResult, FileForm } from '../operations/check-read';
import { formatSize } from '../ui/sizes';
import { BaseCommand } from './base';

export default class Chkread extends BaseCommand {
  static override summary = 'Check that reading a file and mapping it give the same bytes.';
  static override description =
    'Compares what read(2) and mmap(2) show of a file, in a mount or elsewhere. Exit status 1 where they differ.';
  static override examples = [
    '<%= config.bin %> chkread --superblock /mnt/famfs/.meta/.superblock',
    '<%= config.bin %> chkread --log /mnt/famfs/.meta/.log',
  ];
  static override args = { file: Args.string({ required: true, description: 'file to read' }) };
  static override flags = {
    superblock: Flags.boolean({
      char: 's',
      description: 'the file begins with a superblock: check it too',
      exclusive: ['log'],
    }),
    log: Flags.boolean({ char: 'l', description: 'the file is a log: check its header too' }),
  };

  async run(): Promise<CheckReadResult> {
    const { args, flags } = await this.parse(Chkread);
    const { checkRead } = await import('../operations/check-read');
    const form: FileForm | undefined = flags.superblock ? 'superblock' : flags.log ? 'log' : undefined;
    const result = await this.interruptible((signal) => checkRead(args.file, form, signal));
    const { bytes, differsAt, path, problems } = result;
    if (differsAt !== undefined)
      await this.warnLine(`${path}: read and mapping differ at offset ${differsAt}`);
    for (const problem of problems) await this.warnLine(`${path}: ${problem}`);
    if (differsAt !== undefined || problems.length > 0) {
      process.exitCode = new FamfsError('differs', '').exitStatus();
    } else this.say(`${path}: ${formatSize(bytes)}, the same by read and by mapping`);
    return result;
  }
}
