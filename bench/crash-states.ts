/**
 * Judges what crashes leave of operations that write, until so many states were tried. scripts/crash-states bundles and
 * runs it: STATES [SEED]. Ends with status 1 at the first state in which something is lost or half made.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPERATION_NAMES, record } from '../test/support/crash-operations';
import type { Recording } from '../test/support/crash-recording';
import { type Tally, tryCrashes } from '../test/support/crash-run';

const PER_STRETCH = 100;

async function main([states = '100000', seed = `${Date.now() % 2 ** 31}`]: string[]): Promise<void> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'famfs-crash-')));
  try {
    await tryAll(directory, Number(states), Number(seed));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** All operations once, then those of which not all states were tried, with other seeds, over and over. */
async function tryAll(directory: string, wanted: number, first: number): Promise<void> {
  const started = performance.now();
  const tallies = new Map<string, Tally>();
  let left: Recording[] = [];
  for (const name of OPERATION_NAMES) left.push(await record(name, directory));
  for (let seed = first; left.length > 0 && sum(tallies) < wanted; seed++) {
    const again: Recording[] = [];
    for (const recording of left) {
      if (sum(tallies) >= wanted && seed > first) break;
      const options = {
        perStretch: PER_STRETCH,
        seed,
        largeOnly: seed > first,
        mounts: seed > first ? 0 : 2,
      };
      const tally = await tryCrashes(recording, options);
      if (seed === first || count(tally) > 0) again.push(recording);
      add(tallies, recording.name, tally);
    }
    left = again;
  }
  for (const [name, tally] of tallies) console.log(`${name}: ${told(tally)}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`seed ${first}: ${sum(tallies)} states, all as they must be; ${seconds} s`);
}

function add(tallies: Map<string, Tally>, name: string, tally: Tally): void {
  const former = tallies.get(name);
  if (!former) tallies.set(name, tally);
  else for (const key of Object.keys(tally) as (keyof Tally)[]) former[key] += tally[key];
}

function count(tally: Tally): number {
  return tally.whole + tally['no-file-system'] + tally['half-taken'];
}

function sum(tallies: ReadonlyMap<string, Tally>): number {
  return [...tallies.values()].reduce((total, tally) => total + count(tally), 0);
}

function told(tally: Tally): string {
  const { mounted, whole } = tally;
  const parts = [`${count(tally)} states`, `${whole} whole (${mounted} of them mounted)`];
  if (tally['no-file-system'] > 0) parts.push(`${tally['no-file-system']} without a file system`);
  if (tally['half-taken'] > 0) parts.push(`${tally['half-taken']} half taken over`);
  return parts.join(', ');
}

main(process.argv.slice(2));
