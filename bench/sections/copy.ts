import { join } from 'node:path';
import { z } from 'zod';
import { output, ROOT } from '../place';
import type { Figure, Sample } from '../results';
import type { Section } from '../section';

/** What of the output of bench/copy.mjs is shown; it makes the medians of its own rounds. */
const Way = z.object({
  mbPerSecond: z.number(),
  ratio: z.number(),
  msSpread: z.array(z.number()).optional(),
});
type Way = z.infer<typeof Way>;
const Copies = z.record(z.string(), Way);
const Output = z.object({ rounds: z.int(), smallFiles: z.int(), bytes: z.record(z.string(), z.number()) });
const PEER = 'coreutils';

const only = (median: number) => ({ median, low: median, high: median });

/** Rates of a way: its slowest round has the lowest. */
function rates({ mbPerSecond, msSpread }: Way, bytes: number): Sample {
  const [fastest, slowest] = [msSpread?.at(0), msSpread?.at(-1)];
  if (fastest === undefined || slowest === undefined) return only(mbPerSecond);
  const rate = (ms: number) => Math.round(bytes / ms / 1000);
  return { median: mbPerSecond, low: rate(slowest), high: rate(fastest) };
}

interface Copied {
  readonly kind: string;
  readonly what: string;
  readonly copies: z.infer<typeof Copies>;
  readonly bytes: number;
  readonly rounds: number;
}

function figuresOf({ kind, what, copies, bytes, rounds }: Copied): Figure[] {
  const peer = copies[PEER];
  if (peer === undefined) throw new Error(`bench/copy.mjs did not measure ${PEER}`);
  return Object.entries(copies)
    .filter(([way]) => way !== PEER)
    .map(([way, taken]) => ({
      id: `copy-${kind}-${way.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
      title: `${what}: ${way}`,
      unit: 'MB/s',
      rounds,
      value: rates(taken, bytes),
      peer: { name: 'cp of coreutils', value: rates(peer, bytes) },
      ratio: only(taken.ratio),
    }));
}

/** Copying files beside coreutils. */
export const copy: Section = {
  name: 'copy',
  title: 'Copying files',
  about:
    '`famfs cp` beside cp of coreutils, from tmpfs to tmpfs, each to a new device or directory (`bench/copy.mjs`). Rates: ' +
    'a ratio above 1 is faster.',
  measure: async ({ quick }) => {
    const sizes = quick ? ['1', '64', '100'] : ['5', '4096', '10000'];
    const printed: unknown = JSON.parse(
      output(process.execPath, join(ROOT, 'bench/copy.mjs'), ...sizes, '--json'),
    );
    const { rounds, smallFiles, bytes } = Output.parse(printed);
    const of = (kind: string, describe: (mib: string) => string): Figure[] => {
      const size = bytes[kind] ?? 0;
      const what = describe(Math.round(size / 2 ** 20).toLocaleString('en'));
      const copies = Copies.parse(z.record(z.string(), z.unknown()).parse(printed)[kind]);
      return figuresOf({ kind, what, copies, bytes: size, rounds });
    };
    return {
      figures: [
        ...of('large', (mib) => `one file of ${mib} MiB`),
        ...of('small', (mib) => `${smallFiles.toLocaleString('en')} files, ${mib} MiB`),
      ],
    };
  },
};
