import { type DeviceRecord, EntryChecker, entryPath, type FindingSink, type Verdict } from './check-entry';
import { BLOCK_ENTRIES, type EntryBlocks, StoreBlocks } from './entry-blocks';
import { entryFinding } from './findings';
import { checkIdentity, type Derailment, lookForMore, soundEnd } from './follow';
import { LOG_ENTRY, SUPERBLOCK_REGION } from './layout';
import type { Store } from './store';
import type { Superblock } from './superblock';
import { INO, type LinkProblem, Tree } from './tree';

const PROBLEM_TEXT: Record<LinkProblem, string> = {
  'path-no-parent': 'no earlier entry makes its parent directory',
  'path-parent-is-file': 'a parent of it is a file',
  'path-duplicate': 'an earlier file has this path',
  'path-file-over-directory': 'an earlier directory has this path',
  'path-directory-over-file': 'an earlier file has this path',
  'path-directory-again': 'an earlier entry makes this directory',
};

/** What a replay counted besides files and directories, which the tree counts. */
export interface ReplayCounts {
  /** Entries read. */
  entries: number;
  /** Entries of no use: checksum, sequence or type wrong. What they held cannot be known. */
  corrupt: number;
  /** Entries whose fields break a rule. */
  rejected: number;
  /** Sound entries that have no place in the tree: no parent, or the path is taken. */
  unlinked: number;
}

/** Called with each entry, which begins at `base`, after what is wrong with it was reported. */
export type EntryVisitor = (verdict: Verdict, bytes: Buffer, base: number, index: number) => void;

/**
 * Builds a tree from a log, in one pass, and goes on from where it stopped when more was appended. Bad entries are
 * reported and left out; the others stand.
 */
export class Replay {
  readonly tree: Tree;
  readonly counts: ReplayCounts = { entries: 0, corrupt: 0, rejected: 0, unlinked: 0 };
  readonly #checker: EntryChecker;

  constructor(
    private readonly store: Store,
    readonly superblock: Superblock,
    private readonly report: FindingSink,
    private readonly inspect?: EntryVisitor,
  ) {
    this.tree = new Tree(SUPERBLOCK_REGION, superblock.logLength);
    this.#checker = new EntryChecker(superblock, store.size, report);
  }

  /** The devices known so far; index 0 is the primary. */
  get devices(): readonly DeviceRecord[] {
    return this.#checker.devices;
  }

  /** True when no appended entry can harm what is there: every entry so far could be read and made sense. */
  get appendable(): boolean {
    return this.counts.corrupt === 0 && this.counts.rejected === 0;
  }

  /** Replays the entries from the first not yet seen up to, not including, `end`. Cached lines are dropped first. */
  to(end: number, blocks: EntryBlocks = this.blocks(end - this.counts.entries)): void {
    if (end - this.counts.entries > BLOCK_ENTRIES) this.tree.reserve(end);
    for (let index = this.counts.entries; index < end; ) {
      const count = Math.min(BLOCK_ENTRIES, end - index);
      const block = blocks.read(index, count);
      const { bytes } = block;
      for (let slot = 0; slot < count; slot++, index++) {
        const base = slot * LOG_ENTRY.bytes;
        const verdict = block.recognise(slot, index) ?? this.#checker.check(bytes, base, index);
        this.#take(verdict, bytes, base, index);
      }
    }
  }

  /** Reads up to `count` entries from the device. */
  blocks(count: number): EntryBlocks {
    return new StoreBlocks(
      this.store,
      this.superblock,
      this.devices,
      Math.min(BLOCK_ENTRIES, Math.max(0, count)),
    );
  }

  /**
   * Looks for entries appended since and replays them, up to `limit` entries in all. An entry whose checksum is wrong
   * counts as not yet there: another host's store may be on its way. Returns why the log cannot be followed any
   * more, if so.
   */
  catchUp(): Derailment | undefined {
    const { derailment, end } = lookForMore(this.store, this.superblock, this.counts.entries);
    if (!derailment) this.#toSound(end);
    return derailment;
  }

  /**
   * Replays up to, not including, `end`, which was seen by another process: whatever the counters say by now. Returns
   * why nothing was replayed, if the file system is not this one any more.
   */
  catchUpTo(end: number): Derailment | undefined {
    const derailment = checkIdentity(this.store, this.superblock);
    if (!derailment) this.#toSound(end);
    return derailment;
  }

  #toSound(end: number): void {
    if (end > this.counts.entries) this.to(soundEnd(this.store, this.counts.entries, end));
  }

  #take(verdict: Verdict, bytes: Buffer, base: number, index: number): void {
    this.counts.entries++;
    if (verdict === 'corrupt') this.counts.corrupt++;
    else if (verdict === 'rejected') this.counts.rejected++;
    else this.#link(verdict, bytes, base, index);
    this.inspect?.(verdict, bytes, base, index);
  }

  #link(verdict: Verdict, bytes: Buffer, base: number, index: number): void {
    if (verdict === 'add-daxdev') return;
    const { tree } = this;
    const problem =
      verdict === 'file' ? tree.addFile(bytes, base, index) : tree.addDirectory(bytes, base, index);
    if (!problem) return;
    this.counts.unlinked++;
    this.report(entryFinding(problem, index, entryPath(bytes, base), PROBLEM_TEXT[problem]));
  }
}

/** The index of the log entry that made an inode. */
export function entryOfIno(ino: number): number {
  return ino - INO.first;
}
