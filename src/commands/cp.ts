import { Args, Flags, type Interfaces } from '@oclif/core';
import { FamfsError } from '../errors';
import type { FilterRule } from '../operations/copy-filter';
import type { CopyAction, CopyOptions, CopyResult } from '../operations/copy-options';
import { pathBytes } from '../path-bytes';
import { filesAndDirectories } from '../ui/counts';
import type { Progress } from '../ui/progress';
import { formatDuration, formatRate, formatSize } from '../ui/sizes';
import {
  BaseCommand,
  defined,
  lockFlag,
  ownershipFlags,
  policyFlag,
  sizeFlag,
  stripeFlags,
  stripeOf,
  syncFlag,
} from './base';
import { missingArguments } from './failure';

const MOST_THREADS = 64;

export default class Cp extends BaseCommand {
  static override summary = 'Copy files and directories into a mounted file system.';
  static override description =
    `A file appears under its name once all its data is there. A destination that exists with exactly the source's size is overwritten in place; one of another size is an error, since famfs files never change size.
Symbolic links in a tree, sockets and devices are reported and left out; the exit status then is 3. When the only source cannot be copied at all, it is that of the error, mostly 1.
Holes stay holes on a file-backed device, where the source has fewer blocks than its size takes.
--include and --exclude are one list in the order given, as with rsync: the first pattern that matches decides, and what none matches is copied. A pattern with a slash is for the whole path below the source, one without for the last name in it; a slash at its end makes it one for directories alone. * does not match a slash, ** does; [!a] and {a,b} are as in bash. What is in a directory left out is left out too.
A SOURCE of -, which must be the only one, copies standard input to a file of --size bytes; a shorter or longer one is an error.
--files-from takes the sources from a list. As with rsync their directories are kept: a/b becomes DESTINATION/a/b, and so does /a/b. Directories in the list are copied without what is in them, unless with -r.`;
  static override examples = [
    '<%= config.bin %> cp data.parquet /mnt/famfs',
    '<%= config.bin %> cp -r dataset/ /mnt/famfs',
    '<%= config.bin %> cp -r --resume dataset/ /mnt/famfs',
    '<%= config.bin %> cp -rT dataset /mnt/famfs/current',
    '<%= config.bin %> cp -r --dry-run --exclude "*.tmp" dataset /mnt/famfs',
    'head -c 1M /dev/urandom | <%= config.bin %> cp --size 1m - /mnt/famfs/noise',
    'find dataset -type f -print0 | <%= config.bin %> cp --files-from - --null /mnt/famfs',
  ];
  static override usage = ['cp [FLAGS] SOURCE... DESTINATION', 'cp [FLAGS] --files-from FILE DESTINATION'];
  static override strict = false;
  static override args = {
    source: Args.string({
      required: false,
      description: 'file or directory to copy, several may be given; - is standard input',
    }),
    destination: Args.string({
      required: false,
      description: 'file, or directory to copy into',
    }),
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
    verify: Flags.boolean({
      description:
        'compare each file with its source once it is on the device; with --resume, copy those that differ',
    }),
    'dry-run': Flags.boolean({ char: 'n', description: 'tell what would be done, and write nothing' }),
    include: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'GLOB',
      description: 'copy what matches',
    }),
    exclude: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'GLOB',
      description: 'leave out what matches',
    }),
    'files-from': Flags.string({
      helpValue: 'FILE',
      description: 'copy what FILE lists, one path a line; - is standard input',
      exclusive: ['no-target-directory'],
    }),
    null: Flags.boolean({
      // oclif's types know letters alone.
      char: '0' as never,
      description: 'the list has a NUL behind each path',
      dependsOn: ['files-from'],
    }),
    size: sizeFlag({ description: 'with - as SOURCE: how many bytes standard input has, exactly' }),
    verbose: Flags.boolean({
      char: 'v',
      description: 'print a line for each file and directory that is done',
    }),
    threads: Flags.integer({
      char: 't',
      description: 'pieces copied at the same time (default: 4, by no more threads than processors)',
      min: 1,
      max: MOST_THREADS,
    }),
    ...ownershipFlags,
    ...stripeFlags,
    ...policyFlag,
    ...syncFlag,
    ...lockFlag,
  };

  async run(): Promise<CopyResult> {
    const { argv, flags, raw } = await this.parse(Cp);
    const paths = argv as string[];
    const least = flags['files-from'] === undefined ? 2 : 1;
    if (paths.length < least)
      throw missingArguments(
        least === 1 ? ['DESTINATION'] : ['SOURCE', 'DESTINATION'].slice(paths.length),
        this.verb,
      );
    const destination = paths.pop() as string;
    checkStandardInput(paths, flags);
    const filter = raw.flatMap((token) =>
      token.type === 'flag' && (token.flag === 'include' || token.flag === 'exclude')
        ? [{ include: token.flag === 'include', pattern: token.input }]
        : [],
    );
    const result = await this.interruptible((signal) =>
      this.#copy(paths, destination, filter, flags, signal),
    );
    const { failures, items } = result;
    if (items && !this.quiet && !this.jsonEnabled()) await this.printLines(rehearsal(items));
    for (const { message } of failures) await this.warnLine(message);
    if (failures.length > 0) {
      process.exitCode = new FamfsError('partial', '').exitStatus();
      await this.warnLine(`not copied: ${failures.length} of the files and directories, named above`);
    }
    return result;
  }

  async #copy(
    paths: string[],
    destination: string,
    filter: FilterRule[],
    flags: CpFlags,
    signal: AbortSignal,
  ): Promise<CopyResult> {
    process.env.UV_THREADPOOL_SIZE = String(Math.max(4, flags.threads ?? 0));
    const [{ copy }, { copyStream }, { readItems }, { startProgress }] = await Promise.all([
      import('../operations/copy'),
      import('../operations/copy-stream'),
      import('../ui/file-lists'),
      import('../ui/progress'),
    ]);
    let progress: Progress | undefined;
    const started = performance.now();
    const {
      'dry-run': dryRun,
      gid,
      mode,
      'no-sync': noSync,
      'no-target-directory': noTargetDirectory,
      policy,
      recursive,
      resume,
      threads,
      uid,
      verify,
    } = flags;
    const options: CopyOptions = {
      ...defined({
        dryRun,
        gid,
        mode,
        noSync,
        noTargetDirectory,
        policy,
        recursive,
        resume,
        threads,
        uid,
        verify,
      }),
      filter,
      listed: flags['files-from'] !== undefined,
      ...stripeOf(flags),
      signal,
      ...this.lockOptions(flags),
      onWarning: this.tellWarning,
      onPlan: async (totalBytes) => {
        progress = await startProgress({
          label: 'Copying',
          totalBytes,
          ...(this.quiet || flags.verbose ? { enabled: false } : {}),
        });
      },
      onProgress: (bytes, name) => progress?.advance(bytes, name),
      ...(flags.verbose && !dryRun
        ? { onDone: (action, target) => this.say(actionLine(action, target)) }
        : {}),
    };
    try {
      const list = flags['files-from'];
      if (list !== undefined && paths.length > 0)
        throw new FamfsError('usage', `${paths[0]}: a SOURCE and --files-from do not go together`);
      const sources =
        list === undefined
          ? paths.map((path) => pathBytes(path))
          : (await readItems(list, flags.null, signal)).filter((item) => item.length > 0);
      const result =
        flags.size === undefined
          ? await copy(sources, destination, options)
          : await copyStream(process.stdin, flags.size, destination, options);
      progress?.succeed(summary(result, (performance.now() - started) / 1000));
      return result;
    } finally {
      progress?.stop();
    }
  }
}

function summary({ bytes, directories, files, overwritten, skipped }: CopyResult, seconds: number): string {
  const parts = [filesAndDirectories(files, directories)];
  if (overwritten > 0) parts.push(`${overwritten} overwritten`);
  if (skipped > 0) parts.push(`${skipped} there already`);
  return `${parts.join(', ')}; ${formatSize(bytes)} in ${formatDuration(seconds)} (${formatRate(bytes / seconds)})`;
}

const ACTIONS: Readonly<Record<CopyAction['action'], string>> = {
  directory: 'directory',
  'new-file': 'new',
  overwrite: 'overwrite',
  skip: 'skip',
};

function actionLine(action: CopyAction['action'], target: string): string {
  return `${ACTIONS[action].padEnd(9)}  ${target}`;
}

function* rehearsal(items: readonly CopyAction[]): Generator<string> {
  for (const { action, size, target } of items) {
    yield action === 'directory'
      ? actionLine(action, target)
      : `${actionLine(action, target)}  ${formatSize(size)}`;
  }
}

/** Throws FamfsError `usage` for what does not go with - as SOURCE, and for --size without it. */
function checkStandardInput(paths: readonly string[], flags: CpFlags): void {
  if (!paths.includes('-')) {
    if (flags.size === undefined) return;
    throw new FamfsError('usage', '--size is for - as SOURCE');
  }
  if (flags.size === undefined)
    throw new FamfsError('usage', '-: standard input needs --size', 'a file is ./-');
  const other = (['resume', 'verify', 'dry-run', 'verbose'] as const).find((name) => flags[name]);
  if (paths.length > 1 || other)
    throw new FamfsError(
      'usage',
      `-: standard input does not go with ${other ? `--${other}` : 'other sources'}`,
    );
}

type CpFlags = Interfaces.InferredFlags<typeof Cp.flags>;
