/** No input may take longer than this. */
const PATIENCE_MS = 5000;

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
    const started = performance.now();
    try {
      work();
    } catch (error) {
      throw this.#failure(index, error);
    }
    this.#took(index, performance.now() - started);
  }

  async runLater(index: number, work: () => Promise<void>): Promise<void> {
    const started = performance.now();
    try {
      await work();
    } catch (error) {
      throw this.#failure(index, error);
    }
    this.#took(index, performance.now() - started);
  }

  #took(index: number, milliseconds: number): void {
    this.slowest = Math.max(this.slowest, milliseconds);
    if (milliseconds <= PATIENCE_MS) return;
    throw this.#failure(index, new MediaFailure(`took ${Math.round(milliseconds)} ms`));
  }

  #failure(index: number, cause: unknown): MediaFailure {
    const what = cause instanceof MediaFailure ? cause.message : (cause as Error).stack;
    const message = `${this.target}: seed ${this.seed}, input ${index}: ${what}`;
    return new MediaFailure(message, { cause });
  }
}
