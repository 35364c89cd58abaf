/**
 * Measures how long the replay of a log takes, from a sparse file through FileDevice, and what memory it needs.
 *
 *   npx esbuild bench/replay.ts --bundle --platform=node --external:ffi-rs --outfile=/tmp/replay.cjs
 *   NODE_PATH=node_modules node /tmp/replay.cjs [ENTRIES...]
 */
import { spawnSync } from 'node:child_process';
import { ftruncateSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileDevice } from '../src/device/file-device';
import { appendEntries } from '../src/log/append';
import type { LogEntry } from '../src/log/entry';
import type { Finding } from '../src/log/findings';
import { encodeHeader, inspectHeader } from '../src/log/header';
import { DEFAULT_ALLOC_UNIT, LOG_OFFSET, logCapacity, MIB, MIN_LOG_LENGTH } from '../src/log/layout';
import { Replay } from '../src/log/replay';
import { encodeSuperblock, loadSuperblock } from '../src/log/superblock';

const FULL_LOGS = [15_420, 493_447];
const FILES_A_DIRECTORY = 1000;
const ROUNDS = 5;
const UUID = '6f5d2f0e-5c8b-4c1e-9d57-0f6f2c1b7a10';

type Shape = 'flat' | 'directories';

/** Half a million files of one unit each, in one directory or a thousand to a directory. */
function makeEntries(count: number, shape: Shape, dataStart: number): LogEntry[] {
  let directory = '';
  return Array.from({ length: count }, (_, i): LogEntry => {
    if (shape === 'directories' && i % FILES_A_DIRECTORY === 0) {
      directory = `directory-${i / FILES_A_DIRECTORY}/`;
      return { type: 'mkdir', path: Buffer.from(directory.slice(0, -1)), uid: 0, gid: 0, mode: 0o755 };
    }
    const extent = { devindex: 0, offset: dataStart + i * DEFAULT_ALLOC_UNIT, length: DEFAULT_ALLOC_UNIT };
    return {
      type: 'file',
      path: Buffer.from(`${directory}file-number-${i}.parquet`),
      size: MIB,
      flags: 2,
      uid: 1000,
      gid: 1000,
      mode: 0o644,
      map: { kind: 'simple', extents: [extent] },
    };
  });
}

function makeDevice(path: string, count: number, shape: Shape): void {
  let logLength = MIN_LOG_LENGTH;
  while (logCapacity(logLength) < count) logLength *= 2;
  const dataStart = LOG_OFFSET + logLength;
  const size = dataStart + count * DEFAULT_ALLOC_UNIT;
  const fd = openSync(path, 'w+');
  ftruncateSync(fd, size);
  const device = new FileDevice(path, fd, size, { writable: true, noSync: true });
  device.store(
    0,
    encodeSuperblock({
      logLength,
      allocUnit: DEFAULT_ALLOC_UNIT,
      uuid: UUID,
      deviceUuid: UUID,
      ownerUuid: UUID,
      flags: 0,
      primarySize: size,
      primaryName: path,
    }),
  );
  device.store(LOG_OFFSET, encodeHeader(logLength));
  appendEntries(device, logLength, { nextSeqnum: 0, nextIndex: 0 }, makeEntries(count, shape, dataStart));
  device.close();
}

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
