import { renameSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { LogLevelBody, type ReplayAnswer, ReplayBody } from '../server-contract';
import { controlSocket } from '../server-place';
import { LOG_LEVELS, type LogLevel, MOST_INODES } from '../types';
import type { LogWatch } from './log-watch';
import { renderMetrics } from './metrics';
import { dropCached } from './notify';
import type { Parts } from './parts';
import type { WorkerPool } from './pool';
import type { ServerStatus } from './status';

const MOST_BODY_BYTES = 4096;

type ControlParts = Pick<Parts, 'devices' | 'logger' | 'session' | 'shared'> & {
  readonly status: ServerStatus;
  readonly watch: LogWatch;
  readonly pool: WorkerPool;
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

type Route = (body: string) => Answer | Promise<Answer>;

/** HTTP on a Unix socket beside the mount: status, metrics, log level, and requests to look at the log or to flush. */
export class ControlServer {
  private constructor(private readonly server: Server) {}

  /**
   * Listens in a run directory, for the owner of the mount alone. The socket gets its name by a rename: it replaces
   * one that a killed server left, and closing it does not remove that of a later mount.
   */
  static async listen(directory: string, parts: ControlParts): Promise<ControlServer> {
    const path = controlSocket(directory);
    const ownPath = `${path}.${process.pid}`;
    const routes = routesOf(parts);
    const server = createServer((request, response) => {
      void respond(routes, request, response).catch((error: Error) => {
        parts.logger.error(`control: ${request.method} ${request.url}: ${error.message}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The socket is made within listen(), and has this mode from the first.
      const umask = process.umask(0o177);
      server.listen(ownPath, resolve);
      process.umask(umask);
    });
    renameSync(ownPath, path);
    server.unref();
    return new ControlServer(server);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

function routesOf({
  devices,
  logger,
  pool,
  session,
  shared,
  status,
  watch,
}: ControlParts): Map<string, Route> {
  const ok = (body: unknown): Answer => ({ status: 200, body });
  const logLevel = () => ok({ level: LOG_LEVELS[shared.logLevel] });
  return new Map<string, Route>([
    ['GET /status', () => ok(status.report())],
    ['GET /metrics', async () => ({ status: 200, ...(await renderMetrics(status.report())) })],
    ['GET /log-level', logLevel],
    [
      'PUT /log-level',
      (body) => {
        const { level } = parseLogLevel(body);
        shared.logLevel = LOG_LEVELS.indexOf(level);
        logger.info(`log level is ${level} now`);
        return logLevel();
      },
    ],
    [
      'POST /replay',
      async (body) => {
        await Promise.all(parseOverwritten(body).map((ino) => dropCached(session.fd, ino)));
        watch.look();
        pool.wake();
        const answer: ReplayAnswer = { entries: shared.wantedEntries, frozen: shared.frozen ?? null };
        return ok(answer);
      },
    ],
    [
      'POST /flush',
      async () => {
        await devices.flush();
        return ok({});
      },
    ],
  ]);
}

/** An answer in place of the one that was asked for. */
class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

function parseLogLevel(body: string): { level: LogLevel } {
  try {
    return LogLevelBody.parse(JSON.parse(body));
  } catch {
    throw new HttpError(400, `the body must be {"level": LEVEL}, LEVEL being ${LOG_LEVELS.join(', ')}`);
  }
}

function parseOverwritten(body: string): readonly number[] {
  if (body === '') return [];
  try {
    return ReplayBody.parse(JSON.parse(body)).overwritten;
  } catch {
    throw new HttpError(400, `the body must be {"overwritten": [INODE...]}, ${MOST_INODES} of them at most`);
  }
}

async function respond(
  routes: Map<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(routes, request).catch(failureOf);
  const isText = typeof answer.body === 'string';
  const body = isText ? (answer.body as string) : `${JSON.stringify(answer.body)}\n`;
  const type = answer.type ?? 'application/json';
  const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body), ...answer.headers };
  response.writeHead(answer.status, headers);
  response.end(body);
}

async function answerTo(routes: Map<string, Route>, request: IncomingMessage): Promise<Answer> {
  const path = request.url ?? '/';
  const route = routes.get(`${request.method} ${path}`);
  if (route) return route(await bodyOf(request));
  const methods = [...routes.keys()]
    .filter((key) => key.endsWith(` ${path}`))
    .map((key) => key.split(' ')[0]);
  if (methods.length === 0) throw new HttpError(404, `${path}: no such path`);
  throw new HttpError(405, `${path} takes ${methods.join(' and ')}`, { allow: methods.join(', ') });
}

function failureOf(error: unknown): Answer {
  const { message } = error as Error;
  if (!(error instanceof HttpError)) return { status: 500, body: { error: message } };
  return { status: error.status, headers: error.headers, body: { error: message } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) {
      throw new HttpError(413, `a body has at most ${MOST_BODY_BYTES} bytes`, { connection: 'close' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
