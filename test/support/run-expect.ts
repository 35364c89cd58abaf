import type { ErrorCode } from '../../src/errors';
import type { Finding } from '../../src/log/findings';
import type { CheckReport } from '../../src/operations/check';
import { famfs, type Run, type RunOptions } from './run';

/** How a command is to fail. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode;
  /** What the one line must hold: the thing that is wrong by name, above all. */
  readonly says: readonly (string | RegExp)[];
  /** What the hint must hold; where it is left out there may be one or none. */
  readonly hint?: string | RegExp;
}

interface ErrorOutput {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly exitStatus: number;
  };
}

/**
 * Runs a command that must fail, as it is and then with --json: by its exit status, with one clear line, and at most
 * one for the hint, on standard error, and nothing on standard output but the error as JSON.
 */
export async function expectFailure(
  args: readonly string[],
  failure: Failure,
  options: RunOptions = {},
): Promise<void> {
  const plain = await famfs(args, options);
  expect(plain).toMatchObject({ status: failure.status, signal: null, stdout: '' });
  const message = expectClear(plain.stderr, failure);
  const words = ['log', 'device'].includes(args[0] ?? '') ? 2 : 1;
  const verbs = options.program === undefined || options.program === 'famfs' ? words : 0;
  const json = await famfs([...args.slice(0, verbs), '--json', ...args.slice(verbs)], options);
  expect(json).toMatchObject({ status: failure.status, signal: null });
  expect(json.json<ErrorOutput>().error).toMatchObject({
    code: failure.code,
    exitStatus: failure.status,
    message,
  });
}

/** Checks that what was said on standard error is a message and at most a hint. Returns the message. */
export function expectClear(stderr: string, { says, hint }: Pick<Failure, 'says' | 'hint'>): string {
  expect(stderr).toMatch(/^famfs: [^\n]+\n(?: {7}\S[^\n]*\n)?$/);
  expectNoTrace(stderr);
  const [first = '', second = ''] = stderr.split('\n');
  for (const part of says) expect(first).toMatch(literal(part));
  if (hint !== undefined) expect(second).toMatch(literal(hint));
  return first.slice('famfs: '.length);
}

/** Checks that no stack trace and no control characters are in what a command printed. */
export function expectNoTrace(output: string): void {
  expect(output).not.toMatch(/^\s+at |node:internal|\bdefect\b|Error:/m);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f]/);
}

function literal(part: string | RegExp): RegExp {
  return typeof part === 'string' ? new RegExp(part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')) : part;
}

/** The report of a check by `famfs fsck --json`, whose exit status must be `status`. */
export async function fsck(target: string, status: number, options: RunOptions = {}): Promise<CheckReport> {
  const run = await famfs(['fsck', '--json', target], options);
  if (run.status !== status) throw new Error(`fsck: status ${run.status}: ${run.stdout}${run.stderr}`);
  return run.json<CheckReport>();
}

/** Checks that there is nothing, not even a warning, wrong with a file system. */
export async function expectClean(target: string): Promise<CheckReport> {
  const report = await fsck(target, 0);
  expect(report.findings).toEqual([]);
  return report;
}

export function codesOf(findings: readonly Finding[]): string[] {
  return findings.map((found) => found.code).sort();
}

/** A run that ended well and said nothing on standard error. */
export function expectQuiet(run: Run): void {
  expect(run).toMatchObject({ status: 0, signal: null, stderr: '' });
}
