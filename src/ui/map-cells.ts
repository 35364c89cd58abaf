import type { Finding } from '../log/findings';
import type { DeviceMap, DeviceRun, MappedDevice, RunKind } from '../operations/device-map';
import { placeOfDevice } from './device-place';

/** A cell of a picture: the thing that has most of its bytes, where shared bytes go before all others. */
export interface Cell {
  readonly kind: RunKind;
  readonly entry: number | undefined;
}

/** A device divided into cells of equal size, `cellBytes` each but for the last. */
export interface Grid {
  readonly cells: readonly Cell[];
  readonly cellBytes: number;
}

/** Which kind of bytes shows where a cell has several. */
const RANK: Record<RunKind, number> = { free: 0, file: 1, superblock: 2, log: 2, shared: 3 };

/** Divides a device into at most `most` cells of whole allocation units, in one pass over its runs. */
export function gridOf({ runs, size, space }: MappedDevice, most: number): Grid {
  const units = Math.max(1, Math.ceil(size / space.unitBytes));
  const cellBytes = Math.ceil(units / most) * space.unitBytes;
  const count = Math.ceil(size / cellBytes);
  const winners = new Array<DeviceRun | undefined>(count);
  const inside = new Float64Array(count);
  for (const run of runs) {
    const end = run.offset + run.length;
    for (let cell = Math.floor(run.offset / cellBytes); cell * cellBytes < end; cell++) {
      const bytes = Math.min(end, (cell + 1) * cellBytes) - Math.max(run.offset, cell * cellBytes);
      const winner = winners[cell];
      const ahead = winner ? RANK[run.kind] - RANK[winner.kind] : 1;
      if (ahead < 0 || (ahead === 0 && bytes <= (inside[cell] as number))) continue;
      winners[cell] = run;
      inside[cell] = bytes;
    }
  }
  const cells = Array.from(winners, (run) => ({ kind: run?.kind ?? 'free', entry: run?.entry }));
  return { cells, cellBytes };
}

/** What a picture of a device is called: the path of an only one; of one of several, its index too. */
export function titleOf({ devices }: DeviceMap, device: MappedDevice): string {
  const place = placeOfDevice(device);
  return devices.length > 1 ? `device ${device.index}: ${place}` : place;
}

/** What problems of a map are, counted. */
export function wordFor(problems: readonly Finding[]): string {
  return problems.every(({ severity }) => severity === 'error') ? 'error' : 'problem';
}

/** A number that stays the same for a path: FNV-1a. Colours follow from it. */
export function stableHash(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The colour of a file in pictures, as CSS has it: any but red, which is for shared bytes. */
export function cssColour(path: string): string {
  const hash = stableHash(path);
  return `hsl(${30 + (hash % 300)} ${45 + ((hash >>> 9) % 35)}% ${40 + ((hash >>> 17) % 25)}%)`;
}
