import { readSync, writevSync } from 'node:fs';
import { errnoOf, FamfsError } from '../errors';
import { EINVAL, EIO, errnoFor, Refusal } from './errno';
import type { Logger } from './logger';
import {
  IN_HEADER_BYTES,
  OP,
  OUT_HEADER_BYTES,
  REQUEST_BYTES,
  type RequestHeader,
  readHeader,
  wantsReply,
  writeOutHeader,
} from './protocol';
import { DeviceFailure } from './served-devices';
import type { SharedState } from './shared-state';
import type { WorkerPage } from './worker-page';

/** The body of a reply, in pieces for writev, none of them empty; no piece for success without a body. */
export type ReplyBody = readonly Buffer[];

/** What answers requests. */
export interface RequestHandler {
  /** The reply's body. Throws Refusal, or an error of the device, for what gets an errno. */
  handle(request: Buffer, header: RequestHeader): ReplyBody;
  /** Called before each wait for a request, which ends early when the shared state changed. */
  catchUpWithOthers(): void;
  /** Called when a page of the last reply could not be read. Returns the error to report, FamfsError `device-io`. */
  unreadable(): FamfsError;
  /** Called when the file system is unmounted. */
  close(): void;
}

/** Where `unique` ends in a request: one that has as much can be told that it is malformed. */
const UNIQUE_END = 16;

const INTERRUPTED = -1;
const UNMOUNTED = -2;

/**
 * Reads requests from a descriptor, has them answered and writes the replies, one at a time and blocking. A descriptor
 * of /dev/fuse, or any other that keeps the boundaries of messages: a socket of the kind SOCK_SEQPACKET will do.
 */
export class RequestLoop {
  /** Written to at once, so that its pages are there: the kernel fails a request it cannot copy to a dying process. */
  readonly #request = Buffer.alloc(REQUEST_BYTES, 1);
  readonly #outHeader = Buffer.alloc(OUT_HEADER_BYTES);

  constructor(
    private readonly fuseFd: number,
    private readonly server: RequestHandler,
    private readonly shared: SharedState,
    private readonly page: WorkerPage,
    private readonly logger: Logger,
  ) {}

  /** Serves until the file system is unmounted. */
  run(): void {
    this.page.setReady();
    while (this.step());
    this.server.close();
  }

  /** Waits for the next request and answers it. False when the file system is unmounted. */
  step(): boolean {
    const { page } = this;
    const request = this.#request;
    if (this.shared.pause !== 0) this.#sitOutPause();
    this.server.catchUpWithOthers();
    const length = this.#next();
    if (length === INTERRUPTED) return true;
    if (length === UNMOUNTED) return false;
    if (length < IN_HEADER_BYTES) {
      this.#refuseFragment(length);
      return true;
    }
    const started = performance.now();
    const header = readHeader(request);
    page.take(request.readInt32LE(8), request.readInt32LE(12), header.opcode, header.node);
    const failed = wantsReply(header) && this.#answer(request.subarray(0, length), header);
    page.done(header.opcode, (performance.now() - started) * 1000, failed);
    return header.opcode !== OP.DESTROY;
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
      const length = readSync(this.fuseFd, this.#request, 0, REQUEST_BYTES, null);
      return length === 0 ? UNMOUNTED : length;
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
      if (header.length !== request.length) {
        throw new Refusal(EINVAL, `a request of ${request.length} bytes that says it has ${header.length}`);
      }
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

  #refuseFragment(length: number): void {
    this.logger.error(`a request of ${length} bytes: shorter than its header`);
    if (length < UNIQUE_END) return;
    const unique = this.#request.readBigUInt64LE(UNIQUE_END - 8);
    if (unique !== 0n) this.#reply(unique, EINVAL, []);
  }

  #reply(unique: bigint, errno: number, body: ReplyBody): void {
    writeOutHeader(this.#outHeader, OUT_HEADER_BYTES + lengthOf(body), errno, unique);
    try {
      writevSync(this.fuseFd, [this.#outHeader, ...body]);
    } catch (error) {
      const code = errnoOf(error);
      // ENOENT: the caller was killed meanwhile and nobody waits for this reply.
      if (code === 'ENOENT' || code === 'ENODEV') return;
      if (code !== 'EFAULT') throw error;
      throw this.server.unreadable();
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
      if (error.code === 'device-io' && errno === EIO) {
        this.shared.failDevice(error instanceof DeviceFailure ? error.index : 0);
      }
      this.logger.error(`${what}: ${error.message}`);
    } else this.logger.error(`${what}: ${error instanceof Error ? error.stack : error}`);
  }
}

function lengthOf(body: ReplyBody): number {
  let length = 0;
  for (const piece of body) length += piece.length;
  return length;
}
