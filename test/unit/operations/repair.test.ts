import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_OFFSET, SUPERBLOCK } from '../../../src/log/layout';
import { type Repair, repair } from '../../../src/operations/repair';
import { makeImage, mkdir, OWNER_UUID, setCounters, writeImage } from '../../support/images';
import { appendUnseen, metadataOf, readOnDevice, readRange, writeRange } from '../../support/run-device';

/** A repair while the question waits for its answer: what happens to the device then. */

const ENTRIES = 2;
let directory: string;
let device: string;
let backup: string;

beforeEach(() => {
  process.env.FAMFS_SYSTEM_UUID = OWNER_UUID;
  directory = mkdtempSync(join(tmpdir(), 'famfs-repair-'));
  device = join(directory, 'device.img');
  backup = join(directory, 'saved.backup');
  const image = makeImage({ entries: [mkdir('a'), mkdir('b')] });
  setCounters(image, ENTRIES + 2);
  writeImage(device, image);
});

afterEach(() => {
  delete process.env.FAMFS_SYSTEM_UUID;
  rmSync(directory, { recursive: true });
});

const repairWhile = (meanwhile: (plan: Repair) => void) =>
  repair(device, {
    backup,
    confirm: async (plan) => {
      meanwhile(plan);
      return true;
    },
  });

test('what is asked tells the plan and the name of the backup, of which there is none yet', async () => {
  const asked: Repair[] = [];
  const report = await repairWhile((plan) => {
    asked.push(plan);
    expect(readdirSync(directory)).toEqual(['device.img']);
  });
  expect(asked).toMatchObject([
    { acts: [{ field: 'nextSeqnum' }, { field: 'nextIndex' }], backup, done: false },
  ]);
  expect(report).toMatchObject({ errors: 0, repair: { done: true } });
  expect(readOnDevice(device).entries).toHaveLength(ENTRIES);
});

test.each([
  ['another host becomes the owner', () => takenOver()],
  ['the log header changes', () => writeRange(device, LOG_OFFSET + 40, Buffer.of(3))],
  ['an entry that is counted arrives after all', () => entryArrives()],
])('nothing is changed when meanwhile %s', async (_what, change) => {
  let changed = metadataOf(device);
  const done = repairWhile(() => {
    change();
    changed = metadataOf(device);
  });
  await expect(done).rejects.toMatchObject({ code: 'owner-changed' });
  expect(metadataOf(device).equals(changed)).toBe(true);
});

function takenOver(): void {
  const bytes = readRange(device, 0, SUPERBLOCK.bytes);
  SUPERBLOCK.fields.ownerUuid.set(bytes, 0, 'a7c41e90-5d2b-4f68-93ea-c1d07b8e2f02');
  SUPERBLOCK.fields.crc.seal(bytes, 0);
  writeRange(device, 0, bytes);
}

/** Stores entry 2 as an append does, with the counters as they were. */
function entryArrives(): void {
  const former = readRange(device, LOG_OFFSET, 48);
  const lowered = Buffer.from(former);
  lowered.fill(0, 32).writeUInt8(ENTRIES, 32);
  lowered.writeUInt8(ENTRIES, 40);
  writeRange(device, LOG_OFFSET, lowered);
  appendUnseen(device, mkdir('c'));
  writeRange(device, LOG_OFFSET, former);
}

test('an interrupt while it is asked leaves everything as it was', async () => {
  const before = metadataOf(device);
  const abort = new AbortController();
  const done = repair(device, {
    backup,
    signal: abort.signal,
    confirm: async () => {
      abort.abort();
      return true;
    },
  });
  await expect(done).rejects.toMatchObject({ code: 'interrupted' });
  expect(metadataOf(device).equals(before)).toBe(true);
  expect(existsSync(backup)).toBe(false);
});
