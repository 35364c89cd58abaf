import type { ListedEntry } from '../operations/list';
import type { FileMap } from '../types';
import { formatSize } from './sizes';

const ID_COLUMNS = 5;
const SIZE_COLUMNS = 12;
const HUMAN_COLUMNS = 9;

/** Lines of a long listing: kind and permissions, user, group, size and path, and below it the map if there is one. */
export function longLines(entry: ListedEntry, human: boolean): string[] {
  const { gid, kind, map, path, size, uid } = entry;
  const shown = human ? formatSize(size).padStart(HUMAN_COLUMNS) : String(size).padStart(SIZE_COLUMNS);
  const [user, group] = [uid, gid].map((id) => String(id).padStart(ID_COLUMNS));
  const mode = (kind === 'directory' ? 'd' : '-') + permissions(Number.parseInt(entry.mode, 8));
  return [`${mode} ${user} ${group} ${shown} ${path}`, ...(map ? mapLines(map) : [])];
}

/** A line for each extent or strip of a map, indented, and one before them for an interleaved map. Sizes in bytes. */
export function mapLines(map: FileMap): string[] {
  const line = (kind: string, at: { devindex: number; offset: number; length: number }, number: number) =>
    `  ${kind} ${number}: device ${at.devindex}, offset ${at.offset}, length ${at.length}`;
  if (map.kind === 'simple') return map.extents.map((extent, number) => line('extent', extent, number));
  const head = `  interleaved over ${map.strips.length}, chunks of ${map.chunkSize}`;
  return [head, ...map.strips.map((strip, number) => line('strip', strip, number))];
}

function permissions(mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = mode >> shift;
    const executable = (bits & 1) !== 0;
    const last = mode & special ? (executable ? letter : letter.toUpperCase()) : executable ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return triple(6, 0o4000, 's') + triple(3, 0o2000, 's') + triple(0, 0o1000, 't');
}
