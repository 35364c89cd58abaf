import type { Info } from '../operations/info';
import { filesAndDirectories } from './counts';
import { placeOfDevice } from './device-place';
import { formatSize } from './sizes';
import { renderTable } from './table';

/** What a file system is, a line for each thing. */
export function describeInfo(info: Info): string {
  const { capacity, entries, length, offset } = info.log;
  const owner = info.role === 'owner' ? 'this host is the owner' : 'this host is a client';
  const rows = [
    ['device', `${info.device} (${info.deviceKind})`],
    ['UUID', info.uuid],
    ['owner', `${info.ownerUuid} (${owner})`],
    ['format', `${info.format}, superblock version ${info.superblockVersion}`],
    ['unit', formatSize(info.allocUnit)],
    ['log', `${formatSize(length)} at ${formatSize(offset)}; ${entries} of ${capacity} entries used`],
    ['contents', filesAndDirectories(info.files, info.directories)],
    ['recorded', `${formatSize(info.recorded.size)}, ${info.recorded.name || 'no name'}`],
    ...info.devices.map((device) => [
      `device ${device.index}`,
      `${formatSize(device.size)}, ${device.uuid}, ${placeOfDevice(device)}`,
    ]),
    ...info.mounts.map(({ directory, readOnly }) => [
      'mounted on',
      readOnly ? `${directory} (read-only)` : directory,
    ]),
  ];
  return renderTable(info.mounts.length > 0 ? rows : [...rows, ['mounted on', 'not mounted here']]);
}
