/**
 * Targets of Jazzer.js, which changes inputs as the code that they reach tells. scripts/fuzz-media guided bundles this
 * and runs it; run by itself it writes the inputs to begin with into the directory that it is given.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../src/operations/check';
import { disagreement } from '../test/support/fuzz-media-agree';
import { MediaFailure } from '../test/support/fuzz-media-attempt';
import { MediaFile } from '../test/support/fuzz-media-file';
import { GuidedJudge, guidedSeeds } from '../test/support/fuzz-media-guided';
import { OWNER_UUID } from '../test/support/images';
import { naiveCheck } from '../test/support/naive-check';

const judge = new GuidedJudge();

export const decode = (data: Buffer): void => judge.decode(data);
export const replay = (data: Buffer): void => judge.replay(data);

let device: MediaFile | undefined;

/** The verb fsck, on a device file. */
export async function fsck(data: Buffer): Promise<void> {
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

const [, , corpus] = process.argv;
if (require.main === module && corpus !== undefined) {
  guidedSeeds().forEach((seed, i) => {
    writeFileSync(join(corpus, `seed${i}`), seed);
  });
}
