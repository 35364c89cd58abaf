/**
 * Sends seeded requests, sound and malformed, to the server's request loop and holds every answer to a model.
 * scripts/fuzz-fuse bundles and runs it: REQUESTS [SEED]. Ends with status 1 at the first wrong answer.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FUZZ_IMAGE, Fuzzer, fuzzEntries } from '../test/support/fuse-fuzz';
import { makeImage, writeImage } from '../test/support/images';

const ROUND = 50_000;

function main([requests = '1000000', seed = `${Date.now() % 2 ** 31}`]: string[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-fuzz-'));
  try {
    const device = join(directory, 'device.img');
    writeImage(device, makeImage({ ...FUZZ_IMAGE, entries: fuzzEntries() }));
    fuzz(new Fuzzer(device, Number(seed)), Number(requests), seed);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function fuzz(fuzzer: Fuzzer, requests: number, seed: string): void {
  const started = performance.now();
  while (fuzzer.requests < requests) fuzzer.run(Math.min(ROUND, requests - fuzzer.requests));
  fuzzer.close();
  const seconds = (performance.now() - started) / 1000;
  const { errors } = fuzzer;
  console.log(
    `seed ${seed}: ${requests} requests, ${errors} of them errors, as the model says; ${seconds.toFixed(1)} s`,
  );
}

main(process.argv.slice(2));
