import { MIB } from '../../src/log/layout';
import type { CrashEvent } from './crash-record';

/** Bytes of the log of devices that crashes are made on. */
export const LOG_LENGTH = 8 * MIB;

/** What a path must be: a file with these bytes, or a directory. */
export interface Known {
  readonly mode: number;
  readonly bytes?: Buffer;
}

/** An operation that was written down, with what was there before and after. */
export interface Recording {
  readonly name: string;
  /** Of the devices, the primary first. Beside each is its base, which is how it was at the beginning. */
  readonly paths: readonly string[];
  readonly events: readonly CrashEvent[];
  readonly before: ReadonlyMap<string, Known>;
  readonly after: ReadonlyMap<string, Known>;
  /** Errors that fsck finds because of what the operation is. */
  readonly brings: readonly string[];
  /** It makes a file system: there may be none until it is done. */
  readonly isFormat: boolean;
  /** Of the file system at the beginning. */
  readonly uuidBefore: string | undefined;
  /** The host that takes the file system over. */
  readonly taker: string | undefined;
  readonly devicesAfter: number;
}
