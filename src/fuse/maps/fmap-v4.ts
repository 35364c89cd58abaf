import { KIND, type Tree } from '../../log/tree';
import { type Extent, extentsOf } from '../../types';
import { EIO, EISDIR, ENODEV, ENOENT, Refusal } from '../errno';
import { IN_HEADER_BYTES, writeNumber } from '../protocol';
import type { ServedDevices } from '../served-devices';
import { mapOf } from './map-of';

/** The fmap messages of famfs kernels, version 4 of their patches: the kernel asks for maps and devices. */

const FMAP_HEADER_BYTES = 32;
const FMAP_VERSION = 1;
const INTERLEAVED_BYTES = 24;
const EXTENT_BYTES = 24;
const MOST_CHUNK_BYTES = 2 ** 32 - 1;
const EXTENT_TYPE = { simple: 0, interleaved: 1 } as const;
const FILE_TYPE = new Map<number, number>([
  [KIND.file, 0],
  [KIND.superblock, 1],
  [KIND.log, 2],
]);

export const DAXDEV_OUT_BYTES = 280;
const NAME_OFFSET = 24;
const MOST_NAME_BYTES = DAXDEV_OUT_BYTES - NAME_OFFSET - 1;

/**
 * Answers GET_FMAP: where a file is. Fills the start of `out`; returns the bytes of the reply. Throws Refusal, as `devices`
 * does for a device that cannot be used.
 */
export function writeFmap(tree: Tree, ino: number, devices: ServedDevices, out: Buffer): number {
  const kind = tree.kind.get(ino);
  const fileType = FILE_TYPE.get(kind);
  if (fileType === undefined) throw new Refusal(kind === KIND.none ? ENOENT : EISDIR);
  const map = mapOf(tree, ino);
  const extents = extentsOf(map);
  for (const { devindex } of extents) devices.at(devindex);
  const size = tree.size.get(ino);
  out.fill(0, 0, FMAP_HEADER_BYTES + INTERLEAVED_BYTES + extents.length * EXTENT_BYTES);
  out.writeUInt8(fileType, 0);
  out.writeUInt16LE(FMAP_VERSION, 2);
  out.writeUInt32LE(EXTENT_TYPE[map.kind], 4);
  out.writeUInt32LE(map.kind === 'interleaved' ? 1 : extents.length, 8);
  writeNumber(out, 16, size);
  if (map.kind === 'simple') return writeExtents(out, FMAP_HEADER_BYTES, extents);
  if (map.chunkSize > MOST_CHUNK_BYTES) throw new Refusal(EIO, 'its chunks are longer than fmap can say');
  out.writeUInt32LE(extents.length, FMAP_HEADER_BYTES);
  out.writeUInt32LE(map.chunkSize, FMAP_HEADER_BYTES + 4);
  writeNumber(out, FMAP_HEADER_BYTES + 8, size);
  return writeExtents(out, FMAP_HEADER_BYTES + INTERLEAVED_BYTES, extents);
}

/** Answers GET_DAXDEV: the path of a device. Fills the start of `out`; returns the bytes of the reply. Throws Refusal. */
export function writeDaxdev(devices: ServedDevices, request: Buffer, out: Buffer): number {
  const index = request.readUInt32LE(IN_HEADER_BYTES);
  const device = devices.find(index);
  if (!device) throw new Refusal(ENODEV, `device ${index} is not attached`);
  out.fill(0, 0, DAXDEV_OUT_BYTES);
  out.writeUInt16LE(index, 0);
  out.write(device.path, NAME_OFFSET, MOST_NAME_BYTES, 'utf8');
  return DAXDEV_OUT_BYTES;
}

function writeExtents(out: Buffer, start: number, extents: readonly Extent[]): number {
  extents.forEach(({ devindex, length, offset }, i) => {
    const at = start + i * EXTENT_BYTES;
    out.writeUInt32LE(devindex, at);
    writeNumber(out, at + 8, offset);
    writeNumber(out, at + 16, length);
  });
  return start + extents.length * EXTENT_BYTES;
}
