import { openSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { FileDevice } from '../../src/device/file-device';
import type { Finding } from '../../src/log/findings';
import { inspectHeader } from '../../src/log/header';
import { LOG_ENTRY } from '../../src/log/layout';
import { Replay } from '../../src/log/replay';
import { loadSuperblock } from '../../src/log/superblock';
import { timed } from '../stats';

/** The bytes of an entry that its checksum covers. */
const SUMMED_BYTES = 536;

export const Replayed = z.strictObject({
  ms: z.number(),
  againMs: z.number(),
  sumsMs: z.number(),
  rssGrowthBytes: z.number(),
});

function sums(entries: Buffer): number {
  let all = 0;
  for (let at = 0; at < entries.length; at += LOG_ENTRY.bytes)
    all ^= crc32(entries.subarray(at, at + SUMMED_BYTES));
  return all;
}

/**
 * Replays a log as the first work of a process, which is what users wait for; then once more, when what runs often is
 * compiled, as in a server that goes on; then as many calls of zlib.crc32 on what the sums of entries cover.
 */
export function replayTwice(path: string): z.infer<typeof Replayed> {
  const device = new FileDevice(path, openSync(path, 'r'), statSync(path).size, { writable: false });
  const findings: Finding[] = [];
  const replayed = (): Replay => {
    const superblock = loadSuperblock(device);
    const replay = new Replay(device, superblock, (found) => findings.push(found));
    replay.to(inspectHeader(device, superblock.logLength).counters.nextIndex);
    return replay;
  };
  const keep: Replay[] = [];
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const ms = timed(() => keep.push(replayed()));
  globalThis.gc?.();
  const rssGrowthBytes = process.memoryUsage.rss() - before;
  const againMs = timed(() => keep.push(replayed()));
  if (findings.length > 0) throw new Error(`findings: ${JSON.stringify(findings[0])}`);
  const count = keep[0]?.counts.entries ?? 0;
  if (count === 0 || keep[1]?.counts.entries !== count) throw new Error('the trees are not whole');
  device.close();
  const entries = Buffer.alloc(count * LOG_ENTRY.bytes, 7);
  return { ms, againMs, sumsMs: timed(() => sums(entries)), rssGrowthBytes };
}
