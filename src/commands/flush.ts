import { Args } from '@oclif/core';
import type { FlushResult } from '../operations/flush';
import { formatSize } from '../ui/sizes';
import { BaseCommand } from './base';
import { verboseFlag } from './reference-flags';

export default class Flush extends BaseCommand {
  static override summary = 'Write back and drop what this host has of files in its caches.';
  static override description =
    `What programs here changed in the files, through mappings too, is in the memory when this returns, and the next read sees what other hosts put there.
Where several files are given, one that cannot be flushed is reported and the others are flushed; the exit status then is 3.`;
  static override examples = ['<%= config.bin %> flush /mnt/famfs/filled'];
  static override strict = false;
  static override args = {
    file: Args.string({ required: true, description: 'file to flush; several may be given' }),
  };
  static override flags = verboseFlag;

  async run(): Promise<FlushResult> {
    const { argv } = await this.parse(Flush);
    const { flush } = await import('../operations/flush');
    const result = await flush(argv as string[], {
      onFailure: this.tellFailure,
      onFile: ({ path, size }) => this.say(`${path}: ${formatSize(size)}, flushed`),
    });
    this.endWith(result.files.length, result.failures);
    return result;
  }
}
