import { Errors } from '@oclif/core';
import { errnoOf, FamfsError } from '../errors';
import { shownLine, shownText } from '../path-bytes';
import { paint } from '../ui/colour';

/** What oclif puts around the message of an error that a flag's own parser threw. */
const FLAG_PARSE_ERROR = /^Parsing (--\S+) \n\t(.*)\nSee more help with --help$/s;

/** The verb of a command line, and whether there is one of this name. */
export interface NamedVerb {
  readonly name: string;
  readonly known: boolean;
}

/**
 * Any error as one for people: oclif's become `usage`, the system's `device-io`, others are defects. `verb` is that of
 * the command line, which oclif does not know when words follow that it does not take.
 */
export function toFamfsError(error: Error, verb?: NamedVerb): FamfsError {
  if (error instanceof FamfsError) {
    const [, flag, message] = FLAG_PARSE_ERROR.exec(error.message) ?? [];
    return flag === undefined
      ? error
      : new FamfsError(error.code, `${flag}: ${message}`, error.hint, { cause: error });
  }
  if (error instanceof Errors.CLIError) return usageError(error, verb);
  const trace = process.env.FAMFS_DEBUG ? error.stack : undefined;
  const { code: errno, syscall } = error as NodeJS.ErrnoException;
  if (syscall === 'uv_cwd') return noCurrentDirectory(error);
  if (errno) return new FamfsError('device-io', error.message, trace, { cause: error });
  const hint = trace ?? 'FAMFS_DEBUG=1 shows where it happened';
  return new FamfsError('internal', `defect: ${error.message}`, hint, { cause: error });
}

function noCurrentDirectory(cause: Error): FamfsError {
  const hint = 'go to one that does: cd';
  return new FamfsError('not-found', 'the current directory does not exist any more', hint, { cause });
}

/** Prints an error to standard error: what is wrong, and below it what to do. */
export async function printFailure(failure: FamfsError): Promise<void> {
  const { red, dim } = await paint(process.stderr);
  process.stderr.write(`${red('famfs:')} ${shownLine(failure.message)}\n`);
  if (failure.hint) process.stderr.write(`${dim(`       ${shownLine(failure.hint)}`)}\n`);
}

/** What --json prints of an error, in place of a result. */
export function failureJson({ code, hint, message }: FamfsError, exitStatus: number): object {
  return {
    error: { code, message: shownText(message), ...(hint ? { hint: shownText(hint) } : {}), exitStatus },
  };
}

/** Exit status when nobody reads our output any more, as the shell reports a death by SIGPIPE. */
const SIGPIPE_STATUS = 141;

/** Ends the program when standard output cannot be written: quietly when its reader went away. */
export function endWithStandardOutput(family: 'exit' | 'fsck'): void {
  process.stdout.removeAllListeners('error'); // oclif's, which throws
  process.stdout.on('error', (error) => {
    const errno = errnoOf(error);
    if (errno === 'EPIPE') process.exit(SIGPIPE_STATUS);
    const failure = new FamfsError('device-io', `standard output: cannot be written: ${errno}`);
    void printFailure(failure).then(() => process.exit(failure.exitStatus(family)));
  });
}

function usageError(error: Error, verb: NamedVerb | undefined): FamfsError {
  const missing = namesOfMissing(error);
  if (missing) return missingArguments(missing, verb, error);
  const unknownVerb = /^command (.*) not found$/s.exec(error.message)?.[1];
  if (unknownVerb !== undefined) {
    const words = unknownVerb.replaceAll(':', ' ');
    const more = verb && words.startsWith(`${verb.name} `) ? words.slice(verb.name.length + 1) : '';
    if (verb?.known && more !== '')
      return new FamfsError('usage', `Unexpected argument: ${more}`, howUsed(verb));
    const name = verb && more !== '' ? verb.name : words;
    return new FamfsError('usage', `${name}: no such verb`, 'famfs --help lists them', { cause: error });
  }
  const lines = error.message.split('\n').map((line) => line.trim());
  const message = lines
    .filter((line) => line !== '' && !line.startsWith('See more help'))
    .join(' ')
    .replace(/^The following errors? occurred: /, '');
  return new FamfsError('usage', message, howUsed(verb), { cause: error });
}

/** The error for arguments that a verb needs and was not given. */
export function missingArguments(
  names: readonly string[],
  verb: NamedVerb | undefined,
  cause?: Error,
): FamfsError {
  return new FamfsError('usage', `missing: ${names.join(', ')}`, howUsed(verb), { cause });
}

function howUsed(verb: NamedVerb | undefined): string {
  return `famfs ${verb?.known ? verb.name : 'VERB'} --help shows how it is used`;
}

function namesOfMissing(error: Error): string[] | undefined {
  if (!error.message.startsWith('Missing') || !('args' in error) || !Array.isArray(error.args))
    return undefined;
  return error.args.map((arg: { name: string }) => arg.name.toUpperCase());
}
