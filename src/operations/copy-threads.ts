import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { CopyJobs, jobBuffer } from './copy-jobs';

/** The threads that copy to a device that all of them can write: this one, and others beside it. */
export class CopyThreads {
  readonly jobs = new CopyJobs();
  readonly #buffer = jobBuffer();
  /** The other threads, with how many rounds each has not answered yet. */
  readonly #unanswered = new Map<Worker, number>();
  #onEvent = () => {};

  constructor(private readonly script = join(__dirname, 'copy-thread.cjs')) {}

  /** Starts threads, so that there are `threads` in all. */
  start(threads: number): void {
    while (this.others < threads - 1) this.#startOne();
  }

  /** How many threads there are besides this one. */
  get others(): number {
    return this.#unanswered.size;
  }

  /**
   * Has all threads do the jobs, until each is settled. This thread does one by `here`, unless that gives false: then as
   * the others do. `between` is called, and waited for, between those of this thread; what it throws ends the round, once
   * jobs that were begun are settled.
   */
  async run(here: (i: number) => boolean, between: () => Promise<void> | undefined): Promise<void> {
    const { jobs } = this;
    jobs.begin();
    for (const [worker, rounds] of this.#unanswered) {
      this.#unanswered.set(worker, rounds + 1);
      worker.postMessage('jobs');
    }
    try {
      for (let i = jobs.claim(); i !== undefined; i = jobs.claim()) {
        if (here(i)) jobs.settle(i, true);
        else jobs.run(i, this.#buffer);
        const wait = between();
        if (wait) await wait;
      }
    } finally {
      jobs.stop();
      while (!jobs.allSettled && this.#mayAnswer) {
        await new Promise<void>((resolve) => {
          this.#onEvent = resolve;
        });
      }
      jobs.leaveRest();
    }
  }

  close(): void {
    for (const worker of this.#unanswered.keys()) worker.unref();
  }

  get #mayAnswer(): boolean {
    return [...this.#unanswered.values()].some((rounds) => rounds > 0);
  }

  /** A thread that cannot run does nothing; what it leaves is done by the others. */
  #startOne(): void {
    const worker = new Worker(this.script, { workerData: this.jobs.memory });
    this.#unanswered.set(worker, 0);
    const gone = () => {
      this.#unanswered.delete(worker);
      this.#onEvent();
    };
    const answered = () => {
      this.#unanswered.set(worker, (this.#unanswered.get(worker) as number) - 1);
      this.#onEvent();
    };
    worker.on('error', gone).on('exit', gone).on('message', answered);
  }
}
