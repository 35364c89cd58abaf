import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeDevice } from '../full-log';
import { child, cli, inScratch, memory, mounted, servers } from '../place';
import type { Figure, Series } from '../results';
import type { Section } from '../section';
import { figure, Rounds, sampleOf, timed } from '../stats';
import { Replayed } from './replay-child';

const GROWTH = [1_000, 10_000, 100_000, 493_447];
/** As many as fit into logs of 8 and of 256 MiB. */
const FULL_LOGS = [15_420, 493_447];
const QUICK = [1_000, 15_420];
const SUMS = 'crc32 of as many times 536 bytes';
const SUMS_BOUND = 4;
const ROUNDS = 9;
const MIB = 2 ** 20;

const SERIES = {
  replay: ['replay in a process', 'ms'],
  again: ['replay in a process that has done it before', 'ms'],
  fsck: ['`famfs fsck`', 'ms'],
  mount: ['a mount until it answers', 'ms'],
  logplay: ['`famfs logplay` when everything is known', 'ms'],
  ls: ['`famfs ls -R` of the device', 'ms'],
  pss: ['memory of a mount, all processes (PSS)', 'MiB'],
  tree: ['memory that a replay adds (RSS)', 'MiB'],
} as const;
type What = keyof typeof SERIES;

async function measureOnce(scratch: string, device: string, rounds: Rounds): Promise<void> {
  const { againMs, ms, sumsMs, rssGrowthBytes } = Replayed.parse(child('replay', device));
  rounds.note('replay', ms);
  rounds.note('again', againMs);
  rounds.note('sums', sumsMs);
  // What is less than a page of growth is noise of the allocator.
  rounds.note('tree', Math.max(rssGrowthBytes, 4096) / MIB);
  rounds.interleave(1, { fsck: () => cli('fsck', device), ls: () => cli('ls', '-R', device) });
  const started = process.hrtime.bigint();
  await mounted(device, join(scratch, 'mnt'), (mount) => {
    rounds.note('mount', Number(process.hrtime.bigint() - started) / 1e6);
    rounds.note('pss', memory(servers(mount), 'Pss'));
    rounds.note(
      'logplay',
      timed(() => cli('logplay', mount)),
    );
  });
}

function figuresOf(count: number, rounds: Rounds): Figure[] {
  const peer = { name: SUMS, values: rounds.of('sums') };
  const among = `${count.toLocaleString('en')} entries`;
  const per = (what: What) => rounds.of(what).map((value) => (value * MIB) / count);
  const plain = (what: What) =>
    figure({
      id: `${what}-${count}`,
      title: `${SERIES[what][0]}, ${among}`,
      unit: 'ms',
      ours: rounds.of(what),
    });
  const toSums = (what: What) =>
    figure({
      id: `${what}-${count}`,
      title: `${SERIES[what][0]}, ${among}`,
      unit: 'ms',
      ours: rounds.of(what),
      peer,
    });
  return [
    toSums('replay'),
    toSums('again'),
    toSums('fsck'),
    plain('mount'),
    plain('logplay'),
    plain('ls'),
    figure({
      id: `tree-${count}`,
      title: `memory that a replay adds for each of ${among}`,
      unit: 'B',
      ours: per('tree'),
    }),
  ];
}

/**
 * What each entry of the longer log takes beyond those of the shorter one: what it takes to start a process, and to
 * compile what runs often, is in both.
 */
function furtherFigures([short, long]: readonly number[], by: ReadonlyMap<number, Rounds>): Figure[] {
  if (short === undefined || long === undefined) return [];
  const [less, more] = [by.get(short) as Rounds, by.get(long) as Rounds];
  const each = (what: string) =>
    more.of(what).map((ms, round) => ((ms - (less.of(what)[round] as number)) * 1000) / (long - short));
  return (['replay', 'fsck'] as const).map((what) =>
    figure({
      id: `${what}-further`,
      title: `${SERIES[what][0]}, each entry beyond ${short.toLocaleString('en')}`,
      unit: 'µs',
      ours: each(what),
      peer: { name: 'crc32 of 536 bytes', values: each('sums') },
      bound: SUMS_BOUND,
    }),
  );
}

/** What verbs and mounts take as the log grows. */
export const entries: Section = {
  name: 'entries',
  title: 'As the log grows',
  about:
    'Logs of files of one unit, a thousand to a directory. Replay is timed in a process of its own, the others as processes; ' +
    `beside them \`zlib.crc32\` over the 536 bytes that the sum of an entry covers, as often as there are entries.`,
  measure: ({ quick }) =>
    inScratch(async (scratch) => {
      const growth = quick ? QUICK : GROWTH;
      const full = quick ? QUICK.slice(1) : FULL_LOGS;
      const counts = [...new Set([...growth, ...full])].sort((a, b) => a - b);
      const by = new Map<number, Rounds>();
      mkdirSync(join(scratch, 'mnt'));
      for (const count of counts) {
        const rounds = new Rounds();
        const device = join(scratch, `${count}.img`);
        makeDevice(device, count, 'directories');
        for (let round = 0; round < (quick ? 1 : ROUNDS); round++) await measureOnce(scratch, device, rounds);
        rmSync(device);
        by.set(count, rounds);
      }
      const at = (count: number) => by.get(count) as Rounds;
      const series = Object.entries(SERIES).map(
        ([what, [title, unit]]): Series => ({
          id: `entries-${what}`,
          title,
          unit,
          along: 'entries',
          rounds: quick ? 1 : ROUNDS,
          points: growth.map((x) => ({ x, value: sampleOf(at(x).of(what)) })),
        }),
      );
      const figures = [...full.flatMap((count) => figuresOf(count, at(count))), ...furtherFigures(full, by)];
      return { figures, series };
    }),
};
