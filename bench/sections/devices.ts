import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cli, inScratch, mounted } from '../place';
import type { Series } from '../results';
import type { Section } from '../section';
import { Rounds, sampleOf, timed } from '../stats';

const GIB = 2 ** 30;
const SIZES_GIB = [4, 16, 256, 1024];
const QUICK_GIB = [4, 1024];
const SERIES = {
  mkfs: '`famfs mkfs`',
  mount: 'a mount until it answers',
  creat: '`famfs creat` of a file of half the device',
  fsck: '`famfs fsck`',
  df: '`famfs df`',
  map: '`famfs map`',
} as const;

async function measureOnce(scratch: string, gib: number, rounds: Rounds): Promise<void> {
  const device = join(scratch, 'device');
  rounds.interleave(1, { mkfs: () => cli('mkfs', '--create', `${gib}g`, device) });
  const started = process.hrtime.bigint();
  await mounted(device, join(scratch, 'mnt'), (mount) => {
    rounds.note('mount', Number(process.hrtime.bigint() - started) / 1e6);
    const half = `${(gib * GIB) / 2}`;
    rounds.note(
      'creat',
      timed(() => cli('creat', '--size', half, join(mount, 'half'))),
    );
    for (const verb of ['fsck', 'df', 'map'])
      rounds.note(
        verb,
        timed(() => cli(verb, mount)),
      );
  });
  rmSync(device);
}

/** What verbs take as the device grows. */
export const devices: Section = {
  name: 'devices',
  title: 'As the device grows',
  about:
    'Sparse files with a log of 8 MiB, the sizes in turns: what verbs take as processes, most of which is their start. All ' +
    'that is in proportion to the device is a bitmap with a bit for each 2 MiB.',
  measure: ({ quick }) =>
    inScratch(async (scratch) => {
      const sizes = quick ? QUICK_GIB : SIZES_GIB;
      const by = new Map(sizes.map((gib) => [gib, new Rounds()]));
      mkdirSync(join(scratch, 'mnt'));
      const count = quick ? 1 : 5;
      for (let round = 0; round < count; round++)
        for (const [gib, rounds] of by) await measureOnce(scratch, gib, rounds);
      return {
        series: Object.entries(SERIES).map(
          ([what, title]): Series => ({
            id: `devices-${what}`,
            title,
            unit: 'ms',
            along: 'GiB',
            rounds: count,
            points: sizes.map((x) => ({ x, value: sampleOf((by.get(x) as Rounds).of(what)) })),
          }),
        ),
      };
    }),
};
