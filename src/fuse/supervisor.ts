import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
  type ServerConfig,
  ServerState,
  stateFile,
} from '../server-contract';
import { LOG_LEVELS } from '../types';
import { ControlServer } from './control';
import { negotiate } from './init';
import { LogWatch } from './log-watch';
import { Logger } from './logger';
import type { Parts } from './parts';
import { WorkerPool } from './pool';
import { SharedState } from './shared-state';
import { ServerStatus } from './status';

/**
 * The server's first process: mounts, starts the workers that serve, watches the log, holds control socket, signals
 * and state, and ends when the file system is unmounted. Says on the readiness pipe when the mount answers, or why
 * there is none. Returns the exit status.
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
  tellReadiness({ state: 'ready', pid: process.pid, ...supervisor.summary() });
  return supervisor.untilUnmounted();
}

function tellReadiness(readiness: Readiness): void {
  writeSync(READINESS_FD, `${JSON.stringify(readiness)}\n`);
  closeSync(READINESS_FD);
}

class Supervisor {
  private constructor(
    private readonly session: FuseSession,
    private readonly pool: WorkerPool,
    private readonly watch: LogWatch,
    private readonly status: ServerStatus,
    private readonly control: ControlServer,
    private readonly mountId: string,
    private readonly logger: Logger,
  ) {}

  static async start(config: ServerConfig, logger: Logger): Promise<Supervisor> {
    const device = openDevice(config.device, { writable: false });
    const superblock = loadSuperblock(device);
    const shared = SharedState.create(superblock.logLength);
    shared.logLevel = LOG_LEVELS.indexOf(config.logLevel);
    logger.follow(shared);
    const role: Role = superblock.ownerUuid === systemUuid() ? 'owner' : 'client';
    const session = mountSession(config.directory, mountOptions(config));
    if (!session) {
      throw new FamfsError(
        'mount-failed',
        `${config.directory}: FUSE mount failed; see the server's log for libfuse's reason`,
      );
    }
    try {
      return await Supervisor.#serve({ config, device, logger, role, session, shared, superblock });
    } catch (error) {
      session.unmount();
      throw error;
    }
  }

  static async #serve(parts: Parts): Promise<Supervisor> {
    const { config, device, logger, role, session, shared, superblock } = parts;
    const kernel = negotiate(session.fd);
    const workerConfig = {
      ...config,
      role,
      mmapWithDirectIo: kernel.mmapWithDirectIo,
      mountedAt: Date.now(),
    };
    const pool = new WorkerPool(session.fd, kernel.resend, workerConfig, shared, logger, config.workers);
    try {
      await pool.start();
    } catch (error) {
      pool.close();
      throw error;
    }
    const watch = new LogWatch(device, superblock, shared, logger);
    const status = new ServerStatus({ ...parts, kernel, pool, watch });
    const mountId = await idOfMount(config.directory);
    const control = await startControl(mountId, parts, status, watch);
    writeState(mountId, config, role);
    logger.info(`mounted ${config.device} on ${config.directory} as ${role}`);
    const supervisor = new Supervisor(session, pool, watch, status, control, mountId, logger);
    supervisor.#beginPolling(config.pollSeconds);
    return supervisor;
  }

  summary() {
    const { role, replayed } = this.status.report();
    const { directories, files, notServed } = replayed;
    return { role, directories, files, notServed };
  }

  /** Waits for the end, unmounting on SIGTERM and SIGINT. */
  async untilUnmounted(): Promise<number> {
    const unmount = (signal: NodeJS.Signals) => {
      this.logger.info(`${signal}: unmounting`);
      this.pool.close();
      this.session.unmount();
    };
    process.on('SIGTERM', unmount);
    process.on('SIGINT', unmount);
    process.on('SIGHUP', () => this.watch.look());
    await this.pool.unmounted;
    await this.control.close();
    rmSync(runDirectory(this.mountId), { recursive: true, force: true });
    this.logger.info('unmounted');
    return this.pool.gaveUp ? 1 : 0;
  }

  #beginPolling(seconds: number): void {
    if (seconds > 0) setInterval(() => this.watch.look(), seconds * 1000).unref();
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

async function idOfMount(directory: string): Promise<string> {
  const { dev } = await stat(directory);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  return `${major}-${minor}`;
}

async function startControl(
  mountId: string,
  parts: Parts,
  status: ServerStatus,
  watch: LogWatch,
): Promise<ControlServer> {
  removeStale(dirname(runDirectory(mountId)));
  mkdirSync(runDirectory(mountId), { recursive: true, mode: 0o755 });
  return ControlServer.listen(mountId, { ...parts, status, watch });
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
  writeFileSync(stateFile(mountId), `${JSON.stringify(state)}\n`, { mode: 0o644 });
}

/** Removes what servers left behind that were killed, or ran before the host last started. */
function removeStale(directory: string): void {
  if (!existsSync(directory)) return;
  for (const mountId of readdirSync(directory)) {
    if (isStale(mountId)) rmSync(join(directory, mountId), { recursive: true, force: true });
  }
}

const STARTING_MS = 60_000;

function isStale(mountId: string): boolean {
  try {
    const { pid } = ServerState.parse(JSON.parse(readFileSync(stateFile(mountId), 'utf8')));
    return !readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('famfs');
  } catch {
    const { mtimeMs } = statSync(runDirectory(mountId), { throwIfNoEntry: false }) ?? { mtimeMs: 0 };
    return Date.now() - mtimeMs > STARTING_MS || existsSync(stateFile(mountId));
  }
}
