import { eachRun } from '../../log/file-map';
import { PAGE_BYTES } from '../../numbers';
import type { FileMap } from '../../types';

/** A run of a file that lies in one piece on a device. All in bytes, and multiples of a page. */
export interface MapExtent {
  /** Offset in the file. */
  readonly offset: number;
  readonly length: number;
  readonly devindex: number;
  /** Offset on the device. */
  readonly address: number;
}

/** As many as one message holds. */
export const MOST_EXTENTS = 1638;

/**
 * A file of `size` bytes as extents in file order, without gaps, to the end of its last page. Strips are taken apart,
 * chunk by chunk; what follows on the device what it follows in the file is one extent. Undefined when that takes more
 * than MOST_EXTENTS, when a piece does not begin and end with a page, or when there is nothing to map.
 */
export function extentsOfFile(map: FileMap, size: number): MapExtent[] | undefined {
  const extents: Mutable<MapExtent>[] = [];
  let offset = 0;
  let aligned = size > 0;
  const chunks = map.kind === 'interleaved' ? Math.ceil(size / map.chunkSize) : 0;
  if (map.kind === 'interleaved' && map.strips.length > 1 && chunks > MOST_EXTENTS) return undefined;
  eachRun(map, 0, Math.ceil(size / PAGE_BYTES) * PAGE_BYTES, (devindex, address, length) => {
    const last = extents.at(-1);
    if (last && last.devindex === devindex && last.address + last.length === address) last.length += length;
    else extents.push({ offset, length, devindex, address });
    aligned &&= address % PAGE_BYTES === 0 && length % PAGE_BYTES === 0;
    offset += length;
  });
  return aligned && extents.length <= MOST_EXTENTS ? extents : undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
