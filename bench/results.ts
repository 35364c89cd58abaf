import { z } from 'zod';

/** What a run of the benchmarks writes, and all that docs/BENCHMARKS.md and its plots are made of. */

export const Unit = z.enum(['ms', 'µs', 'MB/s', 'GB/s', 'MiB', 'B', 's']);
export type Unit = z.infer<typeof Unit>;

/** Median of the rounds, and the least and the greatest of them. */
export const Sample = z.strictObject({ median: z.number(), low: z.number(), high: z.number() });
export type Sample = z.infer<typeof Sample>;

export const Figure = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  unit: Unit,
  rounds: z.int().positive(),
  value: Sample,
  peer: z.strictObject({ name: z.string(), value: Sample }).optional(),
  /** famfs by its peer, of each round: of times, what is above 1 is slower. */
  ratio: Sample.optional(),
  /** The ratio that is not to be exceeded. */
  bound: z.number().positive().optional(),
});
export type Figure = z.infer<typeof Figure>;

export const Series = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  unit: Unit,
  along: z.enum(['entries', 'GiB']),
  rounds: z.int().positive(),
  points: z.array(z.strictObject({ x: z.number().positive(), value: Sample })).min(2),
});
export type Series = z.infer<typeof Series>;

export const SectionResult = z.strictObject({
  name: z.string(),
  seconds: z.number().nonnegative(),
  figures: z.array(Figure),
  series: z.array(Series),
  /** What could not be measured here, and why. */
  missing: z.array(z.string()),
});
export type SectionResult = z.infer<typeof SectionResult>;

export const Results = z.strictObject({
  schema: z.literal(1),
  quick: z.boolean(),
  date: z.iso.datetime(),
  commit: z.string(),
  /** Whether files of the checkout differed from that commit. */
  modified: z.boolean(),
  machine: z.strictObject({
    processor: z.string(),
    processors: z.int().positive(),
    memoryGib: z.number(),
    kernel: z.string(),
    scratch: z.string(),
    load: z.number(),
  }),
  versions: z.record(z.string(), z.string()),
  sections: z.array(SectionResult).min(1),
});
export type Results = z.infer<typeof Results>;

/** Figures of the reference, to be set beside ours by their id, and how many times ours are to be as fast. */
export const Reference = z.strictObject({
  about: z.string(),
  figures: z.record(z.string(), z.strictObject({ value: z.number(), unit: Unit })),
  aims: z.record(z.string(), z.strictObject({ factor: z.number().positive() })),
});
export type Reference = z.infer<typeof Reference>;
