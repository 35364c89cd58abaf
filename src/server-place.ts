import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ServerState } from './server-contract';

/** Where servers keep what others find them by. Apart from the contract, whose schemas take long to load. */

/**
 * Where a server that runs as this process's user keeps the state of a mount; `mountId` is the st_dev of the mount as
 * "major-minor".
 */
export function runDirectory(mountId: string): string {
  return join(runBases(effectiveUid())[0] as string, mountId);
}

/** Where this user's programs note where they found devices: links named by the devices' UUIDs. */
export function hintDirectory(): string {
  return join(runBases(effectiveUid())[0] as string, 'devices');
}

/** Whether there are notes, and they are this user's own: in /tmp, others could have put some there. */
export function hintsAreOwn(): boolean {
  return isOwnedBy(dirname(hintDirectory()), effectiveUid()) && isOwnedBy(hintDirectory(), effectiveUid());
}

/** Where the server of a mount that user `uid` made keeps its state, or would: it may have had other variables. */
export function findRunDirectory(mountId: string, uid: number): string {
  const candidates = runBases(uid).map((base) => join(base, mountId));
  const found = candidates.find((path) => isOwnedBy(dirname(path), uid) && isOwnedBy(path, uid));
  return found ?? (candidates[0] as string);
}

function effectiveUid(): number {
  return process.geteuid?.() ?? 0;
}

/** The directories that may hold run directories of a user's servers, the first of them for new ones. */
function runBases(uid: number): string[] {
  if (uid === 0) return ['/run/famfs'];
  const fallback = join('/tmp', `famfs-${uid}`);
  const systems = join('/run/user', String(uid), 'famfs');
  if (uid !== effectiveUid()) return [systems, fallback];
  const own = process.env.XDG_RUNTIME_DIR;
  return own ? [join(own, 'famfs'), fallback, systems] : [fallback, systems];
}

function isOwnedBy(path: string, uid: number): boolean {
  try {
    const stats = lstatSync(path);
    return stats.isDirectory() && stats.uid === uid;
  } catch {
    return false;
  }
}

/** Run directories of this user's servers that died without removing them. */
export function leftovers(): string[] {
  return runBases(effectiveUid()).flatMap((base) => {
    if (!isOwnedBy(base, effectiveUid())) return [];
    return readdirSync(base)
      .map((name) => join(base, name))
      .filter((path) => {
        const pid = serverIn(path);
        return pid !== undefined && !isServer(pid);
      });
  });
}

/** The Unix socket, in a run directory, on which a server answers HTTP. */
export function controlSocket(directory: string): string {
  return join(directory, 'control');
}

/** The file, in a run directory, in which a server tells who it is. */
export function stateFile(directory: string): string {
  return join(directory, 'server.json');
}

/** The process number of the server that a run directory is of, whether it lives or not. */
export function serverIn(directory: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(stateFile(directory), 'utf8')) as Partial<ServerState>;
    return Number.isSafeInteger(pid) && (pid as number) > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a process is a server that runs. Process numbers are used again, so it must call itself one; a dead process
 * that its parent has not taken note of keeps number and name, but not its state.
 */
export function isServer(pid: number): boolean {
  try {
    const [, name = '', state = ''] =
      /^\d+ \((.*)\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return name.startsWith('famfs') && state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
