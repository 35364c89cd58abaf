import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, FamfsError } from '../errors';

/** Where a host keeps its identity; shared with the reference. */
export const SYSTEM_UUID_PATH = '/opt/famfs/system_uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID_CHARACTERS = 36;

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
    if (errnoOf(cause) === 'ENOENT') return undefined;
    if (cause instanceof FamfsError) throw cause;
    throw new FamfsError('system-uuid', `${SYSTEM_UUID_PATH}: cannot be read: ${errnoOf(cause)}`, undefined, {
      cause,
    });
  }
}

/** This host's UUID; a host without one gets a random one, in a file created whole (0644). */
export function ensureSystemUuid(): string {
  const existing = systemUuid();
  if (existing) return existing;
  const temporary = `${SYSTEM_UUID_PATH}.${process.pid}`;
  try {
    mkdirSync(dirname(SYSTEM_UUID_PATH), { recursive: true });
    writeFileSync(temporary, `${crypto.randomUUID()}\n`, { mode: 0o644, flush: true });
    try {
      linkSync(temporary, SYSTEM_UUID_PATH);
    } catch (cause) {
      if (errnoOf(cause) !== 'EEXIST') throw cause;
    } finally {
      unlinkSync(temporary);
    }
  } catch (cause) {
    throw new FamfsError(
      'system-uuid',
      `${SYSTEM_UUID_PATH}: cannot be created: ${errnoOf(cause)}`,
      undefined,
      { cause },
    );
  }
  const created = systemUuid();
  if (!created) throw new FamfsError('system-uuid', `${SYSTEM_UUID_PATH}: vanished while it was created`);
  return created;
}

function parse(text: string, source: string): string {
  const uuid = text.trim().toLowerCase();
  if (UUID.test(uuid)) return uuid;
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
