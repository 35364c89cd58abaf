import { z } from 'zod';
import { errnoOf, FamfsError } from '../errors';
import { ControlFailure, LogLevelBody, ReplayAnswer, StatusReport } from '../server-contract';
import { controlSocket, findRunDirectory } from '../server-place';
import type { LogLevel } from '../types';
import { type Mount, noServer } from './mounts';

/** A server answers from memory: one that takes longer is stuck. */
const TIMEOUT_MS = 5000;
/** A flush waits for all that was written to reach the medium. */
const FLUSH_TIMEOUT_MS = 10 * 60_000;
interface Request {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/**
 * Asks the server of a mount over its control socket. All methods throw FamfsError `no-server` when nothing there
 * answers in time or makes sense, and `no-permission` when the mount is another user's.
 */
export class ServerClient {
  constructor(private readonly mount: Mount) {}

  status(): Promise<StatusReport> {
    return this.#ask(StatusReport, { method: 'GET', path: '/status' });
  }

  /** Has the server look at the log now, and the kernel drop what it cached of inodes that were overwritten in place. */
  replay(overwritten: readonly number[] = [], timeoutMs = TIMEOUT_MS): Promise<ReplayAnswer> {
    return this.#ask(ReplayAnswer, { method: 'POST', path: '/replay', body: { overwritten }, timeoutMs });
  }

  /** Makes all that was written through the mount durable. */
  async flush(): Promise<void> {
    await this.#ask(z.object({}), { method: 'POST', path: '/flush', timeoutMs: FLUSH_TIMEOUT_MS });
  }

  /** How much the server's log tells; with `level`, from now on. */
  async logLevel(level?: LogLevel): Promise<LogLevel> {
    const path = '/log-level';
    const request: Request = level ? { method: 'PUT', path, body: { level } } : { method: 'GET', path };
    return (await this.#ask(LogLevelBody, request)).level;
  }

  async #ask<T extends z.ZodType>(schema: T, request: Request): Promise<z.output<T>> {
    const { mount } = this;
    const user = process.geteuid?.() ?? 0;
    if (user !== 0 && user !== mount.uid) throw this.#forbidden();
    const socketPath = controlSocket(findRunDirectory(mount.id, mount.uid));
    const { status, text } = await exchange(socketPath, request).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    const answer = parseJson(text);
    if (status >= 400) {
      const said = ControlFailure.safeParse(answer);
      throw this.#noServer(`answers ${status}${said.success ? `: ${said.data.error}` : ''}`);
    }
    const checked = schema.safeParse(answer);
    if (checked.success) return checked.data;
    throw this.#noServer('answers what this famfs does not understand: it may be of another version');
  }

  #unreachable(cause: unknown): FamfsError {
    const code = errnoOf(cause);
    if (code === 'EACCES' || code === 'EPERM') return this.#forbidden(cause);
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return this.#noServer('is dead', cause);
    return this.#noServer(`does not answer: ${(cause as Error).message}`, cause);
  }

  #forbidden(cause?: unknown): FamfsError {
    const { directory, uid } = this.mount;
    const what = `mounted by user ${uid}, whose server answers that user and root alone`;
    return new FamfsError('no-permission', `${directory}: ${what}`, undefined, { cause });
  }

  #noServer(what: string, cause?: unknown): FamfsError {
    return noServer(this.mount.directory, what, cause);
  }
}

async function exchange(
  socketPath: string,
  { method, path, body, timeoutMs = TIMEOUT_MS }: Request,
): Promise<{ status: number; text: string }> {
  const [{ request }, { text }] = await Promise.all([import('node:http'), import('node:stream/consumers')]);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const onError = (error: Error) =>
      reject(signal.aborted ? new Error(`nothing came within ${timeoutMs} ms`) : error);
    const asked = request({ socketPath, method, path, agent: false, signal }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 500, text: said }), onError);
    });
    asked.on('error', onError);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
