import type { StripeOptions } from '../types';
import type { FilterRule } from './copy-filter';
import type { CopyFailure, PlannedItem } from './copy-plan';
import type { SourceOptions } from './copy-sources';
import type { Ownership } from './create';
import type { WriteOptions } from './owner-session';

export interface CopyOptions extends WriteOptions, Ownership, SourceOptions {
  readonly recursive?: boolean;
  /** What is copied of each source, see CopyFilter. */
  readonly filter?: readonly FilterRule[];
  /** Leave files alone that exist with the source's size (and, with `verify`, its contents). */
  readonly resume?: boolean;
  /** Compare each file with its source once it is on the device. */
  readonly verify?: boolean;
  /** Tell what would be done, and write nothing. */
  readonly dryRun?: boolean;
  /** Pieces copied at the same time. Left out: 4, by no more threads than processors. */
  readonly threads?: number;
  readonly stripe?: StripeOptions;
  /** Called when the work is known, before the first byte. */
  readonly onPlan?: (totalBytes: number) => void | Promise<void>;
  readonly onProgress?: (bytes: number, target: () => string) => void;
  /** Called for each file and directory that is done; `target` is relative to the mount point. */
  readonly onDone?: (action: CopyAction['action'], target: string) => void;
}

/** What a dry run tells of a file or directory. */
export interface CopyAction {
  readonly action: PlannedItem['kind'] | 'skip';
  readonly source: string;
  /** Relative to the mount point. */
  readonly target: string;
  /** Bytes. */
  readonly size: number;
}

export interface CopyResult {
  directories: number;
  files: number;
  overwritten: number;
  /** Left alone by --resume. */
  skipped: number;
  bytes: number;
  readonly failures: CopyFailure[];
  /** Nothing was written; `items` and the counts are what would be done. */
  readonly dryRun?: true;
  readonly items?: CopyAction[];
}
