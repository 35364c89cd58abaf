/** No input may take so much of this process's time on a processor, or so long: others may use processor and disk. */
const PROCESSOR_MS = 5000;
const PATIENCE_MS = 120_000;

/** An input for which a property does not hold, and how to have it again. */
export class MediaFailure extends Error {}

/** Throws MediaFailure unless `condition` holds. */
export function hold(condition: boolean, what: string): asserts condition {
  if (!condition) throw new MediaFailure(what);
}

/** Runs inputs of one seed: whatever goes wrong, or takes too long, is told with seed and index. */
export class Attempts {
  /** Milliseconds that the slowest input took. */
  slowest = 0;

  constructor(
    private readonly target: string,
    private readonly seed: number,
  ) {}

  run(index: number, work: () => void): void {
    const started = now();
    try {
      work();
    } catch (error) {
      throw this.#failure(index, error);
    }
    this.#took(index, started);
  }

  async runLater(index: number, work: () => Promise<void>): Promise<void> {
    const started = now();
    try {
      await work();
    } catch (error) {
      throw this.#failure(index, error);
    }
    this.#took(index, started);
  }

  #took(index: number, started: Moment): void {
    const milliseconds = performance.now() - started.at;
    this.slowest = Math.max(this.slowest, milliseconds);
    if (milliseconds <= PROCESSOR_MS) return;
    const { system, user } = process.cpuUsage(started.used);
    if (system + user <= 1000 * PROCESSOR_MS && milliseconds <= PATIENCE_MS) return;
    throw this.#failure(index, new MediaFailure(`took ${Math.round(milliseconds)} ms`));
  }

  #failure(index: number, cause: unknown): MediaFailure {
    const what = cause instanceof MediaFailure ? cause.message : (cause as Error).stack;
    const message = `${this.target}: seed ${this.seed}, input ${index}: ${what}`;
    return new MediaFailure(message, { cause });
  }
}

/** What all that try inputs of one seed have in common. */
export abstract class MediaFuzzer {
  /** How many findings there were in all inputs. */
  findings = 0;
  protected readonly attempts: Attempts;

  constructor(target: string, seed: number) {
    this.attempts = new Attempts(target, seed);
  }

  /** Milliseconds that the slowest input took. */
  get slowest(): number {
    return this.attempts.slowest;
  }
}

interface Moment {
  readonly at: number;
  readonly used: NodeJS.CpuUsage;
}

const now = (): Moment => ({ at: performance.now(), used: process.cpuUsage() });
