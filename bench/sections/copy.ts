import { join } from 'node:path';
import { z } from 'zod';
import { output, ROOT } from '../place';
import type { Figure } from '../results';
import type { Section } from '../section';

/** What of the output of bench/copy.mjs is shown; it has medians of its own rounds and no spread. */
const Way = z.object({ mbPerSecond: z.number(), ratio: z.number() });
const Copies = z.record(z.string(), Way);
const Output = z.object({ rounds: z.int(), smallFiles: z.int(), bytes: z.record(z.string(), z.number()) });
const PEER = 'coreutils';

function figuresOf(kind: string, what: string, copies: z.infer<typeof Copies>, rounds: number): Figure[] {
  const only = (median: number) => ({ median, low: median, high: median });
  const peer = copies[PEER];
  if (peer === undefined) throw new Error(`bench/copy.mjs did not measure ${PEER}`);
  return Object.entries(copies)
    .filter(([way]) => way !== PEER)
    .map(([way, { mbPerSecond, ratio }]) => ({
      id: `copy-${kind}-${way.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`,
      title: `${what}: ${way}`,
      unit: 'MB/s',
      rounds,
      value: only(mbPerSecond),
      peer: { name: 'cp of coreutils', value: only(peer.mbPerSecond) },
      ratio: only(ratio),
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
    const sizes = quick ? ['1', '64', '100'] : ['3', '4096', '10000'];
    const printed: unknown = JSON.parse(
      output(process.execPath, join(ROOT, 'bench/copy.mjs'), ...sizes, '--json'),
    );
    const { rounds, smallFiles, bytes } = Output.parse(printed);
    const of = (kind: string) => Copies.parse(z.record(z.string(), z.unknown()).parse(printed)[kind]);
    const mib = (kind: string) => Math.round((bytes[kind] ?? 0) / 2 ** 20).toLocaleString('en');
    return {
      figures: [
        ...figuresOf('large', `one file of ${mib('large')} MiB`, of('large'), rounds),
        ...figuresOf(
          'small',
          `${smallFiles.toLocaleString('en')} files, ${mib('small')} MiB`,
          of('small'),
          rounds,
        ),
      ],
    };
  },
};
