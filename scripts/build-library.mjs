// Bundles the library into dist/lib/: CommonJS, an ES module on top of it, so that a program that uses both has one
// FamfsError, and the types.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { generateDtsBundle } from 'dts-bundle-generator';
import { build } from 'esbuild';

/** Builds the library of the package at `root`. */
export async function buildLibrary(root) {
  const directory = join(root, 'dist/lib');
  mkdirSync(directory, { recursive: true });
  const bundle = join(directory, 'index.cjs');
  await build({
    absWorkingDir: root,
    entryPoints: ['src/library/index.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20.15',
    format: 'cjs',
    external: ['ffi-rs'],
    logLevel: 'warning',
  });
  const names = Object.keys(createRequire(import.meta.url)(bundle)).sort();
  writeFileSync(join(directory, 'index.mjs'), `export { ${names.join(', ')} } from './index.cjs';\n`);
  const [types] = generateDtsBundle(
    [
      {
        filePath: join(root, 'src/library/index.ts'),
        output: { noBanner: true, exportReferencedTypes: false },
      },
    ],
    { preferredConfigPath: join(root, 'tsconfig.library.json') },
  );
  for (const name of ['index.d.cts', 'index.d.mts']) writeFileSync(join(directory, name), types);
}
