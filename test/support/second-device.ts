import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSecondary } from '../../src/log/secondary';
import { loadSuperblock } from '../../src/log/superblock';
import { GIB, makeImage, SECOND_DEVICE_UUID } from './images';

let directory: string | undefined;

/** For jest, once before all tests: makes the second device that the images of test/support/images have in their log. */
export default function makeSecondDevice(): void {
  directory = mkdtempSync(join(tmpdir(), 'famfs-second-device-'));
  const path = join(directory, 'device');
  const fd = openSync(path, 'w', 0o644);
  writeSync(fd, encodeSecondary(loadSuperblock(makeImage().store), SECOND_DEVICE_UUID));
  ftruncateSync(fd, 8 * GIB);
  closeSync(fd);
  process.env.FAMFS_DEVICES = path;
}

/** For jest, once after all tests. */
export function removeSecondDevice(): void {
  if (directory) rmSync(directory, { recursive: true });
}
