import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '../../..');

export interface ChildResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bundles a TypeScript program that imports from the repository's root (`./src/...`) into `outfile`. */
export function bundle(program: string, outfile: string): void {
  buildSync({
    stdin: { contents: program, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    platform: 'node',
    external: ['ffi-rs'],
    outfile,
    logLevel: 'error',
  });
}

/** Runs a bundled program in a process of its own, for what may end in a signal. */
export function runChild(outfile: string, ...args: string[]): ChildResult {
  const env = { ...process.env, NODE_PATH: join(ROOT, 'node_modules') };
  return spawnSync(process.execPath, ['--expose-gc', outfile, ...args], { encoding: 'utf8', env });
}
