import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { LOG_OFFSET, MIB } from '../../src/log/layout';
import { OpenBackup } from '../../src/operations/backup-file';
import { makeImage, mkdir, setCounters, writeImage } from '../support/images';
import { famfs } from '../support/run';
import { metadataOf, writeRange } from '../support/run-device';
import { duration, killedAfter, moments } from '../support/run-kill';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const ROUNDS = 16;
const ENTRIES = 10_000;

/** A device with many entries and counters that are too high. */
function damaged(): string {
  const device = scratch.path('device.img');
  const entries = Array.from({ length: ENTRIES }, (_, index) => mkdir(`d${index}`));
  const image = makeImage({ entries });
  setCounters(image, ENTRIES + 3);
  writeImage(device, image);
  return device;
}

/** Runs with status 1 count as ended well: something was corrected. */
async function ended(args: readonly string[]) {
  const run = await famfs(args);
  return run.status === 1 ? { ...run, status: 0 } : run;
}

test('a repair that is killed leaves the former header or the new one, and a backup before it', async () => {
  const device = damaged();
  const backup = scratch.path('saved.backup');
  const args = ['fsck', '-q', '-y', '--backup', backup, device];
  const former = metadataOf(device);
  const total = await duration(() => ended(args));
  const repaired = metadataOf(device);
  expect(repaired.equals(former)).toBe(false);
  let unfinished = 0;
  for (const moment of moments(ROUNDS, total, 11)) {
    writeRange(device, 0, former);
    rmSync(backup, { force: true });
    const { signal } = await killedAfter(moment, args);
    if (signal) unfinished++;
    const left = metadataOf(device);
    const saved = readdirSync(scratch.root).includes('saved.backup');
    if (saved) OpenBackup.open(backup).close();
    if (!left.equals(former)) {
      expect(left.equals(repaired)).toBe(true);
      expect(saved).toBe(true);
    }
    const others = readdirSync(scratch.root).filter((name) => !/^(device.img|saved.backup)$/.test(name));
    for (const name of others) expect(name).toMatch(/^\.famfs-partial-/);
    expect((await famfs(['fsck', '-q', '-y', '--backup', `${backup}.again`, device])).stderr).toBe('');
    expect(metadataOf(device).equals(repaired)).toBe(true);
    for (const name of [...others, 'saved.backup.again']) rmSync(scratch.path(name), { force: true });
  }
  expect(unfinished).toBeGreaterThan(0);
});

test('a restore that is killed leaves the superblock, and a log that another one makes whole', async () => {
  const device = damaged();
  const backup = scratch.path('saved.backup');
  const wanted = metadataOf(device);
  await famfs(['fsck', '-q', '-y', '--backup', backup, device]);
  const other = scratch.path('other.img');
  copyFileSync(device, other);
  writeRange(other, LOG_OFFSET + 48, Buffer.alloc(8 * MIB - 48, 0xa5));
  const former = metadataOf(other);
  const args = ['restore', '--yes', backup, device];
  writeRange(device, 0, former);
  const total = await duration(() => famfs(args));
  expect(metadataOf(device).equals(wanted)).toBe(true);
  let unfinished = 0;
  for (const moment of moments(ROUNDS, total, 12)) {
    writeRange(device, 0, former);
    const { signal } = await killedAfter(moment, args);
    if (signal) unfinished++;
    const left = metadataOf(device);
    expect(left.subarray(0, LOG_OFFSET).equals(former.subarray(0, LOG_OFFSET))).toBe(true);
    const header = left.subarray(LOG_OFFSET, LOG_OFFSET + 48);
    if (header.equals(wanted.subarray(LOG_OFFSET, LOG_OFFSET + 48))) expect(left.equals(wanted)).toBe(true);
    expect(await famfs(args)).toMatchObject({ status: 0, stderr: '' });
    expect(metadataOf(device).equals(wanted)).toBe(true);
  }
  expect(unfinished).toBeGreaterThan(0);
});
