import { extentsOf, type FileMap } from '../types';

/** Called with a run of bytes on a device. Offsets and lengths in bytes. */
export type RunVisitor = (devindex: number, offset: number, length: number) => void;

/**
 * Calls `visit`, in file order, with the runs on devices that hold bytes offset..offset+length of a file.
 * The range must lie within what the map holds.
 */
export function eachRun(map: FileMap, offset: number, length: number, visit: RunVisitor): void {
  if (map.kind === 'simple') eachSimpleRun(map.extents, offset, length, visit);
  else eachChunk(map, offset, length, visit);
}

function eachSimpleRun(
  extents: readonly { devindex: number; offset: number; length: number }[],
  offset: number,
  length: number,
  visit: RunVisitor,
): void {
  let skip = offset;
  let left = length;
  for (const extent of extents) {
    if (left === 0) return;
    if (skip >= extent.length) {
      skip -= extent.length;
      continue;
    }
    const count = Math.min(left, extent.length - skip);
    visit(extent.devindex, extent.offset + skip, count);
    skip = 0;
    left -= count;
  }
}

function eachChunk(
  { chunkSize, strips }: { chunkSize: number; strips: readonly { devindex: number; offset: number }[] },
  offset: number,
  length: number,
  visit: RunVisitor,
): void {
  const end = offset + length;
  for (let position = offset; position < end; ) {
    const chunk = Math.floor(position / chunkSize);
    const inChunk = position - chunk * chunkSize;
    const count = Math.min(end - position, chunkSize - inChunk);
    const strip = strips[chunk % strips.length] as { devindex: number; offset: number };
    visit(strip.devindex, strip.offset + Math.floor(chunk / strips.length) * chunkSize + inChunk, count);
    position += count;
  }
}

/** Bytes of the device that a map takes. */
export function mappedBytes(map: FileMap): number {
  return extentsOf(map).reduce((sum, extent) => sum + extent.length, 0);
}
