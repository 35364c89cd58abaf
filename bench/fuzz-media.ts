/**
 * Makes damaged media, seeded, and holds what the program says of each to a naive checker.
 * scripts/fuzz-media bundles and runs it: TARGET N [SEED [FIRST]]. Ends with status 1 at the first wrong answer, which is
 * told with the seed and the index to give as FIRST.
 */
import { join } from 'node:path';
import { DecodeFuzzer, ReplayFuzzer } from '../test/support/fuzz-media';
import { MountFuzzer } from '../test/support/fuzz-media-mount';
import { VerbsFuzzer } from '../test/support/fuzz-media-verbs';

interface Target {
  readonly slowest: number;
  readonly findings: number;
  run(index: number): void | Promise<void>;
  readonly mounted?: number;
  close?(): void;
}

const TARGETS: Record<string, (seed: number) => Target> = {
  decode: (seed) => new DecodeFuzzer(seed),
  replay: (seed) => new ReplayFuzzer(seed),
  verbs: (seed) => new VerbsFuzzer(seed),
  mount: (seed) => new MountFuzzer(join(process.cwd(), 'dist/server.cjs'), seed),
};

/** More resident memory than this, in bytes, is a failure. */
const MEMORY_BOUND = 2 ** 30;
const ROUND = 100;
const MOUNTS_AT_ONCE = 2;

async function main([name = '', inputs = '1000000', given, first = '0']: string[]): Promise<void> {
  const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
  const make = TARGETS[name];
  if (!make) throw new Error(`no target "${name}": ${Object.keys(TARGETS).join(', ')}`);
  const lanes = Array.from({ length: name === 'mount' ? MOUNTS_AT_ONCE : 1 }, () => make(seed));
  const started = performance.now();
  const end = Number(first) + Number(inputs);
  const outcomes = await Promise.allSettled(
    lanes.map((lane, i) => runAll(lane, Number(first) + i, end, lanes.length)),
  );
  for (const lane of lanes) lane.close?.();
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  report(name, seed, Number(inputs), (performance.now() - started) / 1000, lanes);
}

let memory = 0;
/** A lane has failed, and the others stop. */
let failed = false;

async function runAll(target: Target, first: number, end: number, step: number): Promise<void> {
  try {
    for (let i = first; i < end && !failed; i += step) {
      const done = target.run(i);
      if (done) await done;
      if (i % ROUND === 0) memory = Math.max(memory, process.memoryUsage.rss());
      if (memory > MEMORY_BOUND) throw new Error(`input ${i}: ${memory} bytes are resident`);
    }
  } catch (error) {
    failed = true;
    throw error;
  }
}

function report(name: string, seed: number, inputs: number, seconds: number, lanes: readonly Target[]): void {
  const { system, user } = process.cpuUsage();
  const findings = lanes.reduce((sum, lane) => sum + lane.findings, 0);
  const mounted = lanes.reduce((sum, lane) => sum + (lane.mounted ?? 0), 0);
  const rest = [
    ...(name === 'mount' ? [`${mounted} of them mounted`] : []),
    `${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of a processor)`,
    `${Math.round(inputs / seconds)} a second`,
    `slowest ${Math.max(...lanes.map(({ slowest }) => slowest)).toFixed(0)} ms`,
    `at most ${Math.round(memory / 2 ** 20)} MiB`,
  ];
  console.log(
    `${name}: seed ${seed}: ${inputs} inputs, ${findings} findings, all agreed; ${rest.join(', ')}`,
  );
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
