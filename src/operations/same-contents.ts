import { setImmediate as nextTurn } from 'node:timers/promises';
import { eachRun } from '../log/file-map';
import type { DeviceTable } from '../members/members';
import { readFully } from '../read-fully';
import type { FileMap } from '../types';

const COMPARE_BYTES = 2 ** 20;

/**
 * Offset of the first of `size` bytes that differs between the bytes at `map` and an open file, or
 * undefined when none does. A file that is too short differs where it ends.
 */
export async function differsFromFile(
  devices: DeviceTable,
  map: FileMap,
  size: number,
  file: number,
): Promise<number | undefined> {
  const theirs = Buffer.allocUnsafe(COMPARE_BYTES);
  const ours = Buffer.allocUnsafe(COMPARE_BYTES);
  for (let position = 0; position < size; ) {
    const length = Math.min(COMPARE_BYTES, size - position);
    const count = readFully(file, theirs.subarray(0, length), position);
    readMapped(devices, map, position, ours.subarray(0, count));
    const at = firstDifference(ours.subarray(0, count), theirs.subarray(0, count));
    if (at !== -1) return position + at;
    if (count < length) return position + count;
    position += count;
    await nextTurn();
  }
  return undefined;
}

/** Where two buffers of the same length first differ, or -1. */
export function firstDifference(one: Buffer, other: Buffer): number {
  if (one.equals(other)) return -1;
  return one.findIndex((byte, at) => byte !== other[at]);
}

/** Fills `target` with the bytes of a file from `position` on; cached lines are dropped first. */
export function readMapped(devices: DeviceTable, map: FileMap, position: number, target: Buffer): void {
  let done = 0;
  eachRun(map, position, target.length, (devindex, offset, length) => {
    const device = devices.at(devindex);
    device.invalidate(offset, length);
    device.readInto(target.subarray(done, done + length), offset);
    done += length;
  });
}
