import { closeSync, fstatSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openSource } from '../device/copy-range';
import { DataRanges, readAhead } from '../device/data-ranges';
import type { Device } from '../device/device';
import { FamfsError } from '../errors';
import { eachRun } from '../log/file-map';
import { printable } from '../log/paths';
import type { DeviceTable } from '../members/members';
import { readFully } from '../read-fully';
import type { Extent, FileMap } from '../types';
import type { CopyFailure, PlannedItem } from './copy-plan';

export interface OpenedSource {
  readonly source: number;
  readonly ranges: DataRanges;
}

/** A file on its way to the device. */
export interface Transfer {
  readonly item: PlannedItem;
  readonly map: FileMap;
  /** The open source. A small file is opened only when it is not as it was planned. */
  opened: OpenedSource | undefined;
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
/** Up to this many bytes, to have another thread copy them takes longer than to copy them. */
export const SMALL_BYTES = 128 * 2 ** 10;

/** Milliseconds of work between two looks at signals. */
const TURN_MS = 10;

let lastTurn = 0;
const smallBuffer = Buffer.allocUnsafeSlow(SMALL_BYTES);

/** Opens a source. Throws FamfsError `source` when it is not of the size any more that was planned with. */
export function openSourceOf(item: PlannedItem): OpenedSource {
  const source = openSource(item.source);
  try {
    const stats = fstatSync(source);
    checkSize(item, stats.size);
    if (stats.size === 0 && readSync(source, smallBuffer, 0, 1, 0) > 0) {
      throw new FamfsError(
        'source',
        `${printable(item.source)}: has contents of no known size`,
        'a file keeps its size: read it, and give the bytes and their number to famfs cp --size BYTES - DESTINATION',
      );
    }
    if (item.size <= SMALL_BYTES) readAhead(source, item.size);
    return { source, ranges: new DataRanges(source, stats) };
  } catch (error) {
    closeSync(source);
    throw error;
  }
}

/** Throws FamfsError `source` when a source is not of the size any more that was copied. */
export function checkNotGrown({ item, opened }: Transfer): void {
  if (opened) checkSize(item, fstatSync(opened.source).size);
}

function checkSize(item: PlannedItem, size: number): void {
  if (size === item.size) return;
  const change = `changed from ${item.size} to ${size} bytes during the copy`;
  throw new FamfsError('source', `${printable(item.source)}: ${change}`);
}

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
  const { item, map, opened } = transfer;
  if (!opened) throw new FamfsError('internal', `${printable(item.source)}: is not open`);
  const { ranges, source } = opened;
  for (const range of ranges.of(position, length)) {
    let at = range.position;
    for (const run of runsOf(map, range.position, range.length)) {
      const device = devices.at(run.devindex);
      if (range.hole) device.zero(run.offset, run.length);
      else if ((await fill(device, run, source, at)) < run.length) {
        throw new FamfsError('source', `${printable(item.source)}: became shorter during the copy`);
      }
      at += run.length;
    }
    // Holes and small files wait for nothing: signals get their turn here.
    await turnIfDue();
  }
}

export function turnIsDue(): boolean {
  return performance.now() - lastTurn > TURN_MS;
}

/** Looks at signals, unless that was done a moment ago. */
export async function turnIfDue(): Promise<void> {
  if (!turnIsDue()) return;
  await nextTurn();
  lastTurn = performance.now();
}

/** Copies a run of data to the device. Returns the bytes that were there. */
async function fill(device: Device, { length, offset }: Extent, source: number, at: number): Promise<number> {
  if (length > SMALL_BYTES) return device.fill(offset, source, at, length);
  const bytes = smallBuffer.subarray(0, length);
  const count = readFully(source, bytes, at);
  device.store(offset, bytes.subarray(0, count));
  return count;
}

/** Where a range of a file lies, piece by piece. */
export function runsOf(map: FileMap, position: number, length: number): Extent[] {
  const runs: Extent[] = [];
  eachRun(map, position, length, (devindex, offset, count) => runs.push({ devindex, offset, length: count }));
  return runs;
}
