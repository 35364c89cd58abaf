import { EntryChecker } from '../../src/log/check-entry';
import { decodeEntry, encodeEntry } from '../../src/log/entry';
import { eachRun } from '../../src/log/file-map';
import type { Finding } from '../../src/log/findings';
import { inspectHeader } from '../../src/log/header';
import { LOG_ENTRY, LOG_HEADER, logCapacity, SUPERBLOCK } from '../../src/log/layout';
import { findOverlaps } from '../../src/log/overlaps';
import { PlainCheck } from '../../src/log/plain-check';
import { Replay } from '../../src/log/replay';
import type { Store } from '../../src/log/store';
import { hasUsableGeometry, inspectSuperblock } from '../../src/log/superblock';
import { INO, KIND, type Tree } from '../../src/log/tree';
import { disagreement } from './fuzz-media-agree';
import { hold, MediaFailure, MediaFuzzer } from './fuzz-media-attempt';
import { MediaDamage } from './fuzz-media-damage';
import { placeOf, positionsIn } from './fuzz-media-file';
import { type BaseImage, baseImages, DATA, MediaStore } from './fuzz-media-image';
import { type NaiveVerdict, naiveCheck } from './naive-check';
import { checkEntry, type NaiveDevice, type NaiveEntry } from './naive-check-entry';
import { seeded } from './random';

/** All who judge single entries, on the device of one base image: EntryChecker, PlainCheck, and the naive checker. */
export class EntryJudge {
  /** The entry that is judged. */
  readonly bytes = Buffer.alloc(LOG_ENTRY.bytes);
  readonly #again = Buffer.alloc(LOG_ENTRY.bytes);
  readonly #found: Finding[] = [];
  readonly #checker: EntryChecker;
  readonly #plain: PlainCheck;
  readonly #primary: NaiveDevice;
  readonly #unit: bigint;

  constructor({ allocUnit, deviceSize, superblock: bytes }: BaseImage) {
    const { superblock } = inspectSuperblock(bytes, deviceSize);
    this.#checker = new EntryChecker(superblock, deviceSize, (found) => void this.#found.push(found));
    this.#plain = new PlainCheck(this.bytes, superblock, this.#checker.devices);
    const uuid = superblock.deviceUuid.replaceAll('-', '');
    this.#primary = { uuid, size: BigInt(deviceSize), reserved: BigInt(DATA) };
    this.#unit = BigInt(allocUnit);
  }

  /** Judges what is in `bytes` as entry `index`. Returns how many findings there are. */
  judge(index: number): number {
    this.#found.length = 0;
    const recognised = this.#plain.recognise(0, index);
    const verdict = this.#checker.check(this.bytes, 0, index);
    const naive = checkEntry(this.bytes, index, this.#unit, [this.#primary]);
    this.#checker.devices.splice(1);
    const sound = verdict !== 'corrupt' && verdict !== 'rejected';
    hold(sound === naive.sound, `the verdict is ${verdict}, the naive one ${[...naive.codes].join()}`);
    const rightly = recognised === undefined || (recognised === verdict && this.#found.length === 0);
    hold(rightly, `recognised as a sound ${recognised}`);
    agreeOn(this.#found, naive, index);
    if (sound && this.#found.length === 0) this.#roundTrip(index);
    return this.#found.length;
  }

  /** Decoding and encoding a sound entry gives the same bytes. */
  #roundTrip(index: number): void {
    const entry = decodeEntry(this.bytes, 0);
    encodeEntry(entry, index, this.#again, 0);
    hold(this.#again.equals(this.bytes), `encoded again, it differs: ${JSON.stringify(entry)}`);
  }
}

/** Damages single entries and has them judged. */
export class DecodeFuzzer extends MediaFuzzer {
  readonly #bases: BaseImage[];
  readonly #damage: MediaDamage;
  readonly #judges: EntryJudge[];

  constructor(private readonly seed: number) {
    super('decode', seed);
    this.#bases = baseImages(seed);
    this.#damage = new MediaDamage(seed, this.#bases, new MediaStore());
    this.#judges = this.#bases.map((base) => new EntryJudge(base));
  }

  run(index: number): void {
    this.attempts.run(index, () => this.#judge(index));
  }

  #judge(number: number): void {
    const random = seeded(this.seed ^ Math.imul(number + 1, 0x27d4eb2f));
    const at = Math.floor(random() * this.#bases.length);
    const base = this.#bases[at] as BaseImage;
    const judge = this.#judges[at] as EntryJudge;
    const index = Math.floor(random() * base.count);
    base.log.copy(judge.bytes, 0, LOG_HEADER.bytes + index * LOG_ENTRY.bytes);
    this.#damage.begin(number);
    do this.#damage.changeEntry(judge.bytes, 0);
    while (random() < 0.4);
    this.findings += judge.judge(index);
  }
}

function agreeOn(found: readonly Finding[], { codes, optional }: NaiveEntry, index: number): void {
  const findings = [...codes].map((code) => ({ code, entry: index }));
  const none = { shown: new Map(), overlapping: new Set<number>(), entries: [] };
  const noted = new Set([...optional].map((code) => `${code} ${index}`));
  const wrong = disagreement(found, { findings, optional: noted, ...none });
  if (wrong) throw new MediaFailure(wrong);
}

/** Replays whole images as fsck does, and holds tree and findings to the naive checker. */
export class ReplayFuzzer extends MediaFuzzer {
  readonly #store = new MediaStore();
  readonly #damage: MediaDamage;

  constructor(seed: number) {
    super('replay', seed);
    this.#damage = new MediaDamage(seed, baseImages(seed, 4), this.#store);
  }

  run(index: number): void {
    this.#damage.make(index);
    this.attempts.run(index, () => this.#judge());
  }

  /** The store that holds the input which was made last. */
  get store(): MediaStore {
    return this.#store;
  }

  #judge(): void {
    this.findings += judgeMedia(this.#store);
  }
}

/** Replays a device and throws MediaFailure where a property does not hold. Returns how many findings there were. */
export function judgeMedia(store: Store): number {
  const { findings, tree } = replayed(store);
  const naive = naiveCheck(store);
  if (tree) findings.push(...findOverlaps(tree));
  const wrong = disagreement(findings, naive);
  if (wrong) throw new MediaFailure(wrong);
  if (tree) checkTree(tree, naive, store);
  return findings.length;
}

function replayed(store: Store): { findings: Finding[]; tree?: Tree } {
  const bytes = Buffer.alloc(SUPERBLOCK.bytes);
  store.read(0, Math.min(bytes.length, store.size)).copy(bytes);
  const { findings, superblock } = inspectSuperblock(bytes, store.size);
  if (!hasUsableGeometry(findings)) return { findings };
  const header = inspectHeader(store, superblock.logLength);
  findings.push(...header.findings);
  if (header.findings.some(({ code }) => code === 'log-magic')) return { findings };
  const replay = new Replay(store, superblock, (found) => findings.push(found));
  replay.to(Math.min(header.counters.nextIndex, logCapacity(superblock.logLength)));
  return { findings, tree: replay.tree };
}

/** The tree shows what the naive checker does, nothing leads out of it, and files have their own bytes alone. */
function checkTree(tree: Tree, { entries, shown: wanted }: NaiveVerdict, store: Store): void {
  const seen = new Map<string, number>();
  const walk = (directory: number, above: string): void => {
    for (let ino = tree.firstChild.get(directory); ino !== 0; ino = tree.nextSibling.get(ino)) {
      const name = tree.name(ino).toString('latin1');
      hold(!/[/\0]/.test(name) && !['', '.', '..'].includes(name), `a name that leads away: ${above}${name}`);
      hold(!seen.has(above + name), `twice in the tree: ${above}${name}`);
      if (ino >= INO.first) seen.set(above + name, ino - INO.first);
      if (tree.kind.get(ino) === KIND.directory) walk(ino, `${above}${name}/`);
    }
  };
  walk(INO.root, '');
  for (const [path, entry] of wanted)
    hold(seen.get(path) === entry, `${path} is not entry ${entry} in the tree`);
  hold(seen.size === wanted.size, 'the tree has more than it should');
  for (const entry of wanted.values()) checkBytes(tree, entries[entry] as NaiveEntry, entry, store.size);
}

/** Bytes of a file lie where the format says: looked at are its first, its last and some between. */
function checkBytes(tree: Tree, entry: NaiveEntry, index: number, deviceSize: number): void {
  if (entry.type !== 'file' || !entry.size) return;
  const ino = INO.first + index;
  const size = Number(entry.size);
  hold(tree.size.get(ino) === size, `entry ${index} has another size in the tree`);
  const map = tree.map(ino);
  for (const position of positionsIn(size)) {
    const want = placeOf(entry, BigInt(position));
    eachRun(map, position, 1, (devindex, offset, length) => {
      const there = BigInt(devindex) === want.device && BigInt(offset) === want.offset && length === 1;
      hold(there, `byte ${position} of entry ${index} is at ${devindex}:${offset}, not ${want.offset}`);
      hold(devindex !== 0 || offset < deviceSize, `byte ${position} of entry ${index} is behind the device`);
    });
  }
}
