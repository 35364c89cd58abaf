import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MountStatus } from '../../src/operations/status';
import type { StatusReport } from '../../src/server-contract';
import { command, commandOk, famfsOk, type RunOptions } from './run';

const EVENTUALLY_MS = 30_000;
const POLL_MS = 20;

/** Waits until `check` holds; fails when it does not in the end. */
export async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + EVENTUALLY_MS;
  do {
    if (await check()) return;
    await sleep(POLL_MS);
  } while (performance.now() < end);
  throw new Error(`still not so: ${what}`);
}

/** Where root's server of a mount keeps its state. */
export async function runDirectoryOf(mount: string): Promise<string> {
  const { stdout } = await commandOk('findmnt', ['-n', '-o', 'MAJ:MIN', mount]);
  return join('/run/famfs', stdout.trim().replace(':', '-'));
}

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly type: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** One request to the control socket in a run directory. */
export async function ask(
  runDirectory: string,
  method: string,
  path: string,
  body?: string,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const socketPath = join(runDirectory, 'control');
    const asked = request({ socketPath, method, path, agent: false }, (response) => {
      const { headers, statusCode: status = 0 } = response;
      text(response).then((said) => {
        resolve({ status, type: headers['content-type'], headers, body: said });
      }, reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** What `famfs status --json` tells of one mount. */
export async function statusOf(mount: string, options: RunOptions = {}): Promise<StatusReport> {
  const { mounts } = (await famfsOk(['status', '--json', mount], options)).json<{ mounts: MountStatus[] }>();
  const server = mounts[0]?.server;
  if (mounts.length !== 1 || !server) throw new Error(`not the status of ${mount}`);
  return server;
}

/** The errno name with which reading a file fails, or undefined when it can be read. */
export function readFailure(path: string): string | undefined {
  try {
    readFileSync(path);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** Runs a script of shell in a mount name space of its own, which ends, with its mounts, when the script does. */
export function inNamespace(script: string, args: readonly string[] = [], options: RunOptions = {}) {
  return command('unshare', ['--mount', '/bin/bash', '-euc', script, 'bash', ...args], options);
}
