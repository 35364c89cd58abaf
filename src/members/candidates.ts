import { existsSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { daxNodes } from '../device/dax-sysfs';
import { makeDirectories } from '../make-directories';
import { hintDirectory, hintsAreOwn } from '../server-place';

/** A path where a device may be; `expected` where somebody said that this one is there. */
export interface Candidate {
  readonly path: string;
  readonly expected: boolean;
}

/** Where the device with a UUID may be: what was given by hand, the last place known, FAMFS_DEVICES, all DAX devices. */
export function candidates(uuid: string, given: readonly string[]): Candidate[] {
  const hint = hintOf(uuid);
  const expected = new Set([...given, ...(hint ? [hint] : [])]);
  const others = [...devicesInEnvironment(), ...daxPaths()].filter((path) => !expected.has(path));
  return [
    ...[...expected].map((path) => ({ path, expected: true })),
    ...others.map((path) => ({ path, expected: false })),
  ];
}

/** The paths in FAMFS_DEVICES, which are separated by colons. */
export function devicesInEnvironment(): string[] {
  return (process.env.FAMFS_DEVICES ?? '').split(':').filter((path) => path !== '');
}

/** Where the device with a UUID was last found on this host; undefined where nobody noted it. */
export function hintOf(uuid: string): string | undefined {
  if (!hintsAreOwn()) return undefined;
  try {
    return readlinkSync(join(hintDirectory(), uuid));
  } catch {
    return undefined;
  }
}

/**
 * Notes where a device is, as a link named by its UUID. Only a hint: whoever follows it looks at what is there. Nothing
 * is said when it cannot be noted.
 */
export function noteHint(uuid: string, path: string): void {
  const link = join(hintDirectory(), uuid);
  const fresh = `${link}.${process.pid}`;
  if (hintOf(uuid) === resolve(path)) return;
  try {
    makeDirectories(hintDirectory(), 0o755);
    if (!hintsAreOwn()) return;
    forgetDead();
    symlinkSync(resolve(path), fresh);
    renameSync(fresh, link);
  } catch {
    rmSync(fresh, { force: true });
  }
}

/** Removes hints that lead nowhere any more. */
function forgetDead(): void {
  for (const name of readdirSync(hintDirectory())) {
    const link = join(hintDirectory(), name);
    if (!existsSync(link)) rmSync(link, { force: true });
  }
}

/** The paths of the DAX devices that the kernel lists. */
export function daxPaths(): string[] {
  return daxNodes('/sys').map(({ name }) => join('/dev', name));
}
