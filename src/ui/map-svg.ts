import type { DeviceMap } from '../operations/device-map';
import { type Cell, cssColour, gridOf } from './map-cells';
import { formatSize } from './sizes';

const COLUMNS = 128;
const ROWS = 64;
const CELL = 8;
const TOP = 32;
const COLOURS = { superblock: '#222', log: '#666', shared: '#e00', free: '#eee' } as const;

/** A map as a picture: cells row by row, neighbours of one file joined into one rectangle with a title. */
export function mapSvg(map: DeviceMap): string {
  const { cellBytes, cells } = gridOf(map, COLUMNS * ROWS);
  const paths = new Map(map.files.map(({ entry, path }) => [entry, path]));
  const height = TOP + Math.ceil(cells.length / COLUMNS) * CELL + CELL;
  const width = COLUMNS * CELL + 2 * CELL;
  const { freeUnits, unitBytes, usedUnits } = map.space;
  const head = `${map.device}: ${formatSize(map.deviceBytes)}; used ${formatSize(usedUnits * unitBytes)}, free ${formatSize(freeUnits * unitBytes)}; a cell is ${formatSize(cellBytes)}`;
  const rects: string[] = [];
  for (let first = 0; first < cells.length; ) {
    const last = endOfRun(cells, first);
    rects.push(rect(cells[first] as Cell, first, last - first, cellBytes, paths));
    first = last;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${CELL}" y="20" font-family="sans-serif" font-size="13">${escapeMarkup(head)}</text>
${rects.join('\n')}
</svg>
`;
}

/** Text as it stands in XML and HTML, between tags and in attributes. */
export function escapeMarkup(text: string): string {
  return text.replace(
    /[&<>"'\ufffe\uffff]/g,
    (c) => `&#${/[\ufffe\uffff]/.test(c) ? 0xfffd : c.charCodeAt(0)};`,
  );
}

function endOfRun(cells: readonly Cell[], first: number): number {
  const { entry, kind } = cells[first] as Cell;
  const rowEnd = Math.min(cells.length, (Math.floor(first / COLUMNS) + 1) * COLUMNS);
  let end = first + 1;
  while (end < rowEnd && cells[end]?.kind === kind && cells[end]?.entry === entry) end++;
  return end;
}

function rect(
  { entry = -1, kind }: Cell,
  first: number,
  count: number,
  cellBytes: number,
  paths: ReadonlyMap<number, string>,
): string {
  const path = paths.get(entry) ?? '';
  const x = CELL + (first % COLUMNS) * CELL;
  const y = TOP + Math.floor(first / COLUMNS) * CELL;
  const fill = kind === 'file' ? cssColour(path) : COLOURS[kind];
  const title = `${kind === 'file' ? path : kind}, from ${first * cellBytes}`;
  return `<rect x="${x}" y="${y}" width="${count * CELL - 1}" height="${CELL - 1}" fill="${fill}"><title>${escapeMarkup(title)}</title></rect>`;
}
