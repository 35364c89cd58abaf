import type { MountStatus } from '../operations/status';
import { shownLine } from '../path-bytes';
import type { StatusReport } from '../server-contract';
import type { Painter } from './colour';
import { counted, filesAndDirectories } from './counts';
import { formatDuration, formatRate, formatSize } from './sizes';
import { formatBound, formatLatency, type Operation, quantile } from './status-latency';
import { problemsOf } from './status-problems';
import { type Alignment, renderTable } from './table';

const INDENT = '  ';

/** What changed since an earlier report, by which rates are told. */
export interface Since {
  readonly report: StatusReport;
  /** Between the two reports. */
  readonly seconds: number;
}

/** How mounts are told of: with earlier reports by directory, and with names of files that answer EIO. */
export interface Telling {
  readonly since?: ReadonlyMap<string, Since>;
  readonly verbose?: boolean;
}

/** Mounts as text, a block of lines for each with an empty line between two. */
export function describeMounts(
  mounts: readonly MountStatus[],
  painter: Painter,
  { since, verbose = false }: Telling = {},
): string {
  if (mounts.length === 0) return 'no famfs is mounted';
  return mounts
    .map((mount) => describeMount(mount, painter, since?.get(mount.directory), verbose))
    .join('\n\n');
}

function describeMount(
  mount: MountStatus,
  painter: Painter,
  since: Since | undefined,
  verbose: boolean,
): string {
  const { failure, server } = mount;
  const title = painter.bold(shownLine(mount.directory));
  if (!server) {
    const what = shownLine(failure?.message ?? 'nothing is known of it');
    const text = failure?.code === 'no-permission' ? painter.yellow(what) : painter.red(what);
    return [
      title,
      `${INDENT}device  ${shownLine(mount.device)}`,
      `${INDENT}${text}`,
      ...hintLines(failure?.hint, painter),
    ].join('\n');
  }
  const lines = [
    title,
    ...problemLines(server, painter),
    ...(verbose ? fileLines(mount) : []),
    indented(renderTable(facts(mount, server, since))),
  ];
  if (server.requests.length > 0) lines.push(indented(requestTable(server, painter, since)));
  return lines.join('\n');
}

function hintLines(hint: string | undefined, painter: Painter): string[] {
  return hint === undefined ? [] : [painter.dim(`${INDENT}${shownLine(hint)}`)];
}

/** The files that answer EIO, as far as their names are known. */
function fileLines({ absent }: MountStatus): string[] {
  if (!absent) return [];
  const more = absent.files - absent.paths.length;
  const names = absent.paths.map((path) => `${INDENT}${INDENT}${shownLine(path)}`);
  return [...names, ...(more > 0 ? [`${INDENT}${INDENT}and ${counted(more, 'more file')}`] : [])];
}

function problemLines(server: StatusReport, painter: Painter): string[] {
  return problemsOf(server).flatMap(({ severity, todo, what }) => {
    const paint = severity === 'error' ? painter.red : painter.yellow;
    return [`${INDENT}${paint(shownLine(what))}`, ...hintLines(todo, painter)];
  });
}

function facts(mount: MountStatus, server: StatusReport, since: Since | undefined): string[][] {
  const { bytesRead, bytesWritten, kernel, log, replayed } = server;
  const percent = Math.floor((log.entries / log.capacity) * 100);
  const per = (now: number, before: ((report: StatusReport) => number) | undefined) =>
    since && before ? `, ${formatRate(rate(now, before(since.report), since.seconds))}` : '';
  const rows = [
    ['device', `${shownLine(server.device)}, ${formatSize(server.deviceBytes)}`],
    ...secondaries(server),
    ['UUID', server.uuid],
    ['role', `${server.role}, ${mount.readOnly || server.readOnly ? 'read-only' : 'read and write'}`],
    ['mounted', `${localTime(server.startedAt)}, ${formatDuration(server.uptimeSeconds)} ago`],
    ['log', `${log.entries} of ${log.capacity} entries used (${percent} %)`],
    ['contents', filesAndDirectories(replayed.files, replayed.directories)],
    ...(mount.absent ? [['answer EIO', counted(mount.absent.files, 'file')]] : []),
    ['served by', `${kernel.strategy}, cache=${server.cache}, FUSE ${kernel.protocol}`],
    ['workers', workersOf(server)],
    ['read', `${formatSize(bytesRead)}${per(bytesRead, (report) => report.bytesRead)}`],
    ['written', `${formatSize(bytesWritten)}${per(bytesWritten, (report) => report.bytesWritten)}`],
  ];
  if (server.logFile !== null)
    rows.push(["server's log", `${shownLine(server.logFile)} (${server.logLevel})`]);
  return rows;
}

function secondaries({ devices }: StatusReport): string[][] {
  return devices.slice(1).map(({ index, path, size, trouble }) => {
    const where = path === null ? [] : [shownLine(path)];
    return [`device ${index}`, [...where, formatSize(size), ...(trouble ? [trouble] : [])].join(', ')];
  });
}

function workersOf({ pid, restarts, workers }: StatusReport): string {
  const running = workers.filter((worker) => worker.pid !== null);
  const restarted = restarts === 0 ? '' : `, ${counted(restarts, 'restart')}`;
  const pids = running.map((worker) => worker.pid).join(' ');
  return `${running.length} of ${workers.length}${restarted} (supervisor ${pid}, workers ${pids || 'none'})`;
}

function requestTable(server: StatusReport, painter: Painter, since: Since | undefined): string {
  const head = ['operation', 'requests', ...(since ? ['per s'] : []), 'errors', 'mean', 'half', '99 %'];
  const rows = [...server.requests]
    .sort((a, b) => b.requests - a.requests)
    .map((operation) => [
      operation.operation,
      String(operation.requests),
      ...(since ? [String(Math.round(operationRate(operation, since)))] : []),
      String(operation.errors),
      operation.requests === 0 ? '-' : formatLatency(operation.seconds / operation.requests),
      formatBound(quantile(operation.latency, 0.5)),
      formatBound(quantile(operation.latency, 0.99)),
    ]);
  const align: Alignment[] = head.map((_, column) => (column === 0 ? 'left' : 'right'));
  const [first = '', ...others] = renderTable([head, ...rows], { align }).split('\n');
  return [painter.dim(first), ...others].join('\n');
}

function operationRate({ operation, requests }: Operation, { report, seconds }: Since): number {
  const before = report.requests.find((other) => other.operation === operation)?.requests ?? 0;
  return rate(requests, before, seconds);
}

function rate(now: number, before: number, seconds: number): number {
  return seconds > 0 ? Math.max(0, now - before) / seconds : 0;
}

/** "2024-05-06 07:08:09" in the time zone of this process. */
function localTime(iso: string): string {
  const date = new Date(iso);
  const shifted = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 19).replace('T', ' ');
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `${INDENT}${line}`)
    .join('\n');
}
