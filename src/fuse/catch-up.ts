import { FamfsError } from '../errors';
import type { Derailment } from '../log/follow';
import type { Replay } from '../log/replay';
import type { SharedState } from './shared-state';
import type { WorkerPage } from './worker-page';

/** Keeps what a worker has replayed up with the log, and with what other workers have. */
export class CatchUp {
  constructor(
    private readonly replay: Replay,
    private readonly shared: SharedState,
    private readonly page: WorkerPage,
  ) {}

  /**
   * Replays what other processes of this server know to be there. The kernel may have heard of it from them, and once
   * the device fails it cannot be had any more.
   */
  withOthers(): void {
    const { replay, shared } = this;
    if (replay.counts.entries >= shared.wantedEntries || shared.deviceFailed || shared.foreign) return;
    this.#replaying(() => replay.catchUpTo(shared.wantedEntries));
  }

  /** Replays what was appended since. Names and attributes of a device that failed go on as they are. */
  withLog(): void {
    const { replay, shared } = this;
    if (shared.deviceFailed || shared.frozen) return;
    this.#replaying(() => replay.catchUp());
  }

  #replaying(work: () => Derailment | undefined): void {
    const { replay, shared } = this;
    const before = replay.counts.entries;
    try {
      const derailment = work();
      if (derailment) shared.freeze(derailment);
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      shared.failDevice(0);
      return;
    }
    if (replay.counts.entries === before) return;
    shared.wantEntries(replay.counts.entries);
    this.page.setReplayed(replay);
  }
}
