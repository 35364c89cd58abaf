import { shownLine } from '../path-bytes';
import type { Painter } from './colour';
import { counted } from './counts';

interface Check {
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly hint?: string;
}

const WIDTH = 'warning'.length;

/** Lines for a report on a host: one for each check, what to do below it, and the sum. `problemsOnly` leaves out what is fine. */
export function describeHost(
  report: { readonly checks: readonly Check[]; readonly errors: number; readonly warnings: number },
  painter: Painter,
  problemsOnly: boolean,
): string[] {
  const colours = { ok: painter.green, warning: painter.yellow, error: painter.red };
  const lines = report.checks
    .filter(({ level }) => !problemsOnly || level !== 'ok')
    .flatMap(({ hint, level, message }) => [
      `${colours[level](level.padEnd(WIDTH))}  ${shownLine(message)}`,
      ...(hint === undefined ? [] : [painter.dim(`${' '.repeat(WIDTH)}  ${shownLine(hint)}`)]),
    ]);
  if (problemsOnly) return lines;
  return [...lines, `${counted(report.errors, 'error')}, ${counted(report.warnings, 'warning')}`];
}
