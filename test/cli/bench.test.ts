import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Results } from '../../bench/results';
import { SECTIONS } from '../../bench/sections';
import { scratchEach } from '../support/run-scratch';

/** That the benchmarks run. How fast anything was is not looked at. */

const ROOT = join(__dirname, '../..');
const scratch = scratchEach();
const bench = (...args: string[]) =>
  spawnSync(process.execPath, [join(ROOT, 'bench/run.mjs'), ...args], { encoding: 'utf8' });

test('a quick run measures something in every section', () => {
  const out = join(scratch.root, 'quick.json');
  const { status, stderr } = bench('--quick', '--out', out);
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: SECTIONS.map(({ name }) => `bench: ${name}\n`).join(''),
  });
  const results = Results.parse(JSON.parse(readFileSync(out, 'utf8')));
  expect(results.quick).toBe(true);
  expect(results.sections.map(({ name }) => name)).toEqual(SECTIONS.map(({ name }) => name));
  for (const { name, figures, series } of results.sections)
    expect([name, figures.length + series.length]).not.toEqual([name, 0]);
}, 300_000);

test.each([
  [['--section', 'none', '--out', 'x'], 'bench: there is no section none\n'],
  [['--quick'], 'bench: --quick and --section need --out: the page shows whole runs only\n'],
])('%j is refused', (args, message) => {
  const { status, stderr } = bench(...args);
  expect({ status, stderr, written: existsSync('x') }).toEqual({
    status: 2,
    stderr: message,
    written: false,
  });
});
