import type { FileHandle } from 'node:fs/promises';
import type { Device } from '../device/device';
import { eachRun } from '../log/file-map';
import type { FileMap } from '../types';

const COMPARE_BYTES = 2 ** 20;

/** Whether the `size` bytes at `map` on a device equal those of an open file. */
export async function sameContents(
  device: Device,
  map: FileMap,
  size: number,
  file: FileHandle,
): Promise<boolean> {
  const theirs = Buffer.allocUnsafe(COMPARE_BYTES);
  const ours = Buffer.allocUnsafe(COMPARE_BYTES);
  for (let position = 0; position < size; position += COMPARE_BYTES) {
    const length = Math.min(COMPARE_BYTES, size - position);
    readMapped(device, map, position, ours.subarray(0, length));
    const { bytesRead } = await file.read(theirs, 0, length, position);
    if (bytesRead !== length || theirs.compare(ours, 0, length, 0, length) !== 0) return false;
  }
  return true;
}

/** Fills `target` with the bytes of a file from `position` on; cached lines are dropped first. */
export function readMapped(device: Device, map: FileMap, position: number, target: Buffer): void {
  let done = 0;
  eachRun(map, position, target.length, (_devindex, offset, length) => {
    device.invalidate(offset, length);
    device.readInto(target.subarray(done, done + length), offset);
    done += length;
  });
}
