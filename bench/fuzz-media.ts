/**
 * Makes damaged media, seeded, and holds what the program says of each to a naive checker.
 * scripts/fuzz-media bundles and runs it: TARGET N [SEED [FIRST]]. Ends with status 1 at the first wrong answer, which is
 * told with the seed and the index to give as FIRST.
 */
import { DecodeFuzzer, ReplayFuzzer } from '../test/support/fuzz-media';
import { VerbsFuzzer } from '../test/support/fuzz-media-verbs';

interface Target {
  readonly slowest: number;
  readonly findings: number;
  run(index: number): void | Promise<void>;
  close?(): void | Promise<void>;
}

const TARGETS: Record<string, (seed: number) => Target> = {
  decode: (seed) => new DecodeFuzzer(seed),
  replay: (seed) => new ReplayFuzzer(seed),
  verbs: (seed) => new VerbsFuzzer(seed),
};

/** More resident memory than this, in bytes, is a failure. */
const MEMORY_BOUND = 2 ** 30;
const ROUND = 10_000;

async function main([name = '', inputs = '1000000', given, first = '0']: string[]): Promise<void> {
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  const target = TARGETS[name]?.(seed);
  if (!target) throw new Error(`no target "${name}": ${Object.keys(TARGETS).join(', ')}`);
  const started = performance.now();
  let memory = 0;
  try {
    for (let i = Number(first); i < Number(first) + Number(inputs); i++) {
      const done = target.run(i);
      if (done) await done;
      if (i % ROUND === 0) memory = Math.max(memory, process.memoryUsage.rss());
      if (memory > MEMORY_BOUND)
        throw new Error(`${name}: seed ${seed}, input ${i}: ${memory} bytes resident`);
    }
  } finally {
    await target.close?.();
  }
  report(name, seed, Number(inputs), (performance.now() - started) / 1000, target, memory);
}

function report(
  name: string,
  seed: number,
  inputs: number,
  seconds: number,
  target: Target,
  memory: number,
): void {
  const { system, user } = process.cpuUsage();
  const rest = [
    `${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of a processor)`,
    `${Math.round(inputs / seconds)} a second`,
    `slowest ${target.slowest.toFixed(0)} ms`,
    `at most ${Math.round(memory / 2 ** 20)} MiB`,
  ];
  console.log(
    `${name}: seed ${seed}: ${inputs} inputs, ${target.findings} findings, all agreed; ${rest.join(', ')}`,
  );
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
