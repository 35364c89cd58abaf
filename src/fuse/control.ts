import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { controlSocket, LogLevelBody } from '../server-contract';
import { LOG_LEVELS } from '../types';
import type { LogWatch } from './log-watch';
import { renderMetrics } from './metrics';
import type { Parts } from './parts';
import type { ServerStatus } from './status';

const MOST_BODY_BYTES = 4096;

type ControlParts = Pick<Parts, 'device' | 'logger' | 'shared'> & {
  readonly status: ServerStatus;
  readonly watch: LogWatch;
};

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
}

type Route = (body: string) => Answer | Promise<Answer>;

/** HTTP on a Unix socket beside the mount: status, metrics, log level, and requests to look at the log or to flush. */
export class ControlServer {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {}

  /** Listens on the socket of a mount, for its owner alone. */
  static async listen(mountId: string, parts: ControlParts): Promise<ControlServer> {
    const path = controlSocket(mountId);
    rmSync(path, { force: true });
    const routes = routesOf(parts);
    const server = createServer((request, response) => {
      void respond(routes, request, response).catch((error: Error) => {
        parts.logger.error(`control: ${request.method} ${request.url}: ${error.message}`);
        response.destroy();
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    chmodSync(path, 0o600);
    server.unref();
    return new ControlServer(server, path);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
    rmSync(this.path, { force: true });
  }
}

function routesOf({ device, logger, shared, status, watch }: ControlParts): Map<string, Route> {
  const ok = (body: unknown): Answer => ({ status: 200, body });
  const logLevel = () => ok({ level: LOG_LEVELS[shared.logLevel] });
  return new Map<string, Route>([
    ['GET /status', () => ok(status.report())],
    ['GET /metrics', async () => ({ status: 200, ...(await renderMetrics(status.report())) })],
    ['GET /log-level', logLevel],
    [
      'PUT /log-level',
      (body) => {
        const { level } = LogLevelBody.parse(JSON.parse(body));
        shared.logLevel = LOG_LEVELS.indexOf(level);
        logger.info(`log level is ${level} now`);
        return logLevel();
      },
    ],
    [
      'POST /replay',
      () => {
        watch.look();
        return ok({ entries: shared.wantedEntries, frozen: shared.frozen ?? null });
      },
    ],
    [
      'POST /flush',
      () => {
        device.flush(0, device.size);
        device.fence();
        return ok({});
      },
    ],
  ]);
}

async function respond(
  routes: Map<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(routes, request);
  const isText = typeof answer.body === 'string';
  const body = isText ? (answer.body as string) : `${JSON.stringify(answer.body)}\n`;
  const type = answer.type ?? 'application/json';
  response.writeHead(answer.status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function answerTo(routes: Map<string, Route>, request: IncomingMessage): Promise<Answer> {
  const path = request.url ?? '/';
  const route = routes.get(`${request.method} ${path}`);
  if (!route) {
    const methods = [...routes.keys()]
      .filter((key) => key.endsWith(` ${path}`))
      .map((key) => key.split(' ')[0]);
    if (methods.length === 0) return { status: 404, body: { error: `${path}: no such path` } };
    return { status: 405, body: { error: `${path} takes ${methods.join(' and ')}` } };
  }
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES) {
    return { status: 413, body: { error: `a body has at most ${MOST_BODY_BYTES} bytes` } };
  }
  try {
    return await route(await text(request));
  } catch (error) {
    return { status: 400, body: { error: (error as Error).message } };
  }
}
