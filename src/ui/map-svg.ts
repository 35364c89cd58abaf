import type { DeviceMap, MappedDevice } from '../operations/device-map';
import { type Cell, cssColour, type Grid, gridOf, titleOf } from './map-cells';
import { formatSize } from './sizes';

const COLUMNS = 128;
const ROWS = 64;
const CELL = 8;
const TOP = 32;
const HEAD = 20;
const COLOURS = { superblock: '#222', log: '#666', shared: '#e00', free: '#eee' } as const;

/**
 * A map as a picture, devices one below the other: cells row by row, neighbours of one file joined into one rectangle
 * with a title.
 */
export function mapSvg(map: DeviceMap): string {
  const paths = new Map(map.files.map(({ entry, path }) => [entry, path]));
  const width = COLUMNS * CELL + 2 * CELL;
  let height = 0;
  const pictures = map.devices.map((device) => {
    const grid = gridOf(device, COLUMNS * ROWS);
    const top = height;
    height += TOP + Math.ceil(grid.cells.length / COLUMNS) * CELL + CELL;
    return picture(headOf(map, device, grid), grid, top, paths);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<rect width="100%" height="100%" fill="#fff"/>
${pictures.join('\n')}
</svg>
`;
}

function headOf(map: DeviceMap, device: MappedDevice, { cellBytes }: Grid): string {
  const { freeUnits, unitBytes, usedUnits } = device.space;
  return `${titleOf(map, device)}: ${formatSize(device.size)}; used ${formatSize(usedUnits * unitBytes)}, free ${formatSize(freeUnits * unitBytes)}; a cell is ${formatSize(cellBytes)}`;
}

/** A device from `top` on, in pixels. */
function picture(head: string, grid: Grid, top: number, paths: ReadonlyMap<number, string>): string {
  const { cellBytes, cells } = grid;
  const lines = [
    `<text x="${CELL}" y="${top + HEAD}" font-family="sans-serif" font-size="13">${escapeMarkup(head)}</text>`,
  ];
  for (let first = 0; first < cells.length; ) {
    const last = endOfRun(cells, first);
    lines.push(rect(cells[first] as Cell, first, last - first, { top: top + TOP, cellBytes, paths }));
    first = last;
  }
  return lines.join('\n');
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

interface Sheet {
  /** Where the first row of cells begins, in pixels. */
  readonly top: number;
  readonly cellBytes: number;
  readonly paths: ReadonlyMap<number, string>;
}

function rect({ entry = -1, kind }: Cell, first: number, count: number, sheet: Sheet): string {
  const path = sheet.paths.get(entry) ?? '';
  const x = CELL + (first % COLUMNS) * CELL;
  const y = sheet.top + Math.floor(first / COLUMNS) * CELL;
  const fill = kind === 'file' ? cssColour(path) : COLOURS[kind];
  const title = `${kind === 'file' ? path : kind}, from ${first * sheet.cellBytes}`;
  return `<rect x="${x}" y="${y}" width="${count * CELL - 1}" height="${CELL - 1}" fill="${fill}"><title>${escapeMarkup(title)}</title></rect>`;
}
