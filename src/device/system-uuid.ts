import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, FamfsError } from '../errors';
import { makeDirectories } from '../make-directories';

/** Where a host keeps its identity; shared with the reference. */
export const SYSTEM_UUID_PATH = '/opt/famfs/system_uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_CHARACTERS = 36;
const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/**
 * This host's UUID, lower case: FAMFS_SYSTEM_UUID, or the first 36 characters of /opt/famfs/system_uuid.
 * Undefined when the host has none yet. Throws FamfsError `system-uuid` when it is malformed: it is never replaced,
 * since a new identity would make this host a client of its own file systems.
 */
export function systemUuid(): string | undefined {
  const override = process.env.FAMFS_SYSTEM_UUID;
  if (override !== undefined) return parse(override, 'FAMFS_SYSTEM_UUID');
  try {
    return parse(readFileSync(SYSTEM_UUID_PATH, 'latin1').slice(0, UUID_CHARACTERS), SYSTEM_UUID_PATH);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT' && !leadsNowhere(SYSTEM_UUID_PATH)) return undefined;
    if (cause instanceof FamfsError) throw cause;
    throw new FamfsError('system-uuid', `${SYSTEM_UUID_PATH}: cannot be read: ${errnoOf(cause)}`, undefined, {
      cause,
    });
  }
}

/** What this host is to a file system of the owner with this UUID. Throws as `systemUuid`. */
export function roleHere(ownerUuid: string): 'owner' | 'client' {
  return ownerUuid === systemUuid() ? 'owner' : 'client';
}

/**
 * This host's UUID; a host without one gets a random one, in a file that all may read, created whole: of several
 * processes that do this at once, one gives all of them theirs.
 */
export function ensureSystemUuid(): string {
  const existing = systemUuid();
  if (existing) return existing;
  try {
    create();
  } catch (cause) {
    throw new FamfsError(
      'system-uuid',
      `${SYSTEM_UUID_PATH}: cannot be created: ${errnoOf(cause)}`,
      process.geteuid?.() === 0
        ? 'set FAMFS_SYSTEM_UUID, or have that directory where it can be written'
        : 'run this once as root, or set FAMFS_SYSTEM_UUID',
      { cause },
    );
  }
  const created = systemUuid();
  if (!created) throw new FamfsError('system-uuid', `${SYSTEM_UUID_PATH}: vanished while it was created`);
  return created;
}

function create(): void {
  const directory = dirname(SYSTEM_UUID_PATH);
  const uuid = crypto.randomUUID();
  const temporary = `${SYSTEM_UUID_PATH}.${uuid}`;
  if (makeDirectories(directory)) chmodSync(directory, 0o755);
  const fd = openSync(temporary, 'wx', 0o644);
  try {
    fchmodSync(fd, 0o644); // whatever the umask took away
    writeFileSync(fd, `${uuid}\n`);
    fsyncSync(fd);
    linkSync(temporary, SYSTEM_UUID_PATH);
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST') throw cause;
  } finally {
    closeSync(fd);
    unlinkSync(temporary);
  }
  sync(directory);
}

function sync(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whether what was not found at `path` is a symbolic link to nothing; a file would have been made since. */
function leadsNowhere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function parse(text: string, source: string): string {
  const uuid = text.trim().toLowerCase();
  if (UUID.test(uuid) && uuid !== NIL_UUID) return uuid;
  const hint =
    source === SYSTEM_UUID_PATH
      ? 'restore it from a backup: a host with another UUID is a client of the file systems it made'
      : 'give 32 hexadecimal digits as 8-4-4-4-12, or leave the variable out';
  throw new FamfsError(
    'system-uuid',
    `${source}: not a UUID: ${JSON.stringify(text.slice(0, UUID_CHARACTERS))}`,
    hint,
  );
}
