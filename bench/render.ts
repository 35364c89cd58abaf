import { plot } from './plot';
import type { Figure, Reference, Results, Sample, SectionResult, Series } from './results';
import type { Section } from './section';
import { greatestExponent, lastExponent } from './stats';

/** What may be above 1 before growth is called more than linear: measurements scatter. */
export const LINEAR_EXPONENT = 1.15;

type About = Pick<Section, 'name' | 'title' | 'about'>;

const number = (value: number) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : `${Number(value.toPrecision(3))}`;

function shown({ median, low, high }: Sample, unit = ''): string {
  const spread = low === high ? '' : ` (${number(low)}–${number(high)})`;
  return `${number(median)}${unit && ` ${unit}`}${spread}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => (row[i] ?? '').length), 3),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c, i) => c.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(heads), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

const isRate = ({ unit }: Figure) => unit === 'MB/s' || unit === 'GB/s';

/** How many times as fast, or as small, as the reference a figure is. */
export function gain(figure: Figure, reference: Reference): number | undefined {
  const theirs = reference.figures[figure.id];
  if (theirs === undefined) return undefined;
  if (theirs.unit !== figure.unit) throw new Error(`${figure.id}: ${theirs.unit} beside ${figure.unit}`);
  const { median } = figure.value;
  return isRate(figure) ? median / theirs.value : theirs.value / median;
}

function ratioCell({ ratio, bound }: Figure): string {
  if (ratio === undefined) return '';
  if (bound === undefined) return shown(ratio);
  return `${shown(ratio)}; at most ${bound}: ${ratio.median <= bound ? 'met' : '**not met**'}`;
}

function referenceCell(figure: Figure, reference: Reference): string {
  const theirs = reference.figures[figure.id];
  const times = gain(figure, reference);
  if (theirs === undefined || times === undefined) return '';
  const aim = reference.aims[figure.id];
  const judged = aim && `; aim ×${aim.factor}: ${times >= aim.factor ? 'met' : '**not met**'}`;
  return `${number(theirs.value)} ${theirs.unit}, ×${number(times)}${judged ?? ''}`;
}

function figuresTable(figures: readonly Figure[], reference: Reference): string {
  const rows = figures.map((figure) => [
    figure.title,
    shown(figure.value, figure.unit),
    figure.peer ? `${figure.peer.name}: ${shown(figure.peer.value, figure.unit)}` : '',
    ratioCell(figure),
    referenceCell(figure, reference),
    `${figure.rounds}`,
  ]);
  return table(['What', 'famfs', 'Peer', 'Ratio', 'Reference', 'Rounds'], rows);
}

function growthTable(series: readonly Series[]): string {
  const [first] = series;
  const rows = series.map((one) => [
    one.title,
    ...one.points.map(({ value }) => shown(value, one.unit)),
    lastExponent(one).toFixed(2),
    greatestExponent(one) <= LINEAR_EXPONENT ? 'yes' : `**no: ${greatestExponent(one).toFixed(2)}**`,
  ]);
  const xs = first?.points.map(({ x }) => `${x.toLocaleString('en')} ${first.along}`) ?? [];
  return table(['What', ...xs, 'Exponent', 'Linear or better'], rows);
}

/** The plots of a section: a file for each unit. */
function plotsOf({ name, series }: SectionResult, title: string): Map<string, string> {
  const units = [...new Set(series.map(({ unit }) => unit))];
  return new Map(
    units.map((unit) => [
      `benchmarks/${name}-${unit === 'MiB' ? 'memory' : 'time'}.svg`,
      plot(
        `${title}: ${unit}`,
        series.filter((one) => one.unit === unit),
      ),
    ]),
  );
}

function head({ quick, date, commit, modified, machine, versions, sections }: Results): string {
  const { processor, processors, memoryGib, kernel, scratch, load } = machine;
  const seconds = sections.reduce((sum, section) => sum + section.seconds, 0);
  const rows = [
    ['machine', `${processor}, ${processors} processors, ${memoryGib} GiB`],
    ['kernel', kernel],
    ['devices and files in', scratch],
    ['load when it began', `${load}`],
    ['date', date],
    ['commit', `${commit}${modified ? ', with changes' : ''}`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
    ['took', `${Math.round(seconds)} s${quick ? ', with `--quick`: shows that it works, and no more' : ''}`],
  ];
  return table(['Run', ''], rows);
}

const INTRODUCTION = `# Benchmarks

Made by \`npm run bench\` from [benchmarks.json](benchmarks.json); do not edit. Each figure is the median of its rounds, with
the least and the greatest in parentheses. A ratio is famfs by its peer, which was measured in turns with it in the same
run: of times, 1 is as fast, and less is faster.

The column _Reference_ is not of this run. Its figures were noted on a similar machine, without the version of the program
or how it was run, so they tell orders of magnitude; behind each is how many times as fast, or as small, famfs is. An aim
is how many times as fast it is to be. Both are in \`bench/reference-figures.json\`. What was measured in other ways is in [MEASUREMENTS.md](MEASUREMENTS.md).

\`\`\`sh
npm run bench
npm run bench -- --quick --out /tmp/quick.json
npm run bench -- --section mkfs --out /tmp/mkfs.json
npm run bench -- --render
\`\`\``;

function sectionText(result: SectionResult, about: About, reference: Reference): string[] {
  const { figures, missing, series, name } = result;
  const parts = [`## ${about.title}`, `${about.about} Section \`${name}\`, ${Math.round(result.seconds)} s.`];
  if (figures.length > 0) parts.push(figuresTable(figures, reference));
  if (series.length > 0) {
    parts.push(growthTable(series));
    parts.push(
      'The exponent is the power by which the last step grew; linear or better means that no step had more than ' +
        `${LINEAR_EXPONENT}.`,
    );
    for (const file of plotsOf(result, about.title).keys()) parts.push(`![${about.title}](${file})`);
  }
  return [...parts, ...missing.map((what) => `Not measured: ${what}.`)];
}

/** The page and its plots, by their path in docs/. */
export function render(
  results: Results,
  reference: Reference,
  abouts: readonly About[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  // What a quick run measures is too small to be set beside anything.
  const theirs = results.quick ? { ...reference, figures: {}, aims: {} } : reference;
  const texts = results.sections.flatMap((result) => {
    const about = abouts.find(({ name }) => name === result.name);
    if (about === undefined) throw new Error(`there is no section ${result.name}`);
    for (const [file, svg] of plotsOf(result, about.title)) files.set(file, svg);
    return sectionText(result, about, theirs);
  });
  return files.set('BENCHMARKS.md', `${[INTRODUCTION, head(results), ...texts].join('\n\n')}\n`);
}
