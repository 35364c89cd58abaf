/**
 * Fuzzes with inputs that are kept when they reach new code: BUNDLE N [SEED], where the bundle is that of
 * fuzz-media-target.ts. A failure leaves its input in a file. scripts/fuzz-media guided bundles and runs it.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { check } from '../src/operations/check';
import { disagreement } from '../test/support/fuzz-media-agree';
import { MediaFailure } from '../test/support/fuzz-media-attempt';
import { Coverage, GuidedInputs } from '../test/support/fuzz-media-engine';
import { MediaFile } from '../test/support/fuzz-media-file';
import { GuidedJudge } from '../test/support/fuzz-media-guided';
import { OWNER_UUID } from '../test/support/images';
import { naiveCheck } from '../test/support/naive-check';
import type * as Target from './fuzz-media-target';

/** Loads a bundle so that it counts what it runs. */
function instrumented(path: string): { target: typeof Target; coverage: Coverage } {
  const code = createInstrumenter({ compact: true }).instrumentSync(readFileSync(path, 'utf8'), path);
  const loaded = new Module(path) as Module & { _compile(code: string, path: string): void };
  loaded.require = createRequire(path);
  loaded._compile(code, path);
  const { __coverage__ } = globalThis as unknown as {
    __coverage__: Record<string, ConstructorParameters<typeof Coverage>[0]>;
  };
  const counts = __coverage__[path];
  if (!counts) throw new Error(`${path}: nothing is counted`);
  return { target: loaded.exports as typeof Target, coverage: new Coverage(counts) };
}

const judge = new GuidedJudge();
let device: MediaFile | undefined;

/** Runs fsck on a device file that has what an input says. */
async function fsck(data: Buffer): Promise<void> {
  process.env.FAMFS_SYSTEM_UUID = OWNER_UUID;
  device ??= scratchDevice();
  const store = judge.fill(data);
  device.write(store);
  const wrong = disagreement((await check(device.path)).findings, naiveCheck(store));
  if (wrong) throw new MediaFailure(wrong);
}

function scratchDevice(): MediaFile {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-media-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return new MediaFile(join(directory, 'device.img'));
}

async function main([bundle = '', runs = '100000', given]: string[]): Promise<void> {
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  const { coverage, target } = instrumented(bundle);
  const inputs = new GuidedInputs(target.guidedSeeds(), target.GUIDED_BYTES, seed);
  for (const data of inputs.corpus) target.run(data);
  coverage.take();
  const [first, started] = [coverage.features, performance.now()];
  const begun = inputs.corpus.length;
  for (let i = 0; i < Number(runs); i++) {
    const data = inputs.next();
    try {
      target.run(data);
      if (!coverage.take()) continue;
      inputs.corpus.push(data);
      await fsck(data);
    } catch (error) {
      const path = join(tmpdir(), `famfs-guided-${seed}-${i}`);
      writeFileSync(path, data);
      throw new Error(`guided: seed ${seed}, input ${i}, kept in ${path}: ${(error as Error).message}`);
    }
  }
  const seconds = (performance.now() - started) / 1000;
  const found = `${inputs.corpus.length - begun} of them reached new code (features ${first} to ${coverage.features})`;
  const rate = `${seconds.toFixed(1)} s, ${Math.round(Number(runs) / seconds)} a second`;
  console.log(`guided: seed ${seed}: ${runs} inputs, all agreed; ${found}; ${rate}`);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
