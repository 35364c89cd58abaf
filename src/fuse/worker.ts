import { closeSync, readSync, writeSync, writevSync } from 'node:fs';
import { openDevice } from '../device/open';
import { errnoOf, FamfsError } from '../errors';
import { isError } from '../log/findings';
import { inspectHeader } from '../log/header';
import { logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock } from '../log/superblock';
import { dieWithParent } from '../native/libc';
import type { Served } from '../server-contract';
import type { WorkerConfig } from './config';
import { errnoFor, Refusal } from './errno';
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

/** The descriptors that a worker is given: /dev/fuse, and a pipe on which it says what it serves. */
export const WORKER_FUSE_FD = 3;
export const WORKER_PIPE_FD = 4;

const SIGKILL = 9;
const NO_REPLY: ReadonlySet<number> = new Set([OP.FORGET, OP.BATCH_FORGET, OP.INTERRUPT]);

/**
 * Serves requests until the file system is unmounted. Blocks the process: requests are read, answered and read again
 * by plain system calls, which are four times as fast as asynchronous ones.
 */
export function serve(config: WorkerConfig): void {
  dieWithParent(SIGKILL);
  const logger = new Logger(config.logLevel, 'worker');
  const server = openServer(config, logger);
  const request = Buffer.alloc(REQUEST_BYTES);
  for (;;) {
    const length = nextRequest(request);
    if (length === undefined) break;
    const header = readHeader(request);
    if (NO_REPLY.has(header.opcode)) continue;
    answer(server, request.subarray(0, length), header, logger);
    if (header.opcode === OP.DESTROY) break;
  }
  server.close();
}

function openServer(config: WorkerConfig, logger: Logger): FileServer {
  const device = openDevice(config.device, { writable: !config.readOnly, noSync: config.noSync });
  const superblock = loadSuperblock(device);
  const replay = new Replay(device, superblock, (found) => {
    const line = `log entry ${found.entry ?? '-'}: ${found.code}: ${found.detail}`;
    if (isError(found)) logger.error(line);
    else logger.warn(line);
  });
  const { nextIndex } = inspectHeader(device, superblock.logLength).counters;
  replay.to(Math.min(nextIndex, logCapacity(superblock.logLength)));
  announce(replay);
  logger.info(`serving ${replay.tree.fileCount} files, ${replay.tree.directoryCount} directories`);
  return new FileServer(device, replay, config);
}

function announce({ tree, counts }: Replay): void {
  const served: Served = {
    files: tree.fileCount,
    directories: tree.directoryCount,
    notServed: counts.corrupt + counts.rejected + counts.unlinked,
  };
  writeSync(WORKER_PIPE_FD, `${JSON.stringify(served)}\n`);
  closeSync(WORKER_PIPE_FD);
}

/** Reads the next request; its length, or undefined when the file system is unmounted. */
function nextRequest(request: Buffer): number | undefined {
  for (;;) {
    try {
      return readSync(WORKER_FUSE_FD, request, 0, request.length, null);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENODEV') return undefined;
      // ENOENT: the request was interrupted before it could be read.
      if (code !== 'EINTR' && code !== 'EAGAIN' && code !== 'ENOENT') throw error;
    }
  }
}

const outHeader = Buffer.alloc(OUT_HEADER_BYTES);

function answer(server: FileServer, request: Buffer, header: RequestHeader, logger: Logger): void {
  try {
    reply(header.unique, 0, server.handle(request, header));
  } catch (error) {
    const errno = errnoFor(error);
    report(logger, header, errno, error);
    reply(header.unique, errno, []);
  }
}

function reply(unique: bigint, errno: number, body: readonly Buffer[]): void {
  const length = body.reduce((sum, piece) => sum + piece.length, OUT_HEADER_BYTES);
  writeOutHeader(outHeader, length, errno, unique);
  try {
    writevSync(WORKER_FUSE_FD, [outHeader, ...body]);
  } catch (error) {
    const code = errnoOf(error);
    // ENOENT: the caller was killed meanwhile and nobody waits for this reply.
    if (code === 'ENOENT' || code === 'ENODEV') return;
    if (code !== 'EFAULT') throw error;
    throw new FamfsError('device-io', 'a page of the device cannot be read');
  }
}

function report(logger: Logger, { opcode, node }: RequestHeader, errno: number, error: unknown): void {
  const what = `opcode ${opcode}, inode ${node}: errno ${errno}`;
  if (error instanceof Refusal) {
    logger.debug(() => `${what} ${error.message}`);
    if (error.message !== '') logger.info(`refused (${what}): ${error.message}`);
  } else if (error instanceof FamfsError) logger.error(`${what}: ${error.message}`);
  else logger.error(`${what}: ${error instanceof Error ? error.stack : error}`);
}
