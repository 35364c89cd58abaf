import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { errnoOf, FamfsError } from '../errors';
import { makeDirectories } from '../make-directories';
import { devicesInEnvironment } from '../members/candidates';
import type { MemberProblem } from '../members/search';
import { Readiness, type Role, type ServerConfig } from '../server-contract';
import type { CacheMode, FmapMode, LogLevel } from '../types';
import { type DaxModeOptions, type SwitchedMode, withDaxMode } from './dax-mode';
import {
  type CheckedDevices,
  checkDevices,
  checkDirectory,
  checkFuse,
  type MountPoint,
} from './mount-checks';

const MOST_DEFAULT_WORKERS = 4;

export interface MountOptions extends DaxModeOptions {
  readonly readOnly?: boolean;
  /** Paths where secondary devices are looked for first. */
  readonly devices?: readonly string[];
  /** Mount although secondary devices cannot be used: their files answer EIO. */
  readonly degraded?: boolean;
  readonly noSync?: boolean;
  readonly logLevel?: LogLevel;
  readonly cache?: CacheMode;
  readonly fmap?: FmapMode;
  /** Worker processes; by default one for each core, up to 4. */
  readonly workers?: number;
  /** Seconds between two looks at the log, 1 by default; 0 for none. */
  readonly pollSeconds?: number;
  /** The server's log; by default /var/log/famfs/DIRECTORY.log, or standard error with `foreground`. */
  readonly logFile?: string;
  /** Stay attached: the server logs to standard error unless `logFile` is given, and mount() returns when it ends. */
  readonly foreground?: boolean;
  /** Other users may use the mount: by default where root mounts. */
  readonly allowOther?: boolean;
  /** Options of mount(8) that the kernel heeds for every file system, such as noexec. */
  readonly kernelOptions?: readonly string[];
  /** Check device and directory, and mount nothing. */
  readonly checkOnly?: boolean;
}

/** What is mounted where. */
export interface MountPlace extends SwitchedMode {
  readonly device: string;
  readonly directory: string;
  /** Devices that cannot be used, where there are any. */
  readonly absent?: readonly MemberProblem[];
}

export interface MountResult extends MountPlace {
  readonly role: Role;
  readonly pid: number;
  readonly files: number;
  readonly directories: number;
  readonly notServed: number;
  readonly logFile?: string;
}

/**
 * Starts a FUSE server for a device and waits until its mount answers, or fails with the server's own error.
 * `onReady` is called at that moment; with `foreground` the result comes only after the unmount.
 */
export async function mount(
  devicePath: string,
  directoryPath: string,
  options: MountOptions,
  onReady?: (result: MountResult) => void,
): Promise<MountResult | MountPlace> {
  const point = checkDirectory(directoryPath);
  const { directory } = point;
  checkFuse();
  if (options.checkOnly) return placeOf(checkDevices(devicePath, directory, options), directory);
  let server: ChildProcess | undefined;
  let ended: (() => Promise<void>) | undefined;
  const result = await withDaxMode(devicePath, options, async () => {
    const checked = checkDevices(devicePath, directory, options);
    const foreground = options.foreground ?? false;
    const logFile = options.logFile ?? (foreground ? undefined : defaultLogFile(directory));
    const log = logFile === undefined ? undefined : openLog(logFile);
    server = startServer(configOf(checked, point, options), log, foreground);
    if (foreground) ended = untilEnded(server);
    const { state, ...served } = await readiness(server.stdio[3] as Readable, log);
    return {
      ...placeOf(checked, directory),
      ...served,
      ...(logFile === undefined ? {} : { logFile }),
    };
  });
  onReady?.(result);
  if (ended) await ended();
  else server?.unref();
  return result;
}

function placeOf({ absent, device }: CheckedDevices, directory: string): MountPlace {
  return { device, directory, ...(absent.length > 0 ? { absent } : {}) };
}

function configOf(
  { device, devices }: CheckedDevices,
  { directory, id }: MountPoint,
  options: MountOptions,
): ServerConfig {
  return {
    device,
    devices: [...devices],
    directory,
    directoryId: id,
    readOnly: options.readOnly ?? false,
    noSync: options.noSync ?? false,
    logLevel: options.logLevel ?? 'info',
    cache: options.cache ?? 'none',
    fmap: options.fmap ?? 'auto',
    workers: options.workers ?? Math.min(MOST_DEFAULT_WORKERS, availableParallelism()),
    pollSeconds: options.pollSeconds ?? 1,
    allowOther: options.allowOther ?? process.geteuid?.() === 0,
    kernelOptions: [...(options.kernelOptions ?? [])],
  };
}

/** A server's log file, open for it, with its length in bytes before this server. */
interface Log {
  readonly path: string;
  readonly fd: number;
  readonly length: number;
}

/** Starts a server that logs to `log`, or to standard error. Closes the descriptor of `log`. */
function startServer(config: ServerConfig, log: Log | undefined, foreground: boolean): ChildProcess {
  const { NOTIFY_SOCKET, ...inherited } = process.env;
  // The server's directory is another one.
  const env = {
    ...inherited,
    FAMFS_DEVICES: devicesInEnvironment()
      .map((path) => resolve(path))
      .join(':'),
  };
  const script = join(__dirname, 'server.cjs');
  const server = spawn(process.execPath, [script, 'supervisor', JSON.stringify(config)], {
    cwd: '/',
    detached: !foreground,
    stdio: ['ignore', 'ignore', log?.fd ?? 'inherit', 'pipe'],
    // A service manager waits for a server that stays attached; in the background it has another one in mind.
    env: foreground && NOTIFY_SOCKET !== undefined ? { ...env, NOTIFY_SOCKET } : env,
  });
  if (log) closeSync(log.fd);
  return server;
}

/**
 * Has signals that would end this process unmount instead. The function returned waits until the server has ended and
 * throws FamfsError `mount-failed` when that was not by an unmount.
 */
function untilEnded(server: ChildProcess): () => Promise<void> {
  const stop = () => void server.kill('SIGTERM');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const end = new Promise<string | undefined>((resolve) => {
    server.on('exit', (status, signal) => resolve(status === 0 ? undefined : (signal ?? `status ${status}`)));
  });
  return async () => {
    const failure = await end;
    if (failure) throw new FamfsError('mount-failed', `the FUSE server ended with ${failure}`);
  };
}

async function readiness(pipe: Readable, log: Log | undefined) {
  const said = await text(pipe);
  const hint = log === undefined ? undefined : `its log is ${log.path}`;
  if (said === '')
    throw new FamfsError('mount-failed', 'the FUSE server ended before the mount answered', hint);
  const answer = Readiness.parse(JSON.parse(said));
  if (answer.state === 'ready') return answer;
  const reason = answer.code === 'mount-failed' && log ? reasonOfLibfuse(log) : undefined;
  throw new FamfsError(
    answer.code,
    reason ? `${answer.message}: ${reason}` : answer.message,
    answer.hint ?? hint,
  );
}

/** The last line that libfuse or its helper wrote to the log of a server that could not mount. */
function reasonOfLibfuse({ length, path }: Log): string | undefined {
  const lines = readFileSync(path).subarray(length).toString().split('\n');
  return lines.findLast((line) => /^(?:\S*\/)?(?:fuse|fusermount3?|mount): /.test(line));
}

function defaultLogFile(directory: string): string {
  const name = `${directory.slice(1).replaceAll('/', '-') || 'root'}.log`;
  if (process.geteuid?.() === 0) return join('/var/log/famfs', name);
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'famfs', name);
}

function openLog(path: string): Log {
  try {
    makeDirectories(dirname(path));
    const fd = openSync(path, 'a', 0o644);
    return { path, fd, length: fstatSync(fd).size };
  } catch (cause) {
    throw new FamfsError(
      'mount-failed',
      `${path}: cannot be opened for the server's log: ${errnoOf(cause)}`,
      '--log-file names another',
      { cause },
    );
  }
}
