import { inMount } from './create';
import { Locator, type Mount } from './mounts';
import type { OwnerSession, WriteOptions } from './owner-session';
import type { PathFailures } from './path-failures';

/** Something that a verb was given by path, with the path relative to its mount point. */
export interface Placed<T> {
  readonly item: T;
  readonly relative: Buffer;
}

interface Group<T> {
  readonly mount: Mount;
  readonly placed: Placed<T>[];
}

/** Sorts items into the mounts that their paths are in. Paths that are in none go to `failures`. */
export function groupByMount<T extends { readonly path: string }>(
  items: readonly T[],
  failures: PathFailures,
): Group<T>[] {
  const locator = new Locator();
  const groups = new Map<string, Group<T>>();
  for (const item of items) {
    try {
      const { mount, relative } = locator.locate(item.path);
      const group = groups.get(mount.id) ?? { mount, placed: [] };
      groups.set(mount.id, group);
      group.placed.push({ item, relative });
    } catch (error) {
      failures.note(item.path, error);
    }
  }
  return [...groups.values()];
}

/** Runs `work` as the owner of each file system that items are in, with those of it: one session for all of them. */
export async function inMounts<T extends { readonly path: string }>(
  items: readonly T[],
  options: WriteOptions,
  failures: PathFailures,
  work: (session: OwnerSession, placed: readonly Placed<T>[]) => void | Promise<void>,
): Promise<void> {
  for (const { mount, placed } of groupByMount(items, failures)) {
    await inMount(mount, options, (session) => work(session, placed));
  }
}
