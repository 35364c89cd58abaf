#!/usr/bin/env node
// Bundles the benchmarks, which use the sources of famfs, and runs them: `npm run bench -- --help` says what they do.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// Below node_modules, where the bundle finds ffi-rs; each run has its own, so that two do not meet.
const outfile = join(root, 'node_modules', '.cache', 'famfs-bench', `bench-${process.pid}.cjs`);
buildSync({
  entryPoints: [join(root, 'bench', 'main.ts')],
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['ffi-rs'],
  outfile,
  logLevel: 'error',
});
const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, FAMFS_BENCH_ROOT: root, FAMFS_BENCH_BUNDLE: outfile },
});
process.exitCode = status ?? 1;
