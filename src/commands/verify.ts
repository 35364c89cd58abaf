import { Flags, type Interfaces } from '@oclif/core';
import { FamfsError } from '../errors';
import type { VerifiedFile, VerifyRequest, VerifyResult } from '../operations/verify';
import { parseSeededName } from '../ui/file-lists';
import { formatSize } from '../ui/sizes';
import { BaseCommand, seedFlag, threadsFlag } from './base';

export default class Verify extends BaseCommand {
  static override summary = 'Check that files have the contents that famfs creat --randomize gave them.';
  static override description =
    'Reads the files, in a mount or elsewhere, and tells the first byte that differs. Exit status 1 if any differs or cannot be read.';
  static override examples = [
    '<%= config.bin %> verify --seed 42 --file /mnt/famfs/filled',
    '<%= config.bin %> verify --multi /mnt/famfs/filled,42 --multi /mnt/famfs/filled,42',
  ];
  static override usage = ['verify [FLAGS] --seed SEED --file FILE', 'verify [FLAGS] (--multi FILE,SEED)...'];
  static override flags = {
    seed: seedFlag({ description: 'what the contents are made from', dependsOn: ['file'] }),
    file: Flags.string({ char: 'f', description: 'file to check', helpValue: 'FILE', dependsOn: ['seed'] }),
    multi: Flags.string({
      char: 'm',
      description: 'one of several files to check',
      helpValue: 'FILE,SEED',
      multiple: true,
      multipleNonGreedy: true,
      exclusive: ['seed', 'file'],
    }),
    ...threadsFlag,
  };

  async run(): Promise<VerifyResult> {
    const { flags } = await this.parse(Verify);
    const requests = requestsOf(flags);
    const { verify } = await import('../operations/verify');
    const result = await this.interruptible((signal) =>
      verify(requests, { signal, onFailure: this.tellFailure, onFile: this.#tell }),
    );
    const wrong = result.files.some(({ differsAt }) => differsAt !== undefined);
    if (wrong || result.failures.length > 0) process.exitCode = new FamfsError('differs', '').exitStatus();
    return result;
  }

  readonly #tell = ({ bytes, differsAt, path, seed }: VerifiedFile): void => {
    if (differsAt === undefined) this.say(`${path}: ${formatSize(bytes)}, as seed ${seed} makes them`);
    else
      this.tellFailure({ message: `${path}: differs from what seed ${seed} makes at offset ${differsAt}` });
  };
}

function requestsOf({
  file,
  multi = [],
  seed,
}: Interfaces.InferredFlags<typeof Verify.flags>): VerifyRequest[] {
  if (multi.length > 0) return multi.map(parseSeededName);
  if (file !== undefined && seed !== undefined) return [{ path: file, seed }];
  const hint = 'famfs verify --help shows how it is used';
  throw new FamfsError('usage', 'missing: --seed SEED and --file FILE, or --multi FILE,SEED', hint);
}
