import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { render } from '../../bench/render';
import { type Figure, Reference, Results, type Series } from '../../bench/results';
import { SECTIONS } from '../../bench/sections';
import { figure, greatestExponent, lastExponent, sampleOf } from '../../bench/stats';

const ROOT = join(__dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const recorded = () => Results.parse(JSON.parse(read('docs/benchmarks.json')));
const reference = Reference.parse(JSON.parse(read('bench/reference-figures.json')));

test('the page and its plots are what the recorded results give', () => {
  const files = render(recorded(), reference, SECTIONS);
  for (const [name, text] of files) expect([name, read(join('docs', name))]).toEqual([name, text]);
  const plots = [...files.keys()].filter((name) => name.startsWith('benchmarks/'));
  expect(readdirSync(join(ROOT, 'docs/benchmarks')).map((name) => `benchmarks/${name}`)).toEqual(
    plots.sort(),
  );
});

test('the page of a whole run has each figure that the reference has', () => {
  const results = recorded();
  if (results.quick) return;
  const ids = results.sections.flatMap((section) => section.figures.map(({ id }) => id));
  expect(Object.keys(reference.figures).filter((id) => !ids.includes(id))).toEqual([]);
});

test('what is aimed at has a figure of the reference', () => {
  const known = Object.keys(reference.figures);
  expect(Object.keys(reference.aims).filter((id) => !known.includes(id))).toEqual([]);
});

const one = (value: number) => ({ median: value, low: value, high: value });
const growing = (values: readonly number[]): Series => ({
  id: 'growth',
  title: 'growth',
  unit: 'ms',
  along: 'entries',
  rounds: 1,
  points: values.map((value, i) => ({ x: 10 ** (i + 1), value: one(value) })),
});

/** The page of results with a single section. */
function pageOf(figures: Figure[], series: Series[] = [], quick = false): string {
  const { sections: _, ...told } = recorded();
  const section = { name: 'mkfs', seconds: 1, figures, series, missing: ['the moon'] };
  const theirs = Reference.parse({
    about: '',
    figures: { ours: { value: 100, unit: 'ms' } },
    aims: { ours: { factor: 10 } },
  });
  return render({ ...told, quick, sections: [section] }, theirs, SECTIONS).get('BENCHMARKS.md') ?? '';
}

describe('figures', () => {
  const peer = { name: 'peer', values: [1, 1, 4] };
  const slow = figure({ id: 'ours', title: 'ours', unit: 'ms', ours: [20, 40, 30], peer, bound: 4 });

  test('are medians with their spread, and ratios of each round', () => {
    expect(slow.value).toEqual({ median: 30, low: 20, high: 40 });
    expect(slow.ratio).toEqual({ median: 20, low: 7.5, high: 40 });
    expect(sampleOf([1, 2, 3, 10]).median).toBe(2.5);
    expect(() => sampleOf([])).toThrow('not a sample');
  });

  test('say where bounds and aims are not met', () => {
    const page = pageOf([slow]);
    expect(page).toContain('20 (7.5–40); at most 4: **not met**');
    expect(page).toContain('100 ms, ×3.33; aim ×10: **not met**');
    expect(page).toContain('Not measured: the moon.');
  });

  test('say where they are met', () => {
    const page = pageOf([figure({ id: 'ours', title: 'ours', unit: 'ms', ours: [4], peer, bound: 4 })]);
    expect(page).toContain('| 4; at most 4: met');
    expect(page).toContain('100 ms, ×25; aim ×10: met');
  });

  test('of a quick run are set beside no reference', () => {
    expect(pageOf([slow], [], true)).not.toContain('; aim');
  });

  test('of another unit than the reference has are refused', () => {
    expect(() => pageOf([figure({ id: 'ours', title: '', unit: 's', ours: [1] })])).toThrow('ms beside s');
  });
});

describe('growth', () => {
  test('has the power of the last step and of the steepest one', () => {
    expect(lastExponent(growing([1, 10, 100]))).toBeCloseTo(1);
    expect(lastExponent(growing([1, 100, 100]))).toBeCloseTo(0);
    expect(greatestExponent(growing([1, 100, 100]))).toBeCloseTo(2);
  });

  test('is called linear when it is', () => {
    expect(pageOf([], [growing([1, 2, 20])])).toMatch(/\| growth .*\| 1\.00 +\| yes +\|/);
    expect(pageOf([], [growing([1, 2, 200])])).toMatch(/\| growth .*\| 2\.00 +\| \*\*no: 2\.00\*\* +\|/);
  });
});
