import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const CHECKOUT = join(__dirname, '../..');
/** What the program needs to run. */
const PARTS = [
  'bin',
  'dist',
  'oclif.manifest.json',
  'package.json',
  'node_modules/ffi-rs',
  'node_modules/@yuuang',
];
const MAY_ENTER = 0o001;

let reachable: string | undefined;

/**
 * The directory of `bin` for programs that run as another user: the checkout, or a copy where the checkout lies in a
 * directory that others may not enter, as mktemp -d makes them.
 */
export function programForOthers(): string {
  reachable ??= othersMayEnter(CHECKOUT) ? CHECKOUT : copyOfProgram();
  return join(reachable, 'bin');
}

function othersMayEnter(directory: string): boolean {
  if ((statSync(directory).mode & MAY_ENTER) === 0) return false;
  return directory === '/' || othersMayEnter(dirname(directory));
}

/** Copies the program to a directory that goes when the process ends. */
export function copyOfProgram(): string {
  const copy = mkdtempSync(join(tmpdir(), 'famfs-program-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  chmodSync(copy, 0o755);
  for (const part of PARTS.filter((name) => existsSync(join(CHECKOUT, name))))
    cpSync(join(CHECKOUT, part), join(copy, part), { recursive: true });
  return copy;
}
