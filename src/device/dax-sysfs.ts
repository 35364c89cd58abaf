import { readdirSync, readFileSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { basename, join } from 'node:path';

/** What sysfs has of a DAX device. `sysfs` in the functions below is where /sys is. */
export interface DaxNode {
  /** As the kernel calls it, `dax0.0`, whatever its node is called. */
  readonly name: string;
  /** Its directory in sysfs. */
  readonly directory: string;
  /** The driver's name; absent for a device without one. */
  readonly driver?: string;
}

/** The DAX device that a character device is, if it is one. `stats` are those of its node. */
export function daxNodeOf(stats: Stats, sysfs: string): DaxNode | undefined {
  if (!stats.isCharacterDevice()) return undefined;
  const major = Math.floor(stats.rdev / 256) & 0xfff;
  const minor = (stats.rdev & 0xff) + (Math.floor(stats.rdev / 2 ** 20) & 0xfff) * 256;
  try {
    const directory = realpathSync(join(sysfs, `dev/char/${major}:${minor}`));
    return linkIn(directory, 'subsystem') === 'dax' ? daxNodeAt(directory) : undefined;
  } catch {
    return undefined;
  }
}

/** The DAX devices that the kernel lists, by name. */
export function daxNodes(sysfs: string): DaxNode[] {
  const list = join(sysfs, 'bus/dax/devices');
  return namesIn(list)
    .sort()
    .map((name) => daxNodeAt(join(list, name)));
}

function daxNodeAt(directory: string): DaxNode {
  const driver = linkIn(directory, 'driver');
  return { name: basename(directory), directory, ...(driver === undefined ? {} : { driver }) };
}

/** The names in a directory of sysfs; none where it cannot be read. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The text of an attribute without its newline; undefined where it cannot be read. */
export function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** The whole number that an attribute holds, decimal or 0x and hexadecimal; undefined where there is none. */
export function numberIn(path: string): number | undefined {
  const text = textIn(path);
  const value = Number(text);
  return text && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** The last component of what a link of a device leads to; undefined where there is none. */
export function linkIn(directory: string, name: string): string | undefined {
  const target = linkTarget(join(directory, name));
  return target === undefined ? undefined : basename(target);
}

/** What a link leads to; undefined where there is none, or it cannot be read. */
export function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
