import type { AllocatorStats } from '../alloc/allocator';
import type { Finding } from '../log/findings';
import type { DeviceMap, MappedDevice, MappedFile } from '../operations/device-map';
import { shownLine } from '../path-bytes';
import { describeFinding } from './check-report';
import type { Painter } from './colour';
import { counted } from './counts';
import { type Cell, gridOf, stableHash, titleOf, wordFor } from './map-cells';
import { formatSize } from './sizes';
import { renderTable } from './table';
import { shortenMiddle } from './text';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const MOST_ROWS = 20;
const LEGEND_FILES = 12;
const SHOWN_PROBLEMS = 20;
const OFFSET_COLUMNS = 12;
/** Cells in a row are a multiple of this, so that rows begin at round offsets. */
const COLUMN_STEP = 16;
const MARKS = { superblock: 'S', log: 'L', shared: '!', free: '.', file: '#' } as const;

/**
 * A map as lines for a terminal of `width` columns, 40 or more: pictures of the devices, then what is on them together.
 */
export function* describeMap(map: DeviceMap, width: number, painter: Painter): Generator<string> {
  const largest = map.files.toSorted((a, b) => b.bytes - a.bytes || a.entry - b.entry).slice(0, LEGEND_FILES);
  const letters = new Map(largest.map(({ entry }, i) => [entry, LETTERS[i] as string]));
  const paths = new Map(map.files.map(({ entry, path }) => [entry, path]));
  const paintOne = (cell: Cell) => paintCell(cell, letters, paths, painter);
  for (const device of map.devices) {
    yield* picture(map, device, width, painter, paintOne);
    yield '';
  }
  yield 'S superblock  L log  # file  . free  ! shared by files';
  yield* legend(largest, letters, map.files.length, width, painter);
  yield* summary(map);
  yield* problemLines(map.problems, painter);
}

function* picture(
  map: DeviceMap,
  device: MappedDevice,
  width: number,
  painter: Painter,
  paintOne: (cell: Cell) => string,
): Generator<string> {
  const columns = Math.floor((width - OFFSET_COLUMNS) / COLUMN_STEP) * COLUMN_STEP;
  const { cellBytes, cells } = gridOf(device, columns * MOST_ROWS);
  const sizes = `: ${formatSize(device.size)}; a cell is ${formatSize(cellBytes)}`;
  const title = shownLine(titleOf(map, device));
  const alone = map.devices.length === 1;
  yield `${alone ? title : shortenMiddle(title, width - sizes.length)}${sizes}`;
  for (let first = 0; first < cells.length; first += columns) {
    const label = formatSize(first * cellBytes).padStart(OFFSET_COLUMNS - 2);
    yield `${painter.dim(label)}  ${cells
      .slice(first, first + columns)
      .map(paintOne)
      .join('')}`;
  }
  if (!alone) yield* spaceLines(device.space);
}

function paintCell(
  { entry = -1, kind }: Cell,
  letters: ReadonlyMap<number, string>,
  paths: ReadonlyMap<number, string>,
  painter: Painter,
): string {
  if (kind === 'shared') return painter.red(MARKS.shared);
  if (kind === 'free') return painter.dim(MARKS.free);
  if (kind !== 'file') return painter.bold(MARKS[kind]);
  return painter.hue(letters.get(entry) ?? MARKS.file, stableHash(paths.get(entry) ?? ''));
}

function* legend(
  largest: readonly MappedFile[],
  letters: ReadonlyMap<number, string>,
  files: number,
  width: number,
  painter: Painter,
): Generator<string> {
  const rows = largest.map(({ bytes, entry, interleaved, parts, path }) => [
    painter.hue(letters.get(entry) ?? MARKS.file, stableHash(path)),
    formatSize(bytes),
    counted(parts, interleaved ? 'strip' : 'extent'),
    shortenMiddle(path, width - 26),
  ]);
  if (rows.length > 0) yield renderTable(rows, { align: ['left', 'right'] });
  if (files > largest.length) yield `# ${counted(files - largest.length, 'smaller file')}`;
}

function* summary({ devices, files, space }: DeviceMap): Generator<string> {
  const usable = devices.filter(({ trouble }) => trouble === undefined).length;
  const where = devices.length === 1 ? '' : ` on ${counted(usable, 'device')}`;
  yield* spaceLines(space, `${where}, ${counted(files.length, 'file')}`);
}

function* spaceLines(space: AllocatorStats, more = ''): Generator<string> {
  const size = (units: number) => formatSize(units * space.unitBytes);
  yield `used ${size(space.usedUnits)} of ${size(space.totalUnits)}${more}`;
  yield `free ${size(space.freeUnits)} in ${counted(space.freeRuns, 'fragment')}, the largest ${size(space.largestFreeUnits)}`;
}

function* problemLines(problems: readonly Finding[], painter: Painter): Generator<string> {
  for (const found of problems.slice(0, SHOWN_PROBLEMS)) yield describeFinding(found, painter);
  const more = problems.length - SHOWN_PROBLEMS;
  if (more > 0) yield `${counted(more, wordFor(problems))} more; famfs fsck tells all`;
}
