import type { Finding } from '../log/findings';
import type { DumpedEntry, LogDumpHeader } from '../operations/log-dump';
import type { Extent, FileMap } from '../types';
import type { Painter } from './colour';
import { formatSize } from './sizes';

const SHOWN_EXTENTS = 3;
const BYTES_PER_LINE = 16;

/** The lines above a dump: what log it is, how full, and what is wrong with its header. */
export function describeLogHeader(header: LogDumpHeader, painter: Painter): string[] {
  const { capacity, device, entries, findings, logBytes, mountedOn, nextSeqnum, ownerUuid, uuid } = header;
  const unit = formatSize(header.unitBytes);
  return [
    `device      ${device}`,
    ...(mountedOn === undefined ? [] : [`mounted on  ${mountedOn}`]),
    `UUID        ${uuid}`,
    `owner       ${ownerUuid}`,
    `log         ${formatSize(logBytes)}, ${entries} of ${capacity} entries used, next sequence number ${nextSeqnum}`,
    ...findings.map((found) => describe(found, painter)),
    painter.dim(
      `places are first+count in units of ${unit}; "1:" before them is the device, "/" the strips' chunk`,
    ),
    painter.dim(columns('index', 'type', 'mode', 'owner', 'bytes', 'place', 'path')),
  ];
}

/** The lines of one entry: the entry itself, and below it what is wrong with it. */
export function describeLogEntry(entry: DumpedEntry, unitBytes: number, painter: Painter): string[] {
  const { findings = [], index, mode, state, type } = entry;
  const owner = entry.uid === undefined ? '' : `${entry.uid}:${entry.gid}`;
  const what =
    entry.path ?? (entry.deviceUuid === undefined ? '' : `device ${entry.devindex}: ${entry.deviceUuid}`);
  const line = columns(
    `${index}`,
    type,
    mode === undefined ? '' : mode.toString(8).padStart(4, '0'),
    owner,
    entry.size === undefined ? '' : `${entry.size}`,
    entry.map ? describeMap(entry.map, unitBytes) : '',
    what,
  );
  const mark = state === 'sound' ? '' : `  ${painter.red(`(${state})`)}`;
  const raw = entry.raw === undefined ? [] : hexLines(entry.raw);
  return [line.trimEnd() + mark, ...findings.map((found) => describe(found, painter)), ...raw];
}

function columns(...[index, type, mode, owner, size, place, path]: string[]): string {
  return [
    index?.padStart(7),
    type?.padEnd(10),
    mode?.padStart(4),
    owner?.padEnd(9),
    size?.padStart(13),
    place?.padEnd(12),
    path,
  ].join('  ');
}

/** "6+1", "6+1,9+2", "[17+5,22+5]/1"; extents behind the third are counted alone. */
function describeMap(map: FileMap, unit: number): string {
  if (map.kind === 'simple') return describeExtents(map.extents, unit);
  return `[${describeExtents(map.strips, unit)}]/${map.chunkSize / unit}`;
}

function describeExtents(extents: readonly Extent[], unit: number): string {
  const one = ({ devindex, length, offset }: Extent) =>
    `${devindex === 0 ? '' : `${devindex}:`}${offset / unit}+${length / unit}`;
  const shown = extents.slice(0, SHOWN_EXTENTS).map(one).join(',');
  const more = extents.length - SHOWN_EXTENTS;
  return more > 0 ? `${shown},${more} more` : shown;
}

function describe({ code, detail, severity }: Finding, painter: Painter): string {
  const mark = severity === 'error' ? painter.red('error') : painter.yellow('warning');
  return `         ${mark} ${code}: ${detail}`;
}

/** Bytes in hexadecimal as lines of 16, each with its offset; lines that repeat the one before are left out. */
function hexLines(hex: string): string[] {
  const lines: string[] = [];
  let before = '';
  for (let at = 0; at < hex.length; at += 2 * BYTES_PER_LINE) {
    const row = hex.slice(at, at + 2 * BYTES_PER_LINE);
    if (row !== before)
      lines.push(
        `         ${(at / 2).toString(16).padStart(4, '0')}  ${row.replace(/../g, '$& ')}`.trimEnd(),
      );
    else if (!lines.at(-1)?.endsWith('*')) lines.push('         *');
    before = row;
  }
  return lines;
}
