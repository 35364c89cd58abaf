import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { loadSuperblock } from '../log/superblock';
import { Readiness, type Role, type ServerConfig, ServerState, stateFile } from '../server-contract';
import type { CacheMode, LogLevel } from '../types';
import { type Mount, mountAt, mountOfDevice } from './mounts';

const MOST_DEFAULT_WORKERS = 4;

export interface MountOptions {
  readonly readOnly?: boolean;
  readonly noSync?: boolean;
  readonly logLevel?: LogLevel;
  readonly cache?: CacheMode;
  /** Worker processes; by default one for each core, up to 4. */
  readonly workers?: number;
  /** Seconds between two looks at the log, 1 by default; 0 for none. */
  readonly pollSeconds?: number;
  /** The server's log; by default /var/log/famfs/DIRECTORY.log. */
  readonly logFile?: string;
  /** Stay attached: the server logs to standard error, and mount() returns when it ends. */
  readonly foreground?: boolean;
}

export interface MountResult {
  readonly device: string;
  readonly directory: string;
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
): Promise<MountResult> {
  const directory = checkDirectory(directoryPath);
  const device = checkDevice(devicePath);
  const config: ServerConfig = {
    device,
    directory,
    readOnly: options.readOnly ?? false,
    noSync: options.noSync ?? false,
    logLevel: options.logLevel ?? 'info',
    cache: options.cache ?? 'none',
    workers: options.workers ?? Math.min(MOST_DEFAULT_WORKERS, availableParallelism()),
    pollSeconds: options.pollSeconds ?? 1,
    allowOther: process.geteuid?.() === 0,
  };
  const logFile = options.foreground ? undefined : (options.logFile ?? defaultLogFile(directory));
  const log = logFile === undefined ? 'inherit' : openLog(logFile);
  const script = join(__dirname, 'server.cjs');
  const server = spawn(process.execPath, [script, 'supervisor', JSON.stringify(config)], {
    cwd: '/',
    detached: !options.foreground,
    stdio: ['ignore', 'ignore', log, 'pipe'],
  });
  const ended = options.foreground ? untilEnded(server) : undefined;
  if (typeof log === 'number') closeSync(log);
  const { state, ...served } = await readiness(server.stdio[3] as Readable, logFile);
  const result = { device, directory, ...served, ...(logFile === undefined ? {} : { logFile }) };
  onReady?.(result);
  if (ended) await ended();
  else server.unref();
  return result;
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

async function readiness(pipe: Readable, logFile: string | undefined) {
  const said = await text(pipe);
  if (said === '') {
    const hint = logFile === undefined ? undefined : `its log is ${logFile}`;
    throw new FamfsError('mount-failed', 'the FUSE server ended before the mount answered', hint);
  }
  const answer = Readiness.parse(JSON.parse(said));
  if (answer.state === 'failed') throw new FamfsError(answer.code, answer.message, answer.hint);
  return answer;
}

function checkDirectory(path: string): string {
  let directory: string;
  try {
    directory = realpathSync(path);
    if (!statSync(directory).isDirectory()) throw new FamfsError('mount-failed', `${path}: not a directory`);
  } catch (cause) {
    if (cause instanceof FamfsError) throw cause;
    if (errnoOf(cause) === 'ENOTCONN') {
      throw new FamfsError(
        'already-mounted',
        `${path}: the server of a former mount died`,
        `umount ${path} first`,
        { cause },
      );
    }
    throw new FamfsError(
      'mount-failed',
      `${path}: cannot be mounted on: ${errnoOf(cause)}`,
      'the directory must exist',
      { cause },
    );
  }
  const there = mountAt(directory);
  if (there) throw new FamfsError('already-mounted', `${path}: ${there.device} is mounted there`);
  return directory;
}

/** Opens the device once, for a good error before a server is started. Returns its real path. */
function checkDevice(path: string): string {
  const device = openDevice(path, { writable: false });
  try {
    loadSuperblock(device);
    const there = mountOfDevice(device.path);
    if (there) throw new FamfsError('already-mounted', `${path}: mounted on ${there.directory} already`);
    return device.path;
  } finally {
    device.close();
  }
}

function defaultLogFile(directory: string): string {
  const name = `${directory.slice(1).replaceAll('/', '-') || 'root'}.log`;
  if (process.geteuid?.() === 0) return join('/var/log/famfs', name);
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local/state'), 'famfs', name);
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a', 0o644);
  } catch (cause) {
    throw new FamfsError(
      'mount-failed',
      `${path}: cannot be opened for the server's log: ${errnoOf(cause)}`,
      '--log-file names another',
      { cause },
    );
  }
}

const SERVER_END_MS = 10_000;
const POLL_MS = 10;

/** Unmounts and waits until the server is gone, so that the device is free when this returns. */
export async function unmount(path: string): Promise<{ device: string; directory: string }> {
  const there = mountAt(path);
  if (!there) throw new FamfsError('not-mounted', `${path}: no famfs is mounted there`);
  const state = serverState(there);
  const [command, args] = process.geteuid?.() === 0 ? ['umount', []] : ['fusermount3', ['-u']];
  const { error, status, stderr } = spawnSync(command, [...args, there.directory], { encoding: 'utf8' });
  if (error || status !== 0) {
    const reason = error?.message ?? stderr.trim().split('\n').at(-1) ?? `status ${status}`;
    throw new FamfsError(
      'unmount-failed',
      `${there.directory}: ${reason}`,
      `fuser -vm ${there.directory} shows who uses it`,
    );
  }
  for (let waited = 0; state && isServing(state, there) && waited < SERVER_END_MS; waited += POLL_MS) {
    await sleep(POLL_MS);
  }
  return { device: there.device, directory: there.directory };
}

function serverState(mounted: Mount): ServerState | undefined {
  try {
    return ServerState.parse(JSON.parse(readFileSync(stateFile(mounted.id), 'utf8')));
  } catch {
    return undefined;
  }
}

/** A server removes its state as its last act; one that was killed leaves it behind. */
function isServing({ pid }: ServerState, mounted: Mount): boolean {
  if (!existsSync(stateFile(mounted.id))) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return errnoOf(cause) === 'EPERM';
  }
}
