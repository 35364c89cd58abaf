import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../../src/log/entry';
import type { Finding } from '../../src/log/findings';
import { FILE_BODY, LOG_ENTRY, logCapacity, MIB } from '../../src/log/layout';
import { Replay } from '../../src/log/replay';
import { loadSuperblock } from '../../src/log/superblock';
import type { CheckReport } from '../../src/operations/check';
import { damage, entryField, file, GIB, type Image, makeImage, mkdir, writeImage } from '../support/images';
import { command, OWNER } from '../support/run';
import { fsck } from '../support/run-expect';
import { copyOfProgram } from '../support/run-program';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
const LOG_LENGTH = 64 * MIB;
/** Enough that a second thread looks at them. */
const ENTRIES = 60_000;
const FIRST_DATA = 2 * MIB + LOG_LENGTH;

/** Directories of a thousand files; one name twice, one below a directory that is not there, two that share bytes. */
function entries(): LogEntry[] {
  const name = (i: number) => `d${i - (i % 1000)}/file-${i}`;
  return Array.from({ length: ENTRIES }, (_, i) => {
    if (i % 1000 === 0) return mkdir(`d${i}`);
    const path = i === 30_500 ? name(30_499) : i === 30_501 ? 'nowhere/file' : name(i);
    const offset = FIRST_DATA + (i === 40_002 ? i - 1 : i) * 2 * MIB;
    return file(path, MIB, { kind: 'simple', extents: [{ devindex: 0, offset, length: 2 * MIB }] });
  });
}

/** Damage at both ends of the log, and on both sides of where the threads hand over a block. */
function damagedImage(): Image {
  const image = makeImage({ deviceSize: 256 * GIB, logLength: LOG_LENGTH, entries: entries() });
  for (const index of [1, 480, 481, 962, 48_099, 48_100, ENTRIES - 1]) {
    damage(image, entryField(index, LOG_ENTRY, 'seqnum'), index + 1, { reseal: true });
  }
  damage(image, entryField(31_234, FILE_BODY, 'mode'), 0o100644, { reseal: true });
  return image;
}

/** What one thread finds in the log. */
function findingsOf({ store }: Image): Finding[] {
  const findings: Finding[] = [];
  const replay = new Replay(store, loadSuperblock(store), (found) => findings.push(found));
  replay.to(ENTRIES);
  return findings;
}

const device = () => scratch.path('large.img');
let expected: Finding[] = [];

beforeAll(() => {
  const image = damagedImage();
  writeImage(device(), image);
  expected = findingsOf(image);
});

test('two threads find in a large log what one finds', async () => {
  expect(logCapacity(LOG_LENGTH)).toBeGreaterThan(ENTRIES);
  expect(expected).toHaveLength(10);
  const report = await fsck(device(), 4);
  expect(report.findings.slice(0, -1)).toEqual(expected);
  expect(report.findings.at(-1)).toMatchObject({ code: 'ext-overlap', entry: 40_002 });
  expect(report.contents).toMatchObject({ entries: ENTRIES, directories: 60, files: ENTRIES - 60 - 9 });
});

test('a log that the second thread cannot look at is checked all the same', async () => {
  const whole = await fsck(device(), 4);
  const program = copyOfProgram();
  rmSync(join(program, 'dist/check-ahead.cjs'));
  const args = [join(program, 'bin/famfs'), 'fsck', '--json', device()];
  const run = await command(process.execPath, args, { host: OWNER });
  expect(run).toMatchObject({ status: 4, stderr: '' });
  expect(run.json<CheckReport>()).toEqual(whole);
});
