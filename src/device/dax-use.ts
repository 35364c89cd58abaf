import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DaxNode, linkTarget, namesIn, numberIn, textIn } from './dax-sysfs';

/** Who uses a DAX device, so that its driver must not be taken from it. */
export type DaxUse =
  | { readonly kind: 'mount'; readonly directory: string }
  | { readonly kind: 'process'; readonly pid: number; readonly command: string }
  | { readonly kind: 'memory' };

/** Where the facts about a host are. */
export interface DaxPlaces {
  readonly sysfs: string;
  readonly proc: string;
}

/**
 * The first use of a device that is found: a mount in any mount name space, a process that has it open or mapped, or
 * memory of it that is online, or of which sysfs does not tell. `path` is the real path of its node. Only root sees
 * all processes.
 */
export function useOfDax(path: string, node: DaxNode, { proc, sysfs }: DaxPlaces): DaxUse | undefined {
  const processes = namesIn(proc).filter((name) => /^\d+$/.test(name));
  return mountOf(path, processes, proc) ?? processWith(path, processes, proc) ?? memoryOf(node, sysfs);
}

function mountOf(path: string, processes: readonly string[], proc: string): DaxUse | undefined {
  const seen = new Set<string>();
  for (const pid of processes) {
    const namespace = linkTarget(join(proc, pid, 'ns/mnt'));
    if (namespace === undefined || seen.has(namespace)) continue;
    seen.add(namespace);
    for (const line of (textIn(join(proc, pid, 'mountinfo')) ?? '').split('\n')) {
      const [before = '', after = ''] = line.split(' - ');
      if (after.split(' ')[1] === path) return { kind: 'mount', directory: before.split(' ')[4] ?? '' };
    }
  }
  return undefined;
}

function processWith(path: string, processes: readonly string[], proc: string): DaxUse | undefined {
  const { rdev } = statSync(path);
  const pid = processes.find(
    (name) => hasOpen(join(proc, name, 'fd'), path, rdev) || hasMapped(join(proc, name, 'maps'), path),
  );
  if (pid === undefined) return undefined;
  return { kind: 'process', pid: Number(pid), command: textIn(join(proc, pid, 'comm')) ?? '' };
}

/** Looks no further than at links to device nodes: to stat what else is open might ask a server that hangs. */
function hasOpen(descriptors: string, path: string, rdev: number): boolean {
  return namesIn(descriptors).some((name) => {
    const target = linkTarget(join(descriptors, name));
    if (target === path) return true;
    return target?.startsWith('/dev/') === true && deviceNumber(join(descriptors, name)) === rdev;
  });
}

function hasMapped(maps: string, path: string): boolean {
  try {
    return readFileSync(maps, 'utf8').includes(` ${path}\n`);
  } catch {
    return false;
  }
}

/** The kernel makes memory of whole blocks alone: one that begins or ends elsewhere is not the device's. */
function memoryOf({ directory, driver }: DaxNode, sysfs: string): DaxUse | undefined {
  if (driver !== 'kmem') return undefined;
  const list = join(sysfs, 'devices/system/memory');
  const blockSize = Number.parseInt(textIn(join(list, 'block_size_bytes')) ?? '', 16);
  const ranges = rangesOf(directory);
  const canTell = ranges.length > 0 && blockSize > 0;
  const online = (name: string) => {
    const start = Number(/^memory(\d+)$/.exec(name)?.[1]) * blockSize;
    const inside = ranges.some((range) => start >= range.start && start + blockSize <= range.end);
    return inside && textIn(join(list, name, 'state')) !== 'offline';
  };
  return canTell && !namesIn(list).some(online) ? undefined : { kind: 'memory' };
}

/** Physical addresses of the device; `end` is the first behind. */
function rangesOf(directory: string): { start: number; end: number }[] {
  const mappings = namesIn(directory).filter((name) => /^mapping\d+$/.test(name));
  return mappings.flatMap((name) => {
    const start = numberIn(join(directory, name, 'start'));
    const last = numberIn(join(directory, name, 'end'));
    return start === undefined || last === undefined ? [] : [{ start, end: last + 1 }];
  });
}

function deviceNumber(path: string): number | undefined {
  try {
    return statSync(path).rdev;
  } catch {
    return undefined;
  }
}
