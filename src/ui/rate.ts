/** Seconds after which an old speed counts for about a third. */
const MEMORY_SECONDS = 3;

/** A transfer rate, smoothed exponentially so that it can be read and an arrival time be told from it. */
export class RateMeter {
  private smoothed: number | undefined;

  /** Counts `bytes` that took `seconds` (more than 0). */
  sample(bytes: number, seconds: number): void {
    const rate = bytes / seconds;
    const weight = 1 - Math.exp(-seconds / MEMORY_SECONDS);
    this.smoothed = this.smoothed === undefined ? rate : this.smoothed + weight * (rate - this.smoothed);
  }

  /** Bytes per second, 0 before the first sample. */
  get bytesPerSecond(): number {
    return this.smoothed ?? 0;
  }
}
