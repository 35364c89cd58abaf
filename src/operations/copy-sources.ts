import { basename } from 'node:path';
import { FamfsError } from '../errors';
import { KIND } from '../log/tree';
import { type CopyPlanner, joined } from './copy-plan';
import type { OwnerSession } from './owner-session';

/** Where copies go: as given, and relative to the mount point. */
export interface Destination {
  readonly shown: string;
  readonly relative: Buffer;
}

export interface SourceOptions {
  readonly noTargetDirectory?: boolean;
  /** The sources are paths of a list, which keep their directories. */
  readonly listed?: boolean;
}

/** Plans the copy of all sources, into the destination or as it. Throws FamfsError `no-parent` where it cannot be. */
export function planSources(
  planner: CopyPlanner,
  session: OwnerSession,
  sources: readonly Buffer[],
  destination: Destination,
  options: SourceOptions,
): void {
  const { relative } = destination;
  const ino = session.tree.resolve(relative);
  const intoDirectory = ino !== 0 && session.tree.kind.get(ino) === KIND.directory;
  const [source, ...more] = sources;
  if (options.noTargetDirectory) {
    if (source === undefined || more.length > 0)
      throw new FamfsError('usage', '-T takes one source and one destination');
    if (intoDirectory) planner.addContents(source, relative);
    else planAs(planner, session, source, destination);
  } else if (intoDirectory) {
    for (const each of sources) planInto(planner, each, relative, options.listed === true);
  } else if (source === undefined || more.length > 0 || options.listed || destination.shown.endsWith('/')) {
    throw noDirectory(destination.shown, ino, more.length > 0 || options.listed === true);
  } else planAs(planner, session, source, destination);
}

function planInto(planner: CopyPlanner, source: Buffer, directory: Buffer, listed: boolean): void {
  if (listed) planner.addListed(source, directory);
  else if (hasNoName(source)) planner.addContents(source, directory);
  else planner.add(source, joined(directory, nameOf(source)));
}

function noDirectory(shown: string, ino: number, several: boolean): FamfsError {
  const hint = several
    ? 'several sources need a directory as destination'
    : 'without the slash at its end it is the name of the copy';
  const what = ino === 0 ? 'does not exist' : 'is not a directory';
  return new FamfsError('no-parent', `${shown}: ${what}`, hint);
}

function planAs(
  planner: CopyPlanner,
  session: OwnerSession,
  source: Buffer,
  { relative, shown }: Destination,
): void {
  const parent = session.tree.resolve(relative.subarray(0, Math.max(relative.lastIndexOf('/'), 0)));
  if (parent === 0 || session.tree.kind.get(parent) !== KIND.directory) {
    throw new FamfsError(
      'no-parent',
      `${shown}: its parent directory does not exist`,
      'famfs mkdir -p makes it',
    );
  }
  planner.add(source, relative);
}

/** Whether a path ends in `.` or `..`: its contents are copied, as cp(1) does, since there is no name to give them. */
function hasNoName(path: Buffer): boolean {
  return /(?:^|\/)\.{1,2}\/*$/.test(path.toString('latin1'));
}

/** The last component of a path. */
function nameOf(path: Buffer): Buffer {
  // latin1 carries any bytes through a string and back.
  return Buffer.from(basename(path.toString('latin1')), 'latin1');
}
