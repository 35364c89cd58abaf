import { formatSize } from './sizes';
import { renderTable } from './table';

interface Used {
  readonly device: string;
  readonly size: number;
  readonly used: number;
  readonly free: number;
  readonly entries: number;
  readonly freeEntries: number;
  readonly mountedOn?: string;
}

/** A table of how full file systems are: sizes in bytes, or rounded where `human`. */
export function describeUsage(filesystems: readonly Used[], human: boolean): string {
  const show = human ? formatSize : String;
  const head = ['device', 'size', 'used', 'free', 'use%', 'entries', 'left', 'mounted on'];
  const rows = filesystems.map(({ device, entries, free, freeEntries, mountedOn = '-', size, used }) => [
    device,
    show(size),
    show(used),
    show(free),
    `${Math.ceil((100 * used) / size)}%`,
    String(entries),
    String(freeEntries),
    mountedOn,
  ]);
  const right = 'right' as const;
  return renderTable([head, ...rows], { align: ['left', right, right, right, right, right, right] });
}
