import { type Finding, isError } from '../log/findings';
import { overlapsIn } from '../log/overlaps';
import { printable } from '../log/paths';
import { entryOfIno } from '../log/replay';
import type { Tree } from '../log/tree';
import { pathBytes } from '../path-bytes';
import { withView } from './view';

/** A command that saves what cannot be repaired, or shows what is left of it, and what it is for. */
export interface CopyOut {
  readonly why: string;
  readonly command: string;
}

/** More are not told: the command for everything is among them. */
const MOST_COMMANDS = 100;
const PLAIN_WORD = /^[\w./+@%=,:-]+$/;
const PRINTABLE = /^[ -~]*$/;

/**
 * The commands by which files are copied out of an unmounted device with errors that no repair puts right: first all
 * that is served, then each file that shares bytes with another one, then what is left of each bad entry.
 */
export async function copyOut(device: string, findings: readonly Finding[]): Promise<CopyOut[]> {
  const bad = findings.filter((found) => isError(found) && found.entry !== undefined);
  if (bad.length === 0) return [];
  const path = quoted(pathBytes(device));
  const entries = new Set(bad.filter(({ code }) => code !== 'ext-overlap').map(({ entry }) => entry));
  const shared = await withView(device, {}, ({ tree }) => sharedFiles(path, tree));
  return [
    { why: 'all files that can be read', command: `famfs export ${path} / salvaged` },
    ...shared,
    ...[...entries].map((entry) => ({
      why: `what is left of entry ${entry}`,
      command: `famfs log dump --raw --from ${entry} --to ${entry} ${path}`,
    })),
  ].slice(0, MOST_COMMANDS);
}

/** A command for each file that shares bytes with others, once. */
function sharedFiles(device: string, tree: Tree): CopyOut[] {
  const others = new Map<number, number>();
  for (const { earlier, later } of overlapsIn(tree)) {
    if (others.size >= MOST_COMMANDS) break;
    if (!others.has(later)) others.set(later, earlier);
    if (!others.has(earlier)) others.set(earlier, later);
  }
  return [...others].map(([ino, other]) => {
    const path = tree.path(ino);
    const name = `entry-${entryOfIno(ino)}`;
    return {
      why: `"${printable(path)}", which may hold bytes of "${printable(tree.path(other))}"`,
      command: `famfs cat ${device} ${quoted(path)} > ${name}`,
    };
  });
}

/** A word for bash that stands for these bytes. */
function quoted(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  if (PLAIN_WORD.test(text)) return text;
  if (PRINTABLE.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escapeByte = (byte: number) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`;
  return `$'${Array.from(bytes, escapeByte).join('')}'`;
}
