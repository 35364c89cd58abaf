import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { dataRanges } from '../device/data-ranges';
import { FamfsError } from '../errors';
import { eachRun } from '../log/file-map';
import { printable } from '../log/paths';
import type { DeviceTable } from '../members/members';
import type { Extent, FileMap } from '../types';
import type { CopyFailure, PlannedItem } from './copy-plan';

/** A file on its way to the device. */
export interface Transfer {
  readonly item: PlannedItem;
  readonly map: FileMap;
  readonly source: FileHandle;
  /** Bytes that are not copied yet. */
  left: number;
  failure?: CopyFailure;
}

export interface Piece {
  readonly transfer: Transfer;
  readonly position: number;
  readonly length: number;
}

const PIECE_BYTES = 8 * 2 ** 20;

/** The pieces of all transfers, in order. */
export function* eachPiece(transfers: readonly Transfer[]): Generator<Piece> {
  for (const transfer of transfers) {
    for (let position = 0; position < transfer.item.size; position += PIECE_BYTES) {
      yield { transfer, position, length: Math.min(PIECE_BYTES, transfer.item.size - position) };
    }
  }
}

/**
 * Copies a piece to its place. Holes of the source are not read: their place is made zeros, which takes no room on a
 * file-backed device. Throws FamfsError `source` when the source ends too early.
 */
export async function transferPiece(
  devices: DeviceTable,
  { transfer, position, length }: Piece,
): Promise<void> {
  const { item, map, source } = transfer;
  for (const range of dataRanges(source.fd, position, length)) {
    let at = range.position;
    for (const run of runsOf(map, range.position, range.length)) {
      const device = devices.at(run.devindex);
      if (range.hole) device.zero(run.offset, run.length);
      else if ((await device.fill(run.offset, source.fd, at, run.length)) < run.length) {
        throw new FamfsError('source', `${printable(item.source)}: became shorter during the copy`);
      }
      at += run.length;
    }
    // Zeroing waits for nothing: a signal gets its turn here.
    if (range.hole) await nextTurn();
  }
}

/** Where a range of a file lies, piece by piece. */
export function runsOf(map: FileMap, position: number, length: number): Extent[] {
  const runs: Extent[] = [];
  eachRun(map, position, length, (devindex, offset, count) => runs.push({ devindex, offset, length: count }));
  return runs;
}
