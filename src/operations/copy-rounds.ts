import type { DeviceTable } from '../members/members';
import type { Extent } from '../types';
import type { CopyThreads } from './copy-threads';
import { type OpenedSource, type Piece, runsOf, turnIfDue, turnIsDue } from './copy-transfer';

/**
 * So many small files of a round that were waited for, and so large a part of it, tell that the sources are not in memory: a
 * busy machine makes some wait that are.
 */
const COLD_FILES = 16;
const COLD_PART = 1 / 4;

export interface RoundOptions {
  /** Whether no more may be begun. */
  readonly stopped: () => boolean;
  /** Called between the jobs of this thread; what it throws ends the copy. */
  readonly check: () => void;
  /** Called for each piece that is done. */
  readonly onDone: (piece: Piece) => void;
}

/** Has threads copy pieces, in rounds of as many as the memory that they share has room for. */
export class CopyRounds {
  /** The jobs of this round, as pieces, and how many of them were seen to be settled. */
  #pieces: Piece[] = [];
  #runs: Extent[] = [];
  #seen = 0;
  #left: Piece[] = [];
  /** Small files come from where they have to be waited for. */
  cold = false;

  constructor(
    private readonly devices: DeviceTable,
    private readonly threads: CopyThreads,
    private readonly options: RoundOptions,
  ) {}

  /** Copies pieces. Returns those that were left: what is not for threads, or is not as it was thought to be. */
  async run(pieces: Iterable<Piece>): Promise<Piece[]> {
    this.#left = [];
    for (const piece of pieces) {
      const cold = this.cold && !piece.transfer.opened;
      let taken: boolean | Promise<boolean> = !cold && !this.options.stopped() && this.#take(piece);
      // Most are taken at once, and a promise for each of many small files takes longer than to put them down.
      if (typeof taken !== 'boolean') taken = await taken;
      if (!taken) this.#left.push(piece);
    }
    await this.#round();
    return this.#left;
  }

  /** Makes jobs of a piece, and zeros of its holes. False where threads cannot copy it. */
  #take(piece: Piece): boolean | Promise<boolean> {
    const { length, position, transfer } = piece;
    const runs = runsOf(transfer.map, position, length);
    if (!runs.every(({ devindex }) => this.#isFile(devindex))) return false;
    if (transfer.opened) return this.threads.others > 0 && this.#takeRanges(piece, transfer.opened);
    const [run] = runs;
    return run?.length === length && this.#add(piece, run, -1, transfer.item.source);
  }

  async #takeRanges({ length, position, transfer }: Piece, opened: OpenedSource): Promise<boolean> {
    for (const range of opened.ranges.of(position, length)) {
      let at = range.position;
      for (const run of runsOf(transfer.map, range.position, range.length)) {
        const part = { transfer, position: at, length: run.length };
        if (range.hole) {
          this.options.check();
          this.devices.at(run.devindex).zero(run.offset, run.length);
          this.options.onDone(part);
        } else await this.#add(part, run, opened.source);
        at += run.length;
      }
      await turnIfDue();
    }
    return true;
  }

  #add(piece: Piece, run: Extent, source: number, path?: Buffer): boolean | Promise<boolean> {
    const { devindex, offset } = run;
    const { length, position } = piece;
    const to = this.devices.at(devindex).lend(offset, length);
    if (to === undefined) return false;
    const put = () => {
      if (!this.threads.jobs.add({ source, position, to, offset, length }, path)) return false;
      this.#pieces.push(piece);
      this.#runs.push(run);
      return true;
    };
    return put() || this.#round().then(put);
  }

  /** What is wrong with a device is told where it is asked for again. */
  #isFile(devindex: number): boolean {
    try {
      return this.devices.at(devindex).kind === 'file';
    } catch {
      return false;
    }
  }

  async #round(): Promise<void> {
    const { jobs } = this.threads;
    if (jobs.count === 0) return;
    try {
      this.options.check();
      await this.threads.run(
        (i) => this.#runHere(i),
        () => {
          this.options.check();
          return turnIsDue() ? this.#turn() : undefined;
        },
      );
    } finally {
      this.#see();
      this.#pieces = [];
      this.#runs = [];
      this.#seen = 0;
      jobs.clear();
    }
  }

  /** Has this thread not wait for those that write to the same file. */
  #runHere(i: number): boolean {
    const { position, transfer } = this.#pieces[i] as Piece;
    const { devindex, length, offset } = this.#runs[i] as Extent;
    if (!transfer.opened || this.threads.others === 0) return false;
    return this.devices.at(devindex).fillBeside(offset, transfer.opened.source, position, length);
  }

  async #turn(): Promise<void> {
    const { jobs } = this.threads;
    this.#see();
    await turnIfDue();
    if (jobs.waits > Math.max(COLD_FILES, COLD_PART * this.#seen)) this.cold = true;
    if (this.cold || this.options.stopped()) jobs.stop();
  }

  #see(): void {
    const { jobs } = this.threads;
    for (; this.#seen < jobs.count && jobs.isSettled(this.#seen); this.#seen++) {
      const piece = this.#pieces[this.#seen] as Piece;
      if (jobs.isDone(this.#seen)) this.options.onDone(piece);
      else this.#left.push(piece);
    }
  }
}
