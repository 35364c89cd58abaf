import { closeSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { roleHere } from '../device/system-uuid';
import { errnoOf, FamfsError } from '../errors';
import { readLogHeader } from '../log/header';
import { loadSuperblock } from '../log/superblock';
import { ioctl } from '../native/libc';
import { type FuseSession, mountSession } from '../native/libfuse';
import {
  READINESS_FD,
  type Readiness,
  type Role,
  type ServerConfig,
  type ServerState,
} from '../server-contract';
import { LOG_LEVELS } from '../types';
import { ControlServer } from './control';
import { DeviceWatch } from './device-watch';
import { type Negotiated, negotiate } from './init';
import { LogWatch } from './log-watch';
import { Logger } from './logger';
import { isPrivileged } from './maps/choose';
import { attachDevice, type Registrar } from './maps/extent-maps';
import { onMountPoint } from './mount-point';
import type { Parts } from './parts';
import { WorkerPool } from './pool';
import { MAX_READ } from './protocol';
import { RunDirectory } from './run-directory';
import { ServerSignals } from './server-signals';
import { ServiceManager } from './service-manager';
import { SharedState } from './shared-state';
import { ServerStatus } from './status';

const LONG_MS = 2 ** 30;

/**
 * The server's first process: mounts, starts the workers that serve, watches the log, holds control socket, signals
 * and state, and ends when the file system is unmounted. Says on the readiness pipe when the mount answers, or why
 * there is none. Returns the exit status.
 */
export async function supervise(config: ServerConfig): Promise<number> {
  const signals = new ServerSignals(config.directory);
  const logger = new Logger(config.logLevel, 'supervisor');
  let supervisor: Supervisor;
  try {
    supervisor = await Supervisor.start(config, signals, logger);
  } catch (error) {
    const failure = error instanceof FamfsError ? error : new FamfsError('internal', String(error));
    logger.error(failure.message);
    const { code, message, hint } = failure;
    tellReadiness({ state: 'failed', code, message, hint }, logger);
    return 1;
  }
  // Whoever is told may send a signal at once, which must not end the server with the mount left behind.
  const unmounted = supervisor.untilUnmounted(signals);
  tellReadiness({ state: 'ready', pid: process.pid, ...supervisor.summary() }, logger);
  return unmounted;
}

/** Whether somebody waits for the answer or was killed meanwhile makes no difference to what it is. */
function tellReadiness(readiness: Readiness, logger: Logger): void {
  try {
    writeSync(READINESS_FD, `${JSON.stringify(readiness)}\n`);
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw error;
    logger.warn('the famfs that started this server is gone');
  }
  closeSync(READINESS_FD);
}

class Supervisor {
  private constructor(
    private readonly config: ServerConfig,
    private readonly session: FuseSession,
    private readonly pool: WorkerPool,
    private readonly watch: LogWatch,
    private readonly status: ServerStatus,
    private readonly control: ControlServer,
    private readonly runDirectory: RunDirectory,
    private readonly manager: ServiceManager,
    private readonly logger: Logger,
  ) {}

  static async start(config: ServerConfig, signals: ServerSignals, logger: Logger): Promise<Supervisor> {
    await RunDirectory.prepareBase(logger);
    const device = openDevice(config.device, { writable: false });
    const superblock = loadSuperblock(device);
    readLogHeader(device, superblock);
    const shared = SharedState.create(superblock.logLength);
    shared.logLevel = LOG_LEVELS.indexOf(config.logLevel);
    logger.follow(shared);
    const role: Role = roleHere(superblock.ownerUuid);
    const devices = new DeviceWatch(device, superblock, config.devices, config.directory, shared, logger);
    const session = await onMountPoint(config.directory, config.directoryId, logger, () => {
      signals.check();
      return mountSession(config.directory, mountOptions(config));
    });
    if (!session) {
      throw new FamfsError('mount-failed', `${config.directory}: FUSE mount failed`);
    }
    try {
      const parts = { config, device, devices, logger, role, session, shared, superblock };
      return await Supervisor.#serve(parts, signals);
    } catch (error) {
      session.unmount();
      throw error;
    }
  }

  static async #serve(parts: Parts, signals: ServerSignals): Promise<Supervisor> {
    const { config, device, devices, logger, role, session, shared, superblock } = parts;
    const registrar = { fuseFd: session.fd, writable: !config.readOnly, ioctl };
    const kernel = agree(registrar, config, device, logger);
    devices.start(kernel.strategy === 'extent-maps' ? registrar : undefined);
    const workerConfig = {
      ...config,
      role,
      strategy: kernel.strategy,
      mmapWithDirectIo: kernel.mmapWithDirectIo,
      uuid: superblock.uuid,
      deviceLink: `/proc/${process.pid}/fd/${device.fd}`,
      mountedAt: Date.now(),
    };
    const pool = new WorkerPool(session.fd, kernel.resend, workerConfig, shared, logger, config.workers);
    await signals.during(pool.start());
    const watch = new LogWatch(device, superblock, shared, devices, logger);
    const status = new ServerStatus({ ...parts, kernel, pool, watch });
    const runDirectory = await RunDirectory.claim(
      await idOfMount(config.directory),
      stateOf(config, role),
      logger,
    );
    try {
      const control = await ControlServer.listen(runDirectory.path, { ...parts, pool, status, watch });
      signals.check();
      logger.info(`mounted ${config.device} on ${config.directory} as ${role}`);
      const manager = new ServiceManager(logger);
      manager.ready(status.report());
      return new Supervisor(config, session, pool, watch, status, control, runDirectory, manager, logger);
    } catch (error) {
      await runDirectory.release();
      throw error;
    }
  }

  summary() {
    const { role, replayed } = this.status.report();
    const { directories, files, notServed } = replayed;
    return { role, directories, files, notServed };
  }

  /** Waits for the end, unmounting on SIGTERM and SIGINT. */
  async untilUnmounted(signals: ServerSignals): Promise<number> {
    // While no worker can be started there may be nothing else that Node waits for.
    const mounted = setInterval(() => {}, LONG_MS);
    this.#beginPolling(this.config.pollSeconds);
    signals.handOver({ unmount: (signal) => this.#unmount(signal), look: () => this.#look() });
    await this.pool.unmounted;
    await this.control.close();
    await this.runDirectory.release();
    this.logger.info('unmounted');
    clearInterval(mounted);
    return this.pool.gaveUp ? 1 : 0;
  }

  #unmount(signal: NodeJS.Signals): void {
    this.logger.info(`${signal}: unmounting`);
    this.manager.stopping();
    this.session.unmount();
  }

  #beginPolling(seconds: number): void {
    if (seconds > 0) setInterval(() => this.#look(), seconds * 1000).unref();
  }

  #look(): void {
    this.watch.look();
    this.pool.wake();
    this.manager.update(() => this.status.report());
  }
}

/** Comes to terms with the kernel, and gives up file maps where it will not have the device. */
function agree(registrar: Registrar, config: ServerConfig, device: Device, logger: Logger): Negotiated {
  const facts = { fmap: config.fmap, deviceKind: device.kind, privileged: isPrivileged() };
  const agreed = negotiate(registrar.fuseFd, facts);
  const choice = attachDevice(agreed, registrar, `/proc/self/fd/${device.fd}`);
  logger.info(`files are served by the strategy ${choice.strategy}: ${choice.reason}`);
  return { ...agreed, ...choice };
}

function mountOptions(config: ServerConfig): string[] {
  const options = [
    `fsname=${config.device.replace(/[\\,]/g, '\\$&')}`,
    'subtype=famfs',
    'default_permissions',
    'noatime',
    `max_read=${MAX_READ}`,
    ...config.kernelOptions,
  ];
  if (config.allowOther) options.push('allow_other');
  if (config.readOnly) options.push('ro');
  return options;
}

function stateOf({ device, directory }: ServerConfig, role: Role): ServerState {
  return { pid: process.pid, device, directory, role, startedAt: new Date().toISOString() };
}

async function idOfMount(directory: string): Promise<string> {
  const { dev } = await stat(directory);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  return `${major}-${minor}`;
}
