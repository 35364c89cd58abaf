import { type ChildProcess, spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { SCHEMAS } from '../../src/schemas';
import { programForOthers } from './run-program';

/** System UUIDs for commands: tests never look at, or make, the identity of the host they run on. */
export const OWNER = '0b5ad1e5-3c1f-4d7e-8a44-5f0c2f9b6e01';
export const CLIENT = 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02';

export type Program = 'famfs' | 'mkfs.famfs' | 'fsck.famfs' | 'mount.famfs';

/** Where the programs are. */
export const BIN = join(__dirname, '../../bin');
const DEFAULT_TIMEOUT_MS = 60_000;

export interface RunOptions {
  /** Added to the environment; a variable that is undefined here is taken out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What the program reads on its standard input. */
  readonly input?: string | Buffer;
  /** Milliseconds after which the program is killed and the run fails. A limit for hung programs, not a subject. */
  readonly timeout?: number;
  /** The system UUID the command has; the owner's unless told. */
  readonly host?: string;
  /** Run as another user and group; needs root. */
  readonly uid?: number;
  readonly gid?: number;
  readonly program?: Program;
}

/** A program that ended. */
export interface Run {
  readonly args: readonly string[];
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output parsed; throws when it is no JSON, or not what the verb's schema promises. */
  json<T>(): T;
}

/** A program that may still run: kill it, or wait for its end. */
export interface Started {
  readonly child: ChildProcess;
  readonly done: Promise<Run>;
}

/** Starts bin/famfs, or another of the programs in bin. */
export function start(args: readonly string[], options: RunOptions = {}): Started {
  const bin = options.uid === undefined ? BIN : programForOthers();
  return startCommand(process.execPath, [join(bin, options.program ?? 'famfs'), ...args], options);
}

/** Runs famfs to its end, whatever its exit status. */
export function famfs(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return start(args, options).done;
}

/** Runs famfs; fails, with what it said, unless it exits with status 0. */
export async function famfsOk(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return succeeded(await famfs(args, options));
}

/** Runs any other command to its end. */
export function command(name: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return startCommand(name, args, options).done;
}

/** Runs any other command; fails, with what it said, unless it exits with status 0. */
export async function commandOk(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  return succeeded(await command(name, args, options));
}

/** Runs a line of shell in which $FAMFS is the program. */
export function shell(script: string, options: RunOptions = {}): Promise<Run> {
  const env = { ...options.env, FAMFS: `${process.execPath} ${join(BIN, 'famfs')}` };
  return command('/bin/bash', ['-c', script], { ...options, env });
}

/** Starts any other command. */
export function startCommand(file: string, args: readonly string[], options: RunOptions = {}): Started {
  const { cwd, gid, input, timeout = DEFAULT_TIMEOUT_MS, uid } = options;
  const child = spawn(file, args, {
    env: environment(options),
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  });
  child.stdin?.on('error', () => {}); // a program need not read all of it
  child.stdin?.end(input);
  return { child, done: ended(child, args, timeout) };
}

function ended(child: ChildProcess, args: readonly string[], timeout: number): Promise<Run> {
  return new Promise((resolve, reject) => {
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')}: still running after ${timeout} ms; it said: ${text(err)}`));
    }, timeout);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve(endedRun({ args, status, signal, stdout: text(out), stderr: text(err) }));
    });
  });
}

/** A program that ended, wherever it ran. */
export function endedRun(ended: Omit<Run, 'json'>): Run {
  return { ...ended, json: () => checked(ended.args, JSON.parse(ended.stdout)) };
}

/** The result of a verb of famfs, which must be as its published schema says; of other programs anything. */
function checked<T>(args: readonly string[], value: unknown): T {
  const program = args.findIndex((arg) => arg.startsWith(BIN));
  if (program === -1 || !args.includes('--json')) return value as T;
  const words = args.slice(program + 1, program + 3);
  const verb = [words.join(' '), words[0] ?? ''].find((name) => name in SCHEMAS) ?? '';
  const own = args[program]?.endsWith('/famfs') ? verb : basename(args[program] ?? '').replace('.famfs', '');
  const schema = z.union([SCHEMAS[own] ?? z.never(), SCHEMAS.error ?? z.never()]);
  const { error } = schema.safeParse(value);
  if (error) throw new Error(`famfs ${own} --json is not what its schema says:\n${z.prettifyError(error)}`);
  return value as T;
}

function environment({ env, host = OWNER }: RunOptions): NodeJS.ProcessEnv {
  const { CI, FORCE_COLOR, NO_COLOR, NODE_OPTIONS, FAMFS_DEBUG, ...inherited } = process.env;
  return { ...inherited, FAMFS_SYSTEM_UUID: host, ...env };
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString();
}

/** The run, if it ended with status 0. */
export function succeeded(run: Run): Run {
  if (run.status === 0) return run;
  throw new Error(
    `${run.args.join(' ')}: ended with ${run.signal ?? `status ${run.status}`}\n${run.stdout}${run.stderr}`,
  );
}
