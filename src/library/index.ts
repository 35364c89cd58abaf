/**
 * famfs for programs: opens a file system for reading and gives its files as Buffers on the shared memory.
 *
 * @packageDocumentation
 */
import { View } from '../operations/view';
import { Famfs } from './famfs';

export { type ErrorCode, FamfsError } from '../errors';
export type { Entry } from './entry';
export {
  Famfs,
  type FamfsInfo,
  type FollowOptions,
  type ListOptions,
  type Path,
  type ReadOptions,
} from './famfs';
export { FileMapping, type MapOptions } from './file-mapping';

/**
 * Opens a file system for reading, by its device or by a directory in its mount. It need not be mounted. A damaged log
 * gives what is sound in it: `info.damagedEntries` counts the rest.
 * Throws FamfsError `no-device`, `no-permission` or `device-io` for what cannot be opened or read, `not-famfs`,
 * `bad-superblock` or `bad-log` for what is not sound, and `not-mounted` for directories elsewhere.
 */
export function openDevice(target: string): Famfs {
  return Famfs.on(View.open(target));
}
