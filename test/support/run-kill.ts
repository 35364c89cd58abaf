import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from './random';
import { type Run, type RunOptions, start } from './run';
import { noise, put } from './run-files';

/** Starts famfs and kills it with SIGKILL after `afterMs`, if it still runs then. */
export async function killedAfter(
  afterMs: number,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const { child, done } = start(args, options);
  const stop = new AbortController();
  const kill = sleep(afterMs, undefined, { signal: stop.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  const run = await done;
  stop.abort();
  await kill;
  return run;
}

/** Milliseconds that a run of famfs takes here: what moments to kill another at are drawn from. */
export async function duration(run: () => Promise<Run>): Promise<number> {
  const started = performance.now();
  const { status, stderr } = await run();
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

/**
 * Moments from a little after the start of a program that takes `total` milliseconds to a little after its end; half
 * of them in its last third, where the log is written.
 */
export function moments(count: number, total: number, seed: number): number[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const from = i % 2 === 0 ? 0.2 : 0.66;
    return total * (from + (1.1 - from) * random());
  });
}

/** A tree of `small` files of up to 16 KiB in a few directories, and `large` ones of 1 to 8 MiB. */
export function plantTree(root: string, small: number, large: number, seed = 1): string {
  const random = seeded(seed);
  for (let i = 0; i < small; i++) {
    put(`${root}/d${i % 5}/e${i % 3}/small${i}`, noise(Math.floor(random() * 16_384), seed + i));
  }
  for (let i = 0; i < large; i++) {
    put(`${root}/large/l${i}`, noise(Math.floor((1 + 7 * random()) * 2 ** 20), seed + 10_000 + i));
  }
  return root;
}
