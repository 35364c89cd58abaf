import { join } from 'node:path';
import { commandOk } from '../support/run';
import type { Guest } from './rig/rig';

export const DAX = '/dev/dax0.0';
export const MOUNT = '/mnt/famfs';

/** Prints the sum of each file below the working directory, but those of .meta, in the order of their names. */
const SUMS = `find . -name .meta -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum`;

/** SHA-256 of all files below a directory in a guest, with their paths from there, as sha256sum prints them. */
export async function sumsIn(guest: Guest, directory: string): Promise<string> {
  return (await guest.ok(`cd '${directory}'; ${SUMS}`)).stdout;
}

/** The same for a directory of this host. */
export async function sumsHere(directory: string): Promise<string> {
  return (await commandOk('sh', ['-c', SUMS], { cwd: directory })).stdout;
}

/** Mounts the device on MOUNT; the server's log is in /run/server.log of the guest. */
export async function mountIn(guest: Guest, ...flags: readonly string[]): Promise<void> {
  await guest.ok(`mkdir -p ${MOUNT}`);
  await guest.famfsOk('mount', '-q', '--log-file', '/run/server.log', ...flags, DAX, MOUNT);
}

/** Path of a file of this checkout, which is the same in guests. */
export function inCheckout(...names: string[]): string {
  return join(__dirname, '../..', ...names);
}
