import type { Ownership } from '../operations/owner';
import { renderTable } from './table';

/** Who owns a file system and what this host is to it, a line for each. */
export function describeOwner({ ownerName, ownerUuid, role, systemUuid }: Ownership): string {
  return renderTable([
    ['owner', ownerName === undefined ? ownerUuid : `${ownerUuid} (${ownerName})`],
    ['this host', `${systemUuid ?? 'no system UUID'} (${role === 'owner' ? 'the owner' : 'a client'})`],
  ]);
}
