import type { Finding } from '../log/findings';
import type { CheckReport } from '../operations/check';
import { type Painter, paint } from './colour';
import { counted, filesAndDirectories } from './counts';
import { formatSize } from './sizes';
import { renderTable } from './table';

/** A check's report as text: a line for each finding, then, unless `quiet`, what is on the device. */
export async function describeReport(report: CheckReport, quiet: boolean): Promise<string> {
  const painter = await paint(process.stdout);
  const lines = report.findings.map((found) => describeFinding(found, painter));
  if (report.unlisted !== undefined)
    lines.push(`${report.unlisted} more findings are counted and not listed`);
  if (!quiet) lines.push(renderTable(summary(report)), verdict(report, painter));
  return lines.join('\n');
}

/** A line for a finding. */
export function describeFinding({ code, severity, detail, entry, path }: Finding, painter: Painter): string {
  const mark = severity === 'error' ? painter.red('error') : painter.yellow('warning');
  const where = entry === undefined ? '' : ` entry ${entry}${path === undefined ? '' : ` "${path}"`}:`;
  return `${mark} ${code}:${where} ${detail}`;
}

function summary(report: CheckReport): string[][] {
  const rows = [['device', `${report.device}, ${formatSize(report.deviceBytes)}`]];
  if (report.mountedOn !== undefined) rows.push(['mounted on', report.mountedOn]);
  if (report.uuid !== undefined) rows.push(['UUID', report.uuid]);
  if (report.ownerUuid !== undefined)
    rows.push(['owner', `${report.ownerUuid} (this host is ${article(report.role)})`]);
  const { contents } = report;
  if (!contents) return rows;
  const { capacity, directories, entries, fileBytes, files, space } = contents;
  const size = (units: number) => formatSize(units * space.unitBytes);
  rows.push(
    ['log', `${entries} of ${capacity} entries used`],
    ['contents', `${filesAndDirectories(files, directories)}; ${formatSize(fileBytes)} of data`],
    [
      'space',
      `${size(space.usedUnits)} of ${size(space.totalUnits)} used in units of ${formatSize(space.unitBytes)}`,
    ],
    [
      'free',
      `${size(space.freeUnits)} in ${counted(space.freeRuns, 'fragment')}, the largest ${size(space.largestFreeUnits)}`,
    ],
  );
  return rows;
}

function article(role: string | undefined): string {
  return role === 'owner' ? 'the owner' : 'a client';
}

function verdict({ errors, warnings }: CheckReport, painter: Painter): string {
  if (errors > 0) return painter.red(`${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
  return warnings > 0 ? painter.yellow(`no errors, ${counted(warnings, 'warning')}`) : painter.green('clean');
}
