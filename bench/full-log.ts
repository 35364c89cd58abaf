import { ftruncateSync, openSync } from 'node:fs';
import { FileDevice } from '../src/device/file-device';
import { appendEntries } from '../src/log/append';
import type { LogEntry } from '../src/log/entry';
import { encodeHeader } from '../src/log/header';
import { DEFAULT_ALLOC_UNIT, LOG_OFFSET, logCapacity, MIB, MIN_LOG_LENGTH } from '../src/log/layout';
import { encodeSuperblock } from '../src/log/superblock';

export const FILES_A_DIRECTORY = 1000;
const UUID = '6f5d2f0e-5c8b-4c1e-9d57-0f6f2c1b7a10';

export type Shape = 'flat' | 'directories';

/** Half a million files of one unit each, in one directory or a thousand to a directory. */
function makeEntries(count: number, shape: Shape, dataStart: number): LogEntry[] {
  let directory = '';
  return Array.from({ length: count }, (_, i): LogEntry => {
    if (shape === 'directories' && i % FILES_A_DIRECTORY === 0) {
      directory = `directory-${i / FILES_A_DIRECTORY}/`;
      return { type: 'mkdir', path: Buffer.from(directory.slice(0, -1)), uid: 0, gid: 0, mode: 0o755 };
    }
    const extent = { devindex: 0, offset: dataStart + i * DEFAULT_ALLOC_UNIT, length: DEFAULT_ALLOC_UNIT };
    return {
      type: 'file',
      path: Buffer.from(`${directory}file-number-${i}.parquet`),
      size: MIB,
      flags: 2,
      uid: 1000,
      gid: 1000,
      mode: 0o644,
      map: { kind: 'simple', extents: [extent] },
    };
  });
}

/** Makes a sparse device whose log holds `count` entries and no more than fits. */
export function makeDevice(path: string, count: number, shape: Shape): void {
  let logLength = MIN_LOG_LENGTH;
  while (logCapacity(logLength) < count) logLength *= 2;
  const dataStart = LOG_OFFSET + logLength;
  const size = dataStart + count * DEFAULT_ALLOC_UNIT;
  const fd = openSync(path, 'w+');
  ftruncateSync(fd, size);
  const device = new FileDevice(path, fd, size, { writable: true, noSync: true });
  device.store(
    0,
    encodeSuperblock({
      logLength,
      allocUnit: DEFAULT_ALLOC_UNIT,
      uuid: UUID,
      deviceUuid: UUID,
      ownerUuid: UUID,
      flags: 0,
      primarySize: size,
      primaryName: path,
    }),
  );
  device.store(LOG_OFFSET, encodeHeader(logLength));
  appendEntries(device, logLength, { nextSeqnum: 0, nextIndex: 0 }, makeEntries(count, shape, dataStart));
  device.close();
}
