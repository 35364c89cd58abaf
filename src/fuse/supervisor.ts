import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { openDevice } from '../device/open';
import { systemUuid } from '../device/system-uuid';
import { FamfsError } from '../errors';
import { loadSuperblock } from '../log/superblock';
import { type FuseSession, mountSession } from '../native/libfuse';
import {
  READINESS_FD,
  type Readiness,
  type Role,
  runDirectory,
  Served,
  type ServerConfig,
  type ServerState,
  stateFile,
} from '../server-contract';
import type { WorkerConfig } from './config';
import { negotiate } from './init';
import { Logger } from './logger';

/**
 * The server's first process: mounts, starts a worker that serves, holds signals and state, and ends when the file
 * system is unmounted. Says on the readiness pipe when the mount answers, or why there is none.
 */
export async function supervise(config: ServerConfig): Promise<number> {
  const logger = new Logger(config.logLevel, 'supervisor');
  let supervisor: Supervisor;
  try {
    supervisor = await Supervisor.start(config, logger);
  } catch (error) {
    const failure = error instanceof FamfsError ? error : new FamfsError('internal', String(error));
    logger.error(failure.message);
    const { code, message, hint } = failure;
    tellReadiness({ state: 'failed', code, message, hint });
    return 1;
  }
  tellReadiness({ state: 'ready', pid: process.pid, role: supervisor.role, ...supervisor.served });
  return supervisor.untilUnmounted();
}

function tellReadiness(readiness: Readiness): void {
  writeSync(READINESS_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READINESS_FD);
}

class Supervisor {
  private constructor(
    readonly role: Role,
    readonly served: Served,
    private readonly session: FuseSession,
    private readonly workerEnd: Promise<string | undefined>,
    private readonly mountId: string,
    private readonly logger: Logger,
  ) {}

  static async start(config: ServerConfig, logger: Logger): Promise<Supervisor> {
    const role = roleOn(config.device);
    const session = mountSession(config.directory, mountOptions(config));
    if (!session) {
      throw new FamfsError(
        'mount-failed',
        `${config.directory}: FUSE mount failed; see the server's log for libfuse's reason`,
      );
    }
    unmountOnSignals(session, logger);
    try {
      const { mmapWithDirectIo } = negotiate(session.fd);
      const worker = startWorker(session.fd, { ...config, role, mmapWithDirectIo, mountedAt: Date.now() });
      const end = endOf(worker);
      const served = await whenServing(worker, end);
      const mountId = await idOfMount(config.directory);
      writeState(mountId, config, role);
      logger.info(`mounted ${config.device} on ${config.directory} as ${role}`);
      return new Supervisor(role, served, session, end, mountId, logger);
    } catch (error) {
      session.unmount();
      throw error;
    }
  }

  /** Waits for the end. Returns the exit status. */
  async untilUnmounted(): Promise<number> {
    const failure = await this.workerEnd;
    if (failure) {
      this.logger.error(`${failure}; unmounting`);
      this.session.unmount();
    }
    rmSync(runDirectory(this.mountId), { recursive: true, force: true });
    this.logger.info('unmounted');
    return failure ? 1 : 0;
  }
}

function unmountOnSignals(session: FuseSession, logger: Logger): void {
  const unmount = (signal: NodeJS.Signals) => {
    logger.info(`${signal}: unmounting`);
    session.unmount();
  };
  process.on('SIGTERM', unmount);
  process.on('SIGINT', unmount);
  process.on('SIGHUP', () => logger.debug(() => 'SIGHUP: new entries are looked for at each lookup'));
}

function roleOn(path: string): Role {
  const device = openDevice(path, { writable: false });
  try {
    return loadSuperblock(device).ownerUuid === systemUuid() ? 'owner' : 'client';
  } finally {
    device.close();
  }
}

function mountOptions(config: ServerConfig): string[] {
  const options = [
    `fsname=${config.device.replace(/[\\,]/g, '\\$&')}`,
    'subtype=famfs',
    'default_permissions',
    'noatime',
  ];
  if (config.allowOther) options.push('allow_other');
  if (config.readOnly) options.push('ro');
  return options;
}

/** A worker is in a session of its own, so that Ctrl-C on a terminal reaches the supervisor alone. */
function startWorker(fuseFd: number, config: WorkerConfig): ChildProcess {
  const script = process.argv[1] as string;
  return spawn(process.execPath, [...process.execArgv, script, 'worker', JSON.stringify(config)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', fuseFd, 'pipe'],
  });
}

/** Resolves when the worker ended: with undefined after an unmount, else with what happened to it. */
function endOf(worker: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    worker.on('error', (error) => resolve(`worker could not be started: ${error.message}`));
    worker.on('exit', (status, signal) => {
      if (status === 0) resolve(undefined);
      else resolve(`worker ${worker.pid} ended by ${signal ?? `status ${status}`}`);
    });
  });
}

async function whenServing(worker: ChildProcess, end: Promise<string | undefined>): Promise<Served> {
  const said = await text(worker.stdio[4] as Readable);
  if (said === '') throw new FamfsError('mount-failed', (await end) ?? 'the worker ended before it served');
  return Served.parse(JSON.parse(said));
}

async function idOfMount(directory: string): Promise<string> {
  const { dev } = await stat(directory);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  return `${major}-${minor}`;
}

function writeState(mountId: string, config: ServerConfig, role: Role): void {
  const { device, directory } = config;
  const state: ServerState = {
    pid: process.pid,
    device,
    directory,
    role,
    startedAt: new Date().toISOString(),
  };
  mkdirSync(runDirectory(mountId), { recursive: true, mode: 0o755 });
  writeFileSync(stateFile(mountId), `${JSON.stringify(state)}\n`, { mode: 0o644 });
}
