import { chmodSync, existsSync, lstatSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withDirectoryLock } from '../device/directory-lock';
import { errnoOf, FamfsError } from '../errors';
import { makeDirectories } from '../make-directories';
import type { ServerState } from '../server-contract';
import { hintDirectory, isServer, runDirectory, serverIn, stateFile } from '../server-place';
import type { Logger } from './logger';

/** A directory without a state is of a server that is just starting, until it is this old. */
const STARTING_MS = 60_000;

/**
 * The directory in which a server keeps its state while its mount is there. The kernel gives the number that names it
 * to the next mount as soon as this one is gone, so a server takes over and removes only what bears its own name. One at a
 * time looks at what is there and changes it.
 */
export class RunDirectory {
  private constructor(
    readonly path: string,
    private readonly logger: Logger,
  ) {}

  /**
   * Makes the directory that holds the run directories of this user's servers, and removes what dead ones left there.
   * Throws FamfsError `no-permission` when it cannot be made, or when others could put something there.
   */
  static async prepareBase(logger: Logger): Promise<void> {
    const base = dirname(runDirectory('any'));
    try {
      makeDirectories(base, isRoot() ? 0o755 : 0o700);
      checkBase(base);
      await withDirectoryLock(base, logger, () => {
        const paths = readdirSync(base).map((name) => join(base, name));
        for (const path of paths) if (path !== hintDirectory()) removeIfStale(path);
      });
    } catch (cause) {
      throw refused(base, 'cannot be used', cause);
    }
  }

  /** Takes the directory of a mount for this process. Throws FamfsError `no-permission` when it cannot be made. */
  static async claim(mountId: string, state: ServerState, logger: Logger): Promise<RunDirectory> {
    const claimed = new RunDirectory(runDirectory(mountId), logger);
    try {
      await claimed.#alone(() => {
        makeDirectories(claimed.path, 0o755);
        writeFileSync(stateFile(claimed.path), `${JSON.stringify(state)}\n`, { mode: 0o644 });
      });
    } catch (cause) {
      throw refused(claimed.path, 'cannot be made', cause);
    }
    return claimed;
  }

  /** Removes the directory, unless the server of a later mount has taken it. */
  async release(): Promise<void> {
    await this.#alone(() => {
      if (serverIn(this.path) === process.pid) rmSync(this.path, { recursive: true, force: true });
    });
  }

  #alone(work: () => void): Promise<void> {
    return withDirectoryLock(dirname(this.path), this.logger, work);
  }
}

/** Others must not be able to put a directory there that passes for a server's. */
function checkBase(base: string): void {
  const stats = lstatSync(base);
  const { mode, uid } = stats;
  if (!stats.isDirectory()) throw unusable(base, 'is not a directory');
  if (uid !== process.geteuid?.()) throw unusable(base, `belongs to user ${uid}`);
  const shared = isRoot() ? 0o022 : 0o077;
  if ((mode & shared) !== 0) chmodSync(base, mode & 0o777 & ~shared);
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** What to throw where the system refused something; what was told already is thrown on. */
function refused(path: string, what: string, cause: unknown): FamfsError {
  return cause instanceof FamfsError ? cause : unusable(path, `${what}: ${errnoOf(cause)}`, cause);
}

function unusable(base: string, why: string, cause?: unknown): FamfsError {
  return new FamfsError(
    'no-permission',
    `${base}: ${why}, so no server can keep its state there`,
    isRoot()
      ? 'famfs needs /run/famfs, a directory of root that can be written'
      : 'remove it, or have XDG_RUNTIME_DIR name a directory of yours',
    { cause },
  );
}

function removeIfStale(path: string): void {
  const pid = serverIn(path);
  const stale = pid === undefined ? ageOf(path) > STARTING_MS : !isServer(pid);
  if (stale) rmSync(path, { recursive: true, force: true });
}

/** Milliseconds since something was last put into a directory. */
function ageOf(path: string): number {
  if (existsSync(stateFile(path))) return Number.POSITIVE_INFINITY;
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
}
