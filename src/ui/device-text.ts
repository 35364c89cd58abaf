import { formatSize } from './sizes';
import { renderTable } from './table';

interface Listed {
  readonly index: number;
  readonly uuid: string;
  readonly size: number;
  readonly path?: string;
  readonly trouble?: string;
}

interface Scanned {
  readonly path: string;
  readonly role: string;
  readonly size?: number;
  readonly uuid?: string;
  readonly deviceUuid?: string;
  readonly detail?: string;
}

/** A table of the devices of a file system. */
export function describeDevices({ devices }: { readonly devices: readonly Listed[] }): string[] {
  const rows = devices.map(({ index, path = '-', size, trouble = 'ok', uuid }) => [
    String(index),
    uuid,
    formatSize(size),
    trouble,
    path,
  ]);
  return renderTable([['index', 'UUID', 'size', 'state', 'path'], ...rows], {
    align: ['right', 'left', 'right'],
  }).split('\n');
}

/** A table of devices that may belong to file systems. */
export function describeScan({ devices }: { readonly devices: readonly Scanned[] }): string[] {
  if (devices.length === 0) return ['no DAX devices on this host, and none given'];
  const rows = devices.map(({ deviceUuid = '-', path, role, size, uuid = '-' }) => [
    path,
    role,
    size === undefined ? '-' : formatSize(size),
    uuid,
    deviceUuid,
  ]);
  return renderTable([['path', 'role', 'size', 'file system', 'device UUID'], ...rows], {
    align: ['left', 'left', 'right'],
  }).split('\n');
}
