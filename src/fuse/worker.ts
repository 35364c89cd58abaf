import { closeSync, readSync, writeSync, writevSync } from 'node:fs';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { isError } from '../log/findings';
import { inspectHeader } from '../log/header';
import { logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock } from '../log/superblock';
import { dieWithParent, interruptSystemCallsOn } from '../native/signals';
import type { WorkerConfig } from './config';
import { EIO, errnoFor, Refusal } from './errno';
import { FileServer } from './file-server';
import { Logger } from './logger';
import {
  OP,
  OUT_HEADER_BYTES,
  REQUEST_BYTES,
  type RequestHeader,
  readHeader,
  writeOutHeader,
} from './protocol';
import { SharedState } from './shared-state';
import type { WorkerPage } from './worker-page';

/** The descriptors that a worker is given: /dev/fuse, the shared state, and a pipe on which it says that it serves. */
export const WORKER_FD = { fuse: 3, state: 4, pipe: 5 } as const;

/** Sent by the supervisor to have a worker look at the shared state. */
export const ATTENTION = 'SIGUSR2';

const NO_REPLY: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT]);

/**
 * Serves requests until the file system is unmounted. Blocks the process: requests are read, answered and read again
 * by plain system calls, which are four times as fast as asynchronous ones.
 */
export function serve(config: WorkerConfig): void {
  dieWithParent();
  interruptSystemCallsOn(ATTENTION);
  const logger = new Logger(config.logLevel, 'worker');
  const device = openDevice(config.device, { writable: !config.readOnly, noSync: config.noSync });
  const superblock = loadSuperblock(device);
  const shared = new SharedState(WORKER_FD.state, superblock.logLength);
  logger.follow(shared);
  const page = shared.workers[config.slot] as WorkerPage;
  const replay = new Replay(device, superblock, (found) => {
    const line = `log entry ${found.entry ?? '-'}: ${found.code}: ${found.detail}`;
    if (isError(found)) logger.error(line);
    else logger.warn(line);
  });
  const { nextIndex } = inspectHeader(device, superblock.logLength).counters;
  replay.to(Math.min(nextIndex, logCapacity(superblock.logLength)));
  page.setReplayed(replay);
  shared.wantEntries(replay.counts.entries);
  logger.info(`serving ${replay.tree.fileCount} files, ${replay.tree.directoryCount} directories`);
  writeSync(WORKER_FD.pipe, 'serving\n');
  closeSync(WORKER_FD.pipe);
  new RequestLoop(new FileServer(device, replay, config, shared, page), shared, page, logger).run();
}

class RequestLoop {
  /** Written to at once, so that its pages are there: the kernel fails a request it cannot copy to a dying process. */
  readonly #request = Buffer.alloc(REQUEST_BYTES, 1);
  readonly #outHeader = Buffer.alloc(OUT_HEADER_BYTES);

  constructor(
    private readonly server: FileServer,
    private readonly shared: SharedState,
    private readonly page: WorkerPage,
    private readonly logger: Logger,
  ) {}

  run(): void {
    const { page, shared } = this;
    const request = this.#request;
    page.setReady();
    for (;;) {
      if (shared.pause !== 0) this.#sitOutPause();
      const length = this.#next();
      if (length === INTERRUPTED) continue;
      if (length === UNMOUNTED) break;
      const started = performance.now();
      const header = readHeader(request);
      page.take(request.readInt32LE(8), request.readInt32LE(12), header.opcode, header.node);
      const failed = !NO_REPLY.has(header.opcode) && this.#answer(request.subarray(0, length), header);
      page.done(header.opcode, (performance.now() - started) * 1000, failed);
      if (header.opcode === OP.DESTROY) break;
    }
    this.server.close();
  }

  /** Holds no request and takes none while the supervisor has the kernel resend what a dead worker had. */
  #sitOutPause(): void {
    const nap = new Int32Array(new SharedArrayBuffer(4));
    for (let pause = this.shared.pause; pause !== 0; pause = this.shared.pause) {
      this.page.paused = pause;
      Atomics.wait(nap, 0, 0, 1);
    }
  }

  /** Reads the next request; its length, or INTERRUPTED, or UNMOUNTED. */
  #next(): number {
    try {
      return readSync(WORKER_FD.fuse, this.#request, 0, REQUEST_BYTES, null);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENODEV') return UNMOUNTED;
      // ENOENT: the request was withdrawn before it could be read.
      if (code === 'EINTR' || code === 'EAGAIN' || code === 'ENOENT') return INTERRUPTED;
      throw error;
    }
  }

  /** Returns whether the answer was an error. */
  #answer(request: Buffer, header: RequestHeader): boolean {
    try {
      const body = this.server.handle(request, header);
      this.#reply(header.unique, 0, body);
      if (header.opcode === OP.READ) this.page.countRead(lengthOf(body));
      return false;
    } catch (error) {
      const errno = errnoFor(error);
      this.#report(header, errno, error);
      this.#reply(header.unique, errno, []);
      return true;
    }
  }

  #reply(unique: bigint, errno: number, body: readonly Buffer[]): void {
    writeOutHeader(this.#outHeader, OUT_HEADER_BYTES + lengthOf(body), errno, unique);
    try {
      writevSync(WORKER_FD.fuse, [this.#outHeader, ...body]);
    } catch (error) {
      const code = errnoOf(error);
      // ENOENT: the caller was killed meanwhile and nobody waits for this reply.
      if (code === 'ENOENT' || code === 'ENODEV') return;
      if (code !== 'EFAULT') throw error;
      this.shared.failDevice();
      throw new FamfsError('device-io', 'a page of the device cannot be read');
    }
  }

  #report({ opcode, node }: RequestHeader, errno: number, error: unknown): void {
    const what = `opcode ${opcode}, inode ${node}: errno ${errno}`;
    if (error instanceof Refusal) {
      if (error.message === '') this.logger.debug(() => what);
      else this.logger.info(`refused (${what}): ${error.message}`);
      return;
    }
    if (error instanceof FamfsError) {
      if (errno === EIO) this.shared.failDevice();
      this.logger.error(`${what}: ${error.message}`);
    } else this.logger.error(`${what}: ${error instanceof Error ? error.stack : error}`);
  }
}

const INTERRUPTED = -1;
const UNMOUNTED = -2;

function lengthOf(body: readonly Buffer[]): number {
  let length = 0;
  for (const piece of body) length += piece.length;
  return length;
}
