/**
 * Measures how long the replay of a log takes, from a sparse file through FileDevice, and what memory it needs.
 *
 *   npx esbuild bench/replay.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/replay.cjs
 *   NODE_PATH=node_modules node /tmp/replay.cjs [ENTRIES...]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDevice } from '../src/device/file-device';
import type { Finding } from '../src/log/findings';
import { inspectHeader } from '../src/log/header';
import { MIB } from '../src/log/layout';
import { Replay } from '../src/log/replay';
import { loadSuperblock } from '../src/log/superblock';
import { makeDevice } from './full-log';

const FULL_LOGS = [15_420, 493_447];
const ROUNDS = 5;

/** Replays once, in this process, and prints the time and the growth of the resident set. */
function replayOnce(path: string, size: number): void {
  const device = new FileDevice(path, openSync(path, 'r'), size, { writable: false });
  const before = process.memoryUsage.rss();
  const start = process.hrtime.bigint();
  const superblock = loadSuperblock(device);
  const findings: Finding[] = [];
  const replay = new Replay(device, superblock, (found) => findings.push(found));
  replay.to(inspectHeader(device, superblock.logLength).counters.nextIndex);
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  const growth = process.memoryUsage.rss() - before;
  if (findings.length > 0) throw new Error(`findings: ${JSON.stringify(findings[0])}`);
  console.log(JSON.stringify({ ms, rssGrowthMiB: growth / MIB, rssMiB: process.memoryUsage.rss() / MIB }));
}

interface Sample {
  readonly ms: number;
  readonly rssGrowthMiB: number;
  readonly rssMiB: number;
}

/** A fresh process for each round: the first replay of a process is what users wait for. */
function measure(path: string, size: number): Sample {
  const samples = Array.from({ length: ROUNDS }, (): Sample => {
    const child = spawnSync(process.execPath, [...process.execArgv, __filename, '--once', path, `${size}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse(child.stdout);
  });
  return samples.sort((a, b) => a.ms - b.ms)[Math.floor(ROUNDS / 2)] as Sample;
}

function main(counts: readonly number[]): void {
  const directory = mkdtempSync(join(tmpdir(), 'famfs-bench-'));
  const path = join(directory, 'device');
  try {
    for (const count of counts) {
      for (const shape of ['directories', 'flat'] as const) {
        makeDevice(path, count, shape);
        const { ms, rssGrowthMiB, rssMiB } = measure(path, statSync(path).size);
        console.log(
          `${count} entries, ${shape}: ${ms.toFixed(0)} ms, ` +
            `resident set ${rssMiB.toFixed(0)} MiB, ${rssGrowthMiB.toFixed(0)} MiB of it by the replay`,
        );
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [first, path, size] = process.argv.slice(2);
if (first === '--once') replayOnce(path ?? '', Number(size));
else main(first === undefined ? FULL_LOGS : process.argv.slice(2).map(Number));
