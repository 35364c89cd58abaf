import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, Flags, type Interfaces } from '@oclif/core';
import { type ErrorCode, FamfsError } from '../errors';
import { shownLine, shownLines, shownText } from '../path-bytes';
import { PLACEMENT_POLICIES } from '../types';
import { paint } from '../ui/colour';
import { parseSeed } from '../ui/seeds';
import { parseSize } from '../ui/sizes';
import { failureJson, type NamedVerb, printFailure, toFamfsError } from './failure';

/** Characters of many lines that are written at once. */
const CHUNK_LENGTH = 1 << 16;

/** What all verbs share: --json, --quiet, errors as one line on standard error, and exit statuses from one table. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = {
    quiet: Flags.boolean({ char: 'q', description: 'say nothing but what went wrong', helpGroup: 'GLOBAL' }),
  };

  /** Whether --quiet was given; known once the command line is parsed. */
  protected quiet = false;

  /** Which column of the exit status table applies. */
  protected readonly family: 'exit' | 'fsck' = 'exit';

  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv?: string[]): Promise<Interfaces.ParserOutput<F, B, A>> {
    // A missing argument would be read from standard input, which may be for the next program.
    for (const arg of Object.values(options?.args ?? {})) arg.ignoreStdin = true;
    const parsed = await super.parse(options, argv);
    this.quiet = Boolean((parsed.flags as { quiet?: boolean }).quiet);
    return parsed;
  }

  protected get verb(): NamedVerb {
    return { name: (this.id ?? '').replaceAll(':', ' '), known: this.id !== undefined };
  }

  /** A result for people on standard output, which --quiet and --json leave out. */
  protected say(message: string): void {
    if (!this.quiet) this.log(message);
  }

  /** Prints text on standard output, without what a terminal would act on. */
  override log(text = ''): void {
    super.log(shownLines(text));
  }

  /** Prints lines on standard output, many at once, until a reader goes away. */
  protected async printLines(lines: Iterable<string>): Promise<void> {
    let chunk = '';
    for (const line of lines) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_LENGTH) continue;
      process.stdout.write(chunk);
      chunk = '';
      await nextTurn();
    }
    process.stdout.write(chunk);
  }

  /** oclif's own takes JSON apart for colours that nobody asked for, and minutes for a long list. */
  protected override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, shown, 2)}\n`);
  }

  /** A message for people on standard error; results go to standard output by `this.log`. */
  protected async warnLine(message: string): Promise<void> {
    const { yellow } = await paint(process.stderr);
    process.stderr.write(`${yellow('famfs:')} ${shownLine(message)}\n`);
  }

  /** How a verb waits for the lock of a device: as lockFlag says, telling of it, until the user interrupts it. */
  protected lockOptions(flags: { readonly 'lock-timeout'?: number | undefined }) {
    return {
      ...defined({ lockTimeout: flags['lock-timeout'] }),
      interruptible: (wait: (signal: AbortSignal) => Promise<void>) => this.interruptible(wait),
      onWait: (device: string, holder?: { readonly pid: number; readonly command: string }): void => {
        const who = holder ? `process ${holder.pid} (${holder.command})` : 'another process';
        void this.warnLine(`${device}: waiting for the lock that ${who} holds`);
      },
    };
  }

  /** Tells on standard error what the verb goes on in spite of. */
  protected readonly tellWarning = (message: string): void => {
    void this.warnLine(message);
  };

  /** Tells on standard error why nothing was done about one of several paths. */
  protected readonly tellFailure = ({ message }: { readonly message: string }): void => {
    void this.warnLine(message);
  };

  /** Runs `work` with a signal that the user's interrupt sets off in place of ending the process. */
  protected async interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    const interrupt = () => abort.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      return await work(abort.signal);
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    }
  }

  /** Ends a verb that goes on until it is interrupted: all that there is to tell was told. */
  protected endInterrupted(): never {
    process.exit(new FamfsError('interrupted', '').exitStatus());
  }

  /** Sets the exit status of a verb that did something about `done` of its paths and nothing about others. */
  protected endWith(done: number, failures: readonly { readonly code: ErrorCode }[]): void {
    const [first] = failures;
    if (first) process.exitCode = new FamfsError(done > 0 ? 'partial' : first.code, '').exitStatus();
  }

  protected override async catch(error: Error): Promise<never> {
    const failure = toFamfsError(error, this.verb);
    const status = failure.exitStatus(this.family);
    await printFailure(failure);
    if (this.jsonEnabled()) this.logJson(failureJson(failure, status));
    return this.exit(status);
  }
}

function shown(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? shownText(value) : value;
}

/** A flag that takes a size in bytes: 4096, 64m, 1.5GiB. */
export const sizeFlag = Flags.custom<number>({
  helpValue: 'SIZE',
  parse: async (input) => parseSize(input),
});

/** A flag that takes the seed of random contents. */
export const seedFlag = Flags.custom<number>({
  char: 'S',
  helpValue: 'SEED',
  parse: async (input) => parseSeed(input),
});

/** How many threads work: taken so that command lines go back and forth between this famfs and the other. */
export const threadsFlag = {
  threads: Flags.integer({
    char: 't',
    description: 'accepted and without effect: one thread is as fast as the device',
    min: 0,
    max: 256,
  }),
};

/** A flag that takes permission bits in octal. */
export const modeFlag = Flags.custom<number>({
  char: 'm',
  helpValue: 'OCTAL',
  parse: async (input) => {
    if (/^[0-7]{1,5}$/.test(input) && Number.parseInt(input, 8) <= 0o7777) return Number.parseInt(input, 8);
    throw new FamfsError('usage', `${input}: not permission bits in octal`, 'for example --mode 644');
  },
});

const LARGEST_ID = 0xffffffff - 1;

/** A flag that takes a numeric user or group. */
export const idFlag = Flags.custom<number>({
  helpValue: 'ID',
  parse: async (input) => {
    if (/^\d{1,10}$/.test(input) && Number(input) <= LARGEST_ID) return Number(input);
    throw new FamfsError('usage', `${input}: not a numeric user or group ID`);
  },
});

/** The flags of verbs that create: mode, user and group. */
export const ownershipFlags = {
  mode: modeFlag({ description: 'permission bits' }),
  uid: idFlag({ char: 'u', description: 'owner (default: who runs this)' }),
  gid: idFlag({ char: 'g', description: 'group (default: that of who runs this)' }),
};

/** The flags of verbs that place files: striping over devices, or parts of the only one. */
export const stripeFlags = {
  nstrips: Flags.integer({
    char: 'N',
    description: 'strips of an interleaved file',
    helpValue: 'N',
  }),
  nbuckets: Flags.integer({
    char: 'B',
    description:
      'with one device: number of equal parts it is divided into, so that each strip lies in another',
    helpValue: 'N',
    dependsOn: ['nstrips'],
  }),
  chunk: sizeFlag({ char: 'C', description: 'bytes that lie together in a strip', dependsOn: ['nstrips'] }),
};

const DEFAULT_CHUNK = 2 * 2 ** 20;

/** Stripe options from flags, or undefined where none is given. */
export function stripeOf(flags: {
  nstrips?: number | undefined;
  nbuckets?: number | undefined;
  chunk?: number | undefined;
}) {
  if (flags.nstrips === undefined) return {};
  return {
    stripe: { nstrips: flags.nstrips, nbuckets: flags.nbuckets, chunkSize: flags.chunk ?? DEFAULT_CHUNK },
  };
}

/** The flag of verbs that look for secondary devices. */
export const deviceFlag = {
  device: Flags.string({
    description: 'where to look first for a secondary device',
    helpValue: 'PATH',
    multiple: true,
    multipleNonGreedy: true,
  }),
};

/** The flag of verbs that place files on several devices. */
export const policyFlag = {
  policy: Flags.option({
    description: 'which of several devices a file in one piece goes to (default most-free)',
    options: PLACEMENT_POLICIES,
  })(),
};

/** The flag of verbs that write a device. */
export const syncFlag = {
  'no-sync': Flags.boolean({
    description: 'leave out fdatasync on a file-backed device; a crash of the host may lose everything on it',
  }),
};

/** The flag of verbs that take the lock of a device. */
export const lockFlag = {
  'lock-timeout': Flags.custom<number>({
    description:
      'seconds to wait for another famfs that writes to the device; 0 for none (default: for ever)',
    helpValue: 'SECONDS',
    parse: async (input) => {
      if (/^\d{1,9}(\.\d{1,3})?$/.test(input)) return Number(input);
      throw new FamfsError('usage', `${input}: not a number of seconds`);
    },
  })(),
};

/** The given properties without those that are undefined. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
