#!/usr/bin/env node
// Bundles the command line, the FUSE server and the library into dist/, writes oclif's manifest of all verbs and flags, and keeps
// V8's compiled code beside the bundle, which the launcher in bin/ loads.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildLibrary } from './build-library.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const started = performance.now();

/** zod brings its messages in fifty languages; only the English ones are ever shown. */
const zodInEnglish = {
  name: 'zod-in-english',
  setup({ onResolve }) {
    onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer, resolveDir }) =>
      importer.includes('/node_modules/zod/') ? { path: join(resolveDir, '../locales/en.js') } : undefined,
    );
  },
};

/** oclif sorts its list of commands by the rules of a language, which take longer to load than all of ours. */
const oclifSortsByBytes = {
  name: 'oclif-sorts-by-bytes',
  setup({ onLoad }) {
    onLoad({ filter: /@oclif\/core\/lib\/config\/plugin\.js$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace('a.id.localeCompare(b.id)', 'a.id < b.id ? -1 : 1');
      if (contents === source) throw new Error(`${path}: does not sort as expected any more`);
      return { contents };
    });
  },
};

const dist = join(root, 'dist');
mkdirSync(dist, { recursive: true });
const fresh = mkdtempSync(join(dist, 'new-'));
/** The script of the page that `famfs map --html` writes, for a browser. */
const page = await build({
  absWorkingDir: root,
  entryPoints: ['src/page/map.ts'],
  bundle: true,
  write: false,
  format: 'iife',
  target: 'es2022',
  minify: true,
  charset: 'ascii',
  logLevel: 'warning',
});
await build({
  absWorkingDir: root,
  define: { MAP_PAGE_SCRIPT: JSON.stringify(page.outputFiles[0].text.trimEnd()) },
  entryPoints: {
    famfs: 'src/main.ts',
    server: 'src/server.ts',
    'check-ahead': 'src/check-ahead.ts',
    'copy-thread': 'src/copy-thread.ts',
  },
  outdir: fresh,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.15',
  format: 'cjs',
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['ffi-rs', 'typescript'],
  // import() becomes a lazy require(): code from the cache of bin/launch.cjs has no loader for the former.
  supported: { 'dynamic-import': false },
  plugins: [zodInEnglish, oclifSortsByBytes],
  logLevel: 'warning',
});
// By renames, so that programs that start meanwhile find a bundle; the cache of the old one must not meet the new one.
rmSync(join(dist, 'famfs.cache'), { force: true });
for (const name of readdirSync(fresh)) renameSync(join(fresh, name), join(dist, name));
rmSync(fresh, { recursive: true });
await buildLibrary(root);
// What these say on standard error is shown when they fail: oclif's tool tells of its own new versions there.
const node = (...args) =>
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] });
node('node_modules/oclif/bin/run.js', 'manifest');
node('bin/famfs', '--build-code-cache');
const kib = (file) => Math.round(statSync(join(dist, file)).size / 1024);
console.error(
  `built dist/famfs.cjs (${kib('famfs.cjs')} KiB), dist/server.cjs (${kib('server.cjs')} KiB), ` +
    `code cache (${kib('famfs.cache')} KiB) in ${Math.round(performance.now() - started)} ms`,
);
