import type { StatusReport } from '../server-contract';

export type Operation = StatusReport['requests'][number];

/**
 * The time, in seconds, below which a share `q` of an operation's requests were answered: the upper bound of a latency
 * class. Infinity when they are in the last class, undefined when there were none.
 */
export function quantile(latency: Operation['latency'], q: number): number | undefined {
  const total = latency.reduce((sum, { requests }) => sum + requests, 0);
  if (total === 0) return undefined;
  let below = 0;
  for (const { belowSeconds, requests } of latency) {
    below += requests;
    if (below >= q * total) return belowSeconds ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

/** "3 µs", "640 µs", "1.3 ms", "2.1 s". */
export function formatLatency(seconds: number): string {
  const micros = seconds * 1e6;
  if (micros < 9.95) return `${Number(micros.toFixed(1))} µs`;
  if (micros < 999.5) return `${Math.round(micros)} µs`;
  const millis = seconds * 1e3;
  if (millis < 99.95) return `${Number(millis.toFixed(1))} ms`;
  return millis < 999.5 ? `${Math.round(millis)} ms` : `${Number(seconds.toFixed(1))} s`;
}

/** The bound of a quantile as people read it: "< 64 µs". */
export function formatBound(seconds: number | undefined): string {
  if (seconds === undefined) return '-';
  return seconds === Number.POSITIVE_INFINITY ? '> 4 s' : `< ${formatLatency(seconds)}`;
}
