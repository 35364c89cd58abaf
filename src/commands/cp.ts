import { Args, Flags, type Interfaces } from '@oclif/core';
import { FamfsError } from '../errors';
import type { CopyOptions, CopyResult } from '../operations/copy';
import { filesAndDirectories } from '../ui/counts';
import type { Progress } from '../ui/progress';
import { formatDuration, formatRate, formatSize } from '../ui/sizes';
import { BaseCommand, defined, ownershipFlags, stripeFlags, stripeOf, syncFlag } from './base';

const MOST_THREADS = 64;

export default class Cp extends BaseCommand {
  static override summary = 'Copy files and directories into a mounted file system.';
  static override description =
    `A file appears under its name once all its data is there. A destination that exists with exactly the source's size is overwritten in place; one of another size is an error, since famfs files never change size.
Symbolic links in a tree, sockets and devices are reported and left out; the exit status then is 3.`;
  static override examples = [
    '<%= config.bin %> cp data.parquet /mnt/famfs',
    '<%= config.bin %> cp -r dataset/ /mnt/famfs',
    '<%= config.bin %> cp -r --resume dataset/ /mnt/famfs',
    '<%= config.bin %> cp -rT dataset /mnt/famfs/current',
  ];
  static override usage = 'cp [FLAGS] SOURCE... DESTINATION';
  static override strict = false;
  static override args = {
    source: Args.string({ required: true, description: 'file or directory to copy; several may be given' }),
    destination: Args.string({ required: true, description: 'file, or directory to copy into' }),
  };
  static override flags = {
    recursive: Flags.boolean({
      char: 'r',
      aliases: ['R'],
      charAliases: ['R'],
      description: 'copy directories with all below them',
    }),
    'no-target-directory': Flags.boolean({
      char: 'T',
      description: 'copy the contents of SOURCE into DESTINATION itself',
    }),
    resume: Flags.boolean({ description: 'leave files alone that exist with the size of the source' }),
    verify: Flags.boolean({ description: 'with --resume: and with its contents', dependsOn: ['resume'] }),
    threads: Flags.integer({
      char: 't',
      description: 'pieces copied at the same time',
      default: 4,
      min: 1,
      max: MOST_THREADS,
    }),
    ...ownershipFlags,
    ...stripeFlags,
    ...syncFlag,
  };

  async run(): Promise<CopyResult> {
    const { argv, flags } = await this.parse(Cp);
    const paths = argv as string[];
    const destination = paths.pop() as string;
    const result = await this.#copy(paths, destination, flags);
    for (const { message } of result.failures) await this.warnLine(message);
    if (result.failures.length > 0) {
      process.exitCode = new FamfsError('partial', '').exitStatus();
      await this.warnLine(`not copied: ${result.failures.length} of the files and directories, named above`);
    }
    return result;
  }

  async #copy(sources: string[], destination: string, flags: CpFlags): Promise<CopyResult> {
    process.env.UV_THREADPOOL_SIZE = String(Math.max(4, flags.threads));
    const [{ copy }, { startProgress }] = await Promise.all([
      import('../operations/copy'),
      import('../ui/progress'),
    ]);
    const abort = new AbortController();
    const interrupt = () => abort.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    let progress: Progress | undefined;
    const started = performance.now();
    const {
      gid,
      mode,
      'no-sync': noSync,
      'no-target-directory': noTargetDirectory,
      recursive,
      resume,
      threads,
      uid,
      verify,
    } = flags;
    const options: CopyOptions = {
      ...defined({ gid, mode, noSync, noTargetDirectory, recursive, resume, threads, uid, verify }),
      ...stripeOf(flags),
      signal: abort.signal,
      onWait: this.tellWait,
      onWarning: this.tellWarning,
      onPlan: async (totalBytes) => {
        progress = await startProgress({
          label: 'Copying',
          totalBytes,
          ...(this.quiet ? { enabled: false } : {}),
        });
      },
      onProgress: (bytes, name) => progress?.advance(bytes, name),
    };
    try {
      const result = await copy(sources, destination, options);
      progress?.succeed(summary(result, (performance.now() - started) / 1000));
      return result;
    } finally {
      progress?.stop();
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  }
}

function summary({ bytes, directories, files, overwritten, skipped }: CopyResult, seconds: number): string {
  const parts = [filesAndDirectories(files, directories)];
  if (overwritten > 0) parts.push(`${overwritten} overwritten`);
  if (skipped > 0) parts.push(`${skipped} there already`);
  return `${parts.join(', ')}; ${formatSize(bytes)} in ${formatDuration(seconds)} (${formatRate(bytes / seconds)})`;
}

type CpFlags = Interfaces.InferredFlags<typeof Cp.flags>;
