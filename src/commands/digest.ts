import { Args, Flags } from '@oclif/core';
import { FamfsError } from '../errors';
import type { DigestOptions } from '../operations/digest';
import { BaseCommand } from './base';

interface DigestResult {
  digests: { path: string; sha256: string }[];
  failures: { path: string; message: string }[];
}

export default class Digest extends BaseCommand {
  static override summary = 'Print SHA-256 checksums of files, mounted or not.';
  static override description = `The output is that of sha256sum, which checks it with -c.
Exit status: 3 when some files could not be read.`;
  static override examples = [
    '<%= config.bin %> digest -r /mnt/famfs',
    '<%= config.bin %> digest --device /dev/dax0.0 data.parquet',
  ];
  static override strict = false;
  static override args = { path: Args.string({ required: true, description: 'file; several may be given' }) };
  static override flags = {
    device: Flags.string({
      description: 'read the files at these paths on this device',
      helpValue: 'DEVICE',
    }),
    recursive: Flags.boolean({ char: 'r', description: 'hash the files in directories' }),
  };

  async run(): Promise<DigestResult> {
    const { argv, flags } = await this.parse(Digest);
    const result = await this.interruptible((signal) => this.#hash(argv as string[], { ...flags, signal }));
    if (result.failures.length > 0) process.exitCode = new FamfsError('partial', '').exitStatus();
    return result;
  }

  async #hash(paths: readonly string[], options: DigestOptions): Promise<DigestResult> {
    const { digests } = await import('../operations/digest');
    const result: DigestResult = { digests: [], failures: [] };
    for await (const found of digests(paths, options)) {
      const { shownPath: path } = found;
      if ('failure' in found) {
        const { message } = found.failure;
        result.failures.push({ path, message });
        await this.warnLine(message.includes(path) ? message : `${path}: ${message}`);
      } else if (this.jsonEnabled()) result.digests.push({ path, sha256: found.sha256 });
      else process.stdout.write(sumLine(found.sha256, found.path));
    }
    return result;
  }
}

/** A line as sha256sum writes it: one with a backslash or a line end in its name begins with a backslash. */
function sumLine(sha256: string, path: Buffer): Buffer {
  const name = path.toString('latin1');
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return Buffer.from(`${escaped === name ? '' : '\\'}${sha256}  ${escaped}\n`, 'latin1');
}
