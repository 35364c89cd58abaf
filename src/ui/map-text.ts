import type { Finding } from '../log/findings';
import type { DeviceMap, MappedFile } from '../operations/device-map';
import type { Painter } from './colour';
import { counted } from './counts';
import { type Cell, gridOf, stableHash } from './map-cells';
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

/** A map as lines for a terminal of `width` columns, 40 or more. */
export function* describeMap(map: DeviceMap, width: number, painter: Painter): Generator<string> {
  const columns = Math.floor((width - OFFSET_COLUMNS) / COLUMN_STEP) * COLUMN_STEP;
  const { cellBytes, cells } = gridOf(map, columns * MOST_ROWS);
  const largest = map.files.toSorted((a, b) => b.bytes - a.bytes || a.entry - b.entry).slice(0, LEGEND_FILES);
  const letters = new Map(largest.map(({ entry }, i) => [entry, LETTERS[i] as string]));
  const paths = new Map(map.files.map(({ entry, path }) => [entry, path]));
  yield `${map.device}: ${formatSize(map.deviceBytes)}; a cell is ${formatSize(cellBytes)}`;
  for (let first = 0; first < cells.length; first += columns) {
    const label = formatSize(first * cellBytes).padStart(OFFSET_COLUMNS - 2);
    const row = cells.slice(first, first + columns).map((cell) => paintCell(cell, letters, paths, painter));
    yield `${painter.dim(label)}  ${row.join('')}`;
  }
  yield '';
  yield 'S superblock  L log  # file  . free  ! shared by files';
  yield* legend(largest, letters, map.files.length, width, painter);
  yield* summary(map);
  yield* problemLines(map.problems, painter);
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

function* summary({ elsewhere, files, space }: DeviceMap): Generator<string> {
  const size = (units: number) => formatSize(units * space.unitBytes);
  yield `used ${size(space.usedUnits)} of ${size(space.totalUnits)}, ${counted(files.length, 'file')}`;
  yield `free ${size(space.freeUnits)} in ${counted(space.freeRuns, 'fragment')}, the largest ${size(space.largestFreeUnits)}`;
  if (elsewhere > 0) yield `${counted(elsewhere, 'file')} on other devices`;
}

function* problemLines(problems: readonly Finding[], painter: Painter): Generator<string> {
  for (const { code, detail, entry, path } of problems.slice(0, SHOWN_PROBLEMS)) {
    const where = entry === undefined ? '' : ` entry ${entry}${path === undefined ? '' : ` "${path}"`}:`;
    yield `${painter.red('error')} ${code}:${where} ${detail}`;
  }
  const more = problems.length - SHOWN_PROBLEMS;
  if (more > 0) yield `${counted(more, 'error')} more; famfs fsck tells all`;
}
