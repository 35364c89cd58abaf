import { openDevice } from '../../src/device/open';
import { FamfsError } from '../../src/errors';
import { eachRun } from '../../src/log/file-map';
import { isError } from '../../src/log/findings';
import { inspectHeader } from '../../src/log/header';
import { entryOffset, LOG_ENTRY, LOG_OFFSET, SUPERBLOCK } from '../../src/log/layout';
import { Replay } from '../../src/log/replay';
import { loadSuperblock } from '../../src/log/superblock';
import { INO, KIND, type Tree } from '../../src/log/tree';
import { check } from '../../src/operations/check';
import { mkdirEntry } from '../../src/operations/create';
import { takeOwnership } from '../../src/operations/owner';
import { OwnerSession } from '../../src/operations/owner-session';
import type { FileMap } from '../../src/types';
import { type CrashImage, LINE } from './crash-image';
import { type Known, LOG_LENGTH, type Recording } from './crash-recording';
import type { Stretch } from './crash-states';

const PROBE = Buffer.from('made-after-the-crash');

/** What is wrong with a state, in words. */
export class WrongState extends Error {}

/** What a state turned out to be. */
export type Outcome = 'whole' | 'no-file-system' | 'half-taken';

/** Judges the states that the images of a recording are brought into. */
export class Judge {
  readonly #devices: readonly string[];

  constructor(
    private readonly recording: Recording,
    private readonly images: readonly CrashImage[],
  ) {
    this.#devices = images.slice(1).map(({ path }) => path);
  }

  /** Throws WrongState when something is lost, half made or damaged in the state that the images are in. */
  async judge(stretch: Stretch): Promise<Outcome> {
    const { isFormat, taker } = this.recording;
    const errors = await this.#errors();
    const superblockAlone = errors.length > 0 && errors.every((code) => code.startsWith('sb-'));
    if (superblockAlone && isFormat && !stretch.allAcked) return this.#refused();
    if (superblockAlone && taker && !stretch.allAcked) return this.#takenAgain(taker);
    if (errors.length > 0) throw new WrongState(`fsck finds ${errors.join(', ')}`);
    this.#compare(stretch);
    await this.#append();
    return 'whole';
  }

  /** Codes of the errors that fsck finds, those apart that the operation brings by its nature. */
  async #errors(): Promise<string[]> {
    const { findings } = await check(this.#primary.path, { devices: this.#devices });
    return findings
      .filter((found) => isError(found) && !this.recording.brings.includes(found.code))
      .map(({ code }) => code);
  }

  /** Where mkfs was cut off there is no file system, and whoever wants to write is told so. */
  async #refused(): Promise<Outcome> {
    try {
      (await OwnerSession.open(this.#primary.path, { noSync: true })).close();
    } catch (error) {
      if (error instanceof FamfsError) return 'no-file-system';
      throw error;
    }
    throw new WrongState('fsck finds errors where a session opens');
  }

  /** A takeover that was cut off is made whole by doing it again. */
  async #takenAgain(taker: string): Promise<Outcome> {
    const { now, path } = this.#primary;
    const before = Buffer.from(now.subarray(0, SUPERBLOCK.bytes));
    try {
      await asHost(taker, () => takeOwnership(path, { force: true, noSync: true }));
      const errors = await this.#errors();
      if (errors.length > 0) throw new WrongState(`taken over again, fsck finds ${errors.join(', ')}`);
    } catch (error) {
      if (error instanceof FamfsError) throw new WrongState(`cannot be taken over again: ${error.message}`);
      throw error;
    } finally {
      before.copy(now);
    }
    return 'half-taken';
  }

  #compare(stretch: Stretch): void {
    const { devicesAfter, isFormat, taker, uuidBefore } = this.recording;
    this.#replayed(({ counts, devices, superblock, tree }) => {
      if (stretch.allAcked && devices.length !== devicesAfter)
        throw new WrongState(`${devices.length} devices where ${devicesAfter} were promised`);
      if (stretch.allAcked && taker && superblock.ownerUuid !== taker)
        throw new WrongState('taken over, and the former owner is named');
      if (!isFormat) this.#compareTree(tree, stretch);
      else if (superblock.uuid === uuidBefore) this.#compareOld(tree, stretch);
      else this.#compareNew(tree, stretch, counts.entries);
    });
  }

  /** Before the first step of mkfs is durable, the old file system may be there, whole. */
  #compareOld(tree: Tree, { allAcked }: Stretch): void {
    if (allAcked) throw new WrongState('the old file system is there after mkfs');
    this.#compareAll(tree, this.recording.before, new Map(), () => true);
  }

  /** The new file system is there as a whole or not at all, with nothing in its log that a counter might come to count. */
  #compareNew(tree: Tree, stretch: Stretch, entries: number): void {
    this.#compareTree(tree, { ...stretch, allAcked: true });
    const rest = this.#primary.now.subarray(entryOffset(entries), LOG_OFFSET + LOG_LENGTH);
    if (!rest.equals(Buffer.alloc(rest.length))) throw new WrongState('old entries are left in the new log');
  }

  /** How what a mount shows differs from what is on the devices; undefined when it does not. */
  differsFrom(there: ReadonlyMap<string, Known>): string | undefined {
    return this.#replayed(({ tree }) => {
      for (const [path, { bytes, mode }] of there) {
        const ino = tree.resolve(Buffer.from(path));
        const size = tree.kind.get(ino) === KIND.file ? tree.size.get(ino) : undefined;
        if (ino < INO.first || tree.mode.get(ino) !== mode || size !== bytes?.length)
          return `${path}: another one`;
        if (bytes && !this.#bytesAt(tree.map(ino), bytes.length).equals(bytes)) return `${path}: wrong bytes`;
      }
      const count = tree.fileCount + tree.directoryCount;
      return there.size === count ? undefined : `shows ${there.size} of ${count} files and directories`;
    });
  }

  #bytesAt(map: FileMap, size: number): Buffer {
    const pieces: Buffer[] = [];
    eachRun(map, 0, size, (devindex, offset, length) => {
      pieces.push((this.images[devindex] as CrashImage).now.subarray(offset, offset + length));
    });
    return Buffer.concat(pieces);
  }

  #replayed<T>(visit: (replay: Replay) => T): T {
    const device = openDevice(this.#primary.path, { writable: false });
    try {
      const superblock = loadSuperblock(device);
      const replay = new Replay(device, superblock, () => {});
      replay.to(inspectHeader(device, superblock.logLength).counters.nextIndex);
      return visit(replay);
    } finally {
      device.close();
    }
  }

  #compareTree(tree: Tree, { acked, allAcked }: Stretch): void {
    const { after, before } = this.recording;
    const promised = (path: string) => allAcked || acked.has(path);
    const former = new Map([...before].filter(([path]) => !promised(path)));
    this.#compareAll(tree, after, former, (path) => promised(path) || before.has(path));
  }

  /** All that is in the tree is as in `wanted`, or `former`, and all that was promised is in it. */
  #compareAll(
    tree: Tree,
    wanted: ReadonlyMap<string, Known>,
    former: ReadonlyMap<string, Known>,
    promised: (path: string) => boolean,
  ): void {
    const missing = new Set(wanted.keys());
    for (let ino: number = INO.first; ino <= tree.lastIno; ino++) {
      const kind = tree.kind.get(ino);
      if (kind === KIND.none) continue;
      const path = tree.path(ino).toString();
      missing.delete(path);
      const known = wanted.get(path);
      if (!known) throw new WrongState(`${path}: nobody made it`);
      const [mode, size] = [tree.mode.get(ino), kind === KIND.file ? tree.size.get(ino) : undefined];
      if (mode !== known.mode || size !== known.bytes?.length)
        throw new WrongState(
          `${path}: has mode ${mode} and ${size} bytes, not ${known.mode} and ${known.bytes?.length}`,
        );
      if (known.bytes) this.#compareBytes(path, tree.map(ino), known.bytes, former.get(path)?.bytes);
    }
    for (const path of missing) if (promised(path)) throw new WrongState(`${path}: is lost`);
  }

  /** A file that is being overwritten may be made of lines of what it was and what it becomes. */
  #compareBytes(path: string, map: FileMap, wanted: Buffer, former: Buffer | undefined): void {
    let position = 0;
    eachRun(map, 0, wanted.length, (devindex, offset, length) => {
      const { now } = this.images[devindex] as CrashImage;
      const end = position + length;
      if (now.compare(wanted, position, end, offset, offset + length) !== 0) {
        const there = now.subarray(offset, offset + length);
        const either = [wanted.subarray(position, end), former?.subarray(position, end)];
        const wrong = wrongLine(there, either);
        if (wrong !== undefined) throw new WrongState(`${path}: wrong bytes at ${position + wrong}`);
      }
      position = end;
    });
  }

  /** What is whole can be added to, and stays whole; then the state is as it was. */
  async #append(): Promise<void> {
    const { now, path } = this.#primary;
    const { end, owner } = readEnd(path);
    const at = entryOffset(end);
    const header = Buffer.from(now.subarray(LOG_OFFSET, LOG_OFFSET + LINE));
    const entry = Buffer.from(now.subarray(at, at + LOG_ENTRY.bytes));
    try {
      await asHost(owner, async () => {
        const session = await OwnerSession.open(path, { noSync: true });
        try {
          session.commit([mkdirEntry(PROBE, {})]);
          if (session.tree.resolve(PROBE) === 0)
            throw new WrongState('a directory made after it is not there');
        } finally {
          session.close();
        }
      });
      const errors = await this.#errors();
      if (errors.length > 0)
        throw new WrongState(`once a directory was made, fsck finds ${errors.join(', ')}`);
    } catch (error) {
      if (error instanceof FamfsError) throw new WrongState(`cannot be added to: ${error.message}`);
      throw error;
    } finally {
      entry.copy(now, at);
      header.copy(now, LOG_OFFSET);
    }
  }

  get #primary(): CrashImage {
    return this.images[0] as CrashImage;
  }
}

/** Where a line begins that is not as in any of `either`. */
function wrongLine(there: Buffer, either: readonly (Buffer | undefined)[]): number | undefined {
  for (let at = 0; at < there.length; at += LINE) {
    const line = there.subarray(at, at + LINE);
    if (!either.some((bytes) => bytes?.subarray(at, at + LINE).equals(line))) return at;
  }
  return undefined;
}

/** The owner, and how many entries there are. */
function readEnd(path: string): { owner: string; end: number } {
  const device = openDevice(path, { writable: false });
  try {
    const { logLength, ownerUuid } = loadSuperblock(device);
    return { owner: ownerUuid, end: inspectHeader(device, logLength).counters.nextIndex };
  } finally {
    device.close();
  }
}

/** Runs `work` as the host with a system UUID. */
export async function asHost<T>(uuid: string, work: () => Promise<T>): Promise<T> {
  const former = process.env.FAMFS_SYSTEM_UUID;
  process.env.FAMFS_SYSTEM_UUID = uuid;
  try {
    return await work();
  } finally {
    if (former === undefined) delete process.env.FAMFS_SYSTEM_UUID;
    else process.env.FAMFS_SYSTEM_UUID = former;
  }
}
