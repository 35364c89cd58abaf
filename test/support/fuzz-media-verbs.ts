import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_TABLE, FamfsError } from '../../src/errors';
import { INO } from '../../src/log/tree';
import { type CheckReport, check } from '../../src/operations/check';
import { type DeviceMap, deviceMap } from '../../src/operations/device-map';
import { list } from '../../src/operations/list';
import { LogDump } from '../../src/operations/log-dump';
import { usageOf } from '../../src/operations/usage';
import { type View, withView } from '../../src/operations/view';
import { disagreement } from './fuzz-media-agree';
import { hold, MediaFailure, MediaFuzzer } from './fuzz-media-attempt';
import { MediaDamage } from './fuzz-media-damage';
import { byteAt, MediaFile, placeOf, positionsIn } from './fuzz-media-file';
import { baseImages, MediaStore } from './fuzz-media-image';
import { OWNER_UUID } from './images';
import { type NaiveVerdict, naiveCheck } from './naive-check';
import type { NaiveEntry } from './naive-check-entry';

/** Runs fsck, ls, map, df, log dump and reads of files on a device that is damaged anew each time, in this process. */
export class VerbsFuzzer extends MediaFuzzer {
  readonly #directory = mkdtempSync(join(tmpdir(), 'famfs-media-'));
  readonly #device = new MediaFile(join(this.#directory, 'device.img'));
  readonly #store = new MediaStore();
  readonly #damage: MediaDamage;

  constructor(seed: number) {
    super('verbs', seed);
    process.env.FAMFS_SYSTEM_UUID = OWNER_UUID;
    this.#damage = new MediaDamage(seed, baseImages(seed), this.#store);
  }

  run(index: number): Promise<void> {
    return this.attempts.runLater(index, async () => {
      this.#damage.make(index);
      this.#device.write(this.#store);
      await this.#judge(this.#device.path);
    });
  }

  close(): void {
    this.#device.close();
    rmSync(this.#directory, { recursive: true });
  }

  async #judge(path: string): Promise<void> {
    const naive = naiveCheck(this.#store);
    const report = await checked(path, naive);
    if (!report) return;
    const wrong = disagreement(report.findings, naive);
    if (wrong) throw new MediaFailure(wrong);
    this.findings += report.findings.length;
    const unreadable = report.contents === undefined || report.findings.some(isOfSuperblock);
    await refusedOr(unreadable, () => withView(path, {}, (view) => checkView(view, naive)));
    await refusedOr(unreadable, async () => checkRuns(await deviceMap(path), naive));
    await refusedOr(unreadable, () => usageOf([path]));
    await refusedOr(unreadable, () => checkDump(path, naive));
  }
}

/** What fsck says; nothing of a device that it takes for a secondary one, which the naive checker knows no log of either. */
async function checked(path: string, naive: NaiveVerdict): Promise<CheckReport | undefined> {
  try {
    return await check(path);
  } catch (error) {
    if (!(error instanceof FamfsError) || error.code !== 'secondary-device') throw error;
    hold(
      naive.findings.some(({ code }) => code === 'sb-log-offset'),
      'fsck takes a primary device for a secondary one',
    );
    return undefined;
  }
}

const isOfSuperblock = ({ code, severity }: { code: string; severity: string }) =>
  code.startsWith('sb-') && severity === 'error';

/** A verb works where fsck finds a log, and else ends with an error of the table that is no defect. */
async function refusedOr(refused: boolean, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof FamfsError)) throw error;
    hold(error.code in ERROR_TABLE && error.code !== 'internal', `${error.code}: ${error.message}`);
    hold(refused, `refused: ${error.message}`);
    return;
  }
  hold(!refused, 'a device was taken that fsck cannot make sense of');
}

/** What is listed is what the naive checker would show, and its bytes are where it says. */
function checkView(view: View, { entries, shown }: NaiveVerdict): void {
  const wanted = new Set(shown.values());
  for (const { inode, kind, path } of list(view, { recursive: true, maps: true })) {
    const index = inode - INO.first;
    hold(wanted.delete(index), `${path} is listed, and should not be`);
    if (kind === 'file') checkContents(view, inode, entries[index] as NaiveEntry);
  }
  const [rest] = wanted;
  // The one logged file in .meta is not listed.
  const isOwn = rest !== undefined && entries[rest]?.path === '.meta/.alloc.cfg' && wanted.size === 1;
  hold(rest === undefined || isOwn, `entry ${rest} is not listed`);
}

function checkContents(view: View, ino: number, entry: NaiveEntry): void {
  const size = Number(entry.size);
  hold(view.tree.size.get(ino) === size, `${entry.path} has another size`);
  if (entry.extents.some(({ device }) => device !== 0n)) return;
  const file = view.openFile(ino);
  const byte = Buffer.alloc(1);
  for (const position of positionsIn(size)) {
    file.read(position, byte);
    const { offset } = placeOf(entry, BigInt(position));
    hold(byte[0] === byteAt(Number(offset)), `byte ${position} of ${entry.path} is not that at ${offset}`);
  }
  file.close();
}

/** The runs of each device follow each other from its first byte to its last, and tell what is shared. */
function checkRuns({ devices }: DeviceMap, { overlapping }: NaiveVerdict): void {
  let shared = false;
  for (const { runs, size } of devices) {
    let at = 0;
    for (const { kind, length, offset } of runs) {
      hold(offset === at && length > 0, `a run at ${offset} does not begin where the last one ends, ${at}`);
      at += length;
      shared ||= kind === 'shared';
    }
    hold(at === size, `the runs end at ${at} of ${size} bytes`);
  }
  hold(shared === overlapping.size > 0, `the map shows ${shared ? '' : 'nothing '}shared`);
}

function checkDump(path: string, { entries }: NaiveVerdict): void {
  const dump = new LogDump(path, { raw: true });
  try {
    let count = 0;
    for (const { index, state } of dump.entries()) {
      hold(index === count++, `entry ${index} is dumped out of order`);
      hold((state === 'damaged') !== entries[index]?.sound, `entry ${index} is dumped as ${state}`);
    }
    hold(count === entries.length, `${count} entries are dumped, of ${entries.length}`);
  } finally {
    dump.close();
  }
}
