import { placeOfDevice } from './device-place';
import { formatSize } from './sizes';
import { renderTable } from './table';

interface Device {
  readonly index: number;
  readonly size: number;
  readonly path?: string;
  readonly trouble?: string;
  readonly used?: number;
  readonly free?: number;
}

interface Used {
  readonly device: string;
  readonly size: number;
  readonly used: number;
  readonly free: number;
  readonly devices: readonly Device[];
  readonly entries: number;
  readonly freeEntries: number;
  readonly mountedOn?: string;
}

/**
 * A table of how full file systems are, with a line for each device where there are several: sizes in bytes, or rounded
 * where `human`.
 */
export function describeUsage(filesystems: readonly Used[], human: boolean): string {
  const show = human ? formatSize : String;
  const head = ['device', 'size', 'used', 'free', 'use%', 'entries', 'left', 'mounted on'];
  const rows = filesystems.flatMap(
    ({ device, devices, entries, free, freeEntries, mountedOn, size, used }) => [
      [
        ...[device, show(size), show(used), show(free), share(used, size)],
        ...[String(entries), String(freeEntries), mountedOn ?? '-'],
      ],
      ...(devices.length > 1 ? devices.map((one) => deviceRow(one, show)) : []),
    ],
  );
  const right = 'right' as const;
  return renderTable([head, ...rows], { align: ['left', right, right, right, right, right, right] });
}

function deviceRow(device: Device, show: (bytes: number) => string): string[] {
  const { free, index, size, used } = device;
  const name = `  ${index} ${placeOfDevice(device)}`;
  if (used === undefined || free === undefined) return [name, show(size), '-', '-', '-'];
  return [name, show(size), show(used), show(free), share(used, size)];
}

function share(used: number, size: number): string {
  return `${Math.ceil((100 * used) / size)}%`;
}
