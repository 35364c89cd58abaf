import type { Figure, Sample, Series, Unit } from './results';

const DIGITS = 4;

/** Four digits: what is measured has no more. */
function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

export function sampleOf(values: readonly number[]): Sample {
  if (values.length === 0 || !values.every(Number.isFinite)) throw new Error(`not a sample: [${values}]`);
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] as number;
  const middle = (sorted.length - 1) / 2;
  return {
    median: rounded((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2),
    low: rounded(at(0)),
    high: rounded(at(sorted.length - 1)),
  };
}

/** Milliseconds that `work` takes. */
export function timed(work: () => void): number {
  const started = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - started) / 1e6;
}

/** Values by round of things that are measured in turns. */
export class Rounds {
  readonly #values = new Map<string, number[]>();

  note(name: string, value: number): void {
    const values = this.#values.get(name) ?? [];
    values.push(value);
    this.#values.set(name, values);
  }

  of(name: string): readonly number[] {
    const values = this.#values.get(name);
    if (values === undefined) throw new Error(`nothing was measured of ${name}`);
    return values;
  }

  /** Runs each of `works` in turn, `count` times, and notes the milliseconds. */
  interleave(count: number, works: Readonly<Record<string, (round: number) => void>>): this {
    for (let round = 0; round < count; round++)
      for (const [name, work] of Object.entries(works))
        this.note(
          name,
          timed(() => work(round)),
        );
    return this;
  }
}

export interface FigureOptions {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly ours: readonly number[];
  readonly peer?: { readonly name: string; readonly values: readonly number[] } | undefined;
  readonly bound?: number;
}

/** The figure of rounds, with the ratio of each round if there is a peer. */
export function figure({ id, title, unit, ours, peer, bound }: FigureOptions): Figure {
  const alone = { id, title, unit, rounds: ours.length, value: sampleOf(ours) };
  if (peer === undefined) return alone;
  const ratios = ours.map((value, round) => value / (peer.values[round] as number));
  return {
    ...alone,
    peer: { name: peer.name, value: sampleOf(peer.values) },
    ratio: sampleOf(ratios),
    ...(bound === undefined ? {} : { bound }),
  };
}

/** By which power of x the last step of a series grew: 1 is in proportion, 0 not at all. */
export function lastExponent({ points }: Series): number {
  const [before, last] = points.slice(-2);
  if (before === undefined || last === undefined) throw new Error('a series has two points or more');
  return Math.log(last.value.median / before.value.median) / Math.log(last.x / before.x);
}

/** The steepest power between any two neighbouring points of a series. */
export function greatestExponent({ points }: Series): number {
  return Math.max(
    ...points.slice(1).map((point, i) => {
      const before = points[i] as Series['points'][number];
      return Math.log(point.value.median / before.value.median) / Math.log(point.x / before.x);
    }),
  );
}
