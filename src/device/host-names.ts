import { readFileSync } from 'node:fs';

/** The administrator's names for hosts: a line `UUID NAME` for each, `#` begins a comment. It need not be there. */
export const HOSTS_PATH = '/opt/famfs/hosts';

const LINE = /^\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+([\w.-]{1,253})\s*(?:#.*)?$/i;

/** The name that the host with a system UUID has in /opt/famfs/hosts. Lines that cannot be read count as not there. */
export function hostName(uuid: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(HOSTS_PATH, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split('\n')) {
    const [, host = '', name] = LINE.exec(line) ?? [];
    if (host.toLowerCase() === uuid) return name;
  }
  return undefined;
}

/** A host for messages: its name and UUID, or the UUID alone. */
export function describeHost(uuid: string): string {
  const name = hostName(uuid);
  return name === undefined ? uuid : `${name} (${uuid})`;
}

/** Which host that is, for people who have to go there. */
export function whereHostIs(uuid: string): string {
  return hostName(uuid) ?? `the host whose /opt/famfs/system_uuid holds ${uuid}`;
}
