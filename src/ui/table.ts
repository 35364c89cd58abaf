import { shownLines } from '../path-bytes';
import { widthOf } from './text';

export type Alignment = 'left' | 'right';

export interface TableOptions {
  /** For each column; 'left' where it says nothing. */
  readonly align?: readonly Alignment[];
}

const GAP = '  ';

/**
 * Lines of columns, two spaces apart and as wide as their widest cell, without a newline at the end. Cells
 * may be coloured. A row may have fewer cells than others.
 */
export function renderTable(texts: readonly (readonly string[])[], options: TableOptions = {}): string {
  const rows = texts.map((row) => row.map(cellText));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  const { align = [] } = options;
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => alignCell(cell, widths[column] ?? 0, align[column])).join(GAP);
  return rows.map((row) => line(row).trimEnd()).join('\n');
}

function cellText(text: string): string {
  return shownLines(text).replaceAll('\n', '\\x0a');
}

function alignCell(cell: string, width: number, alignment: Alignment = 'left'): string {
  const padding = ' '.repeat(width - widthOf(cell));
  return alignment === 'right' ? padding + cell : cell + padding;
}
