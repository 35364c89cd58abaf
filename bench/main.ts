import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { circumstances } from './machine';
import { ROOT } from './place';
import { render } from './render';
import { Reference, Results, type SectionResult } from './results';
import { SECTIONS } from './sections';
import { replayTwice } from './sections/replay-child';

const USAGE = `Usage: npm run bench -- [--quick] [--section NAME]... [--out FILE] [--render]

Measures, writes docs/benchmarks.json, and makes docs/BENCHMARKS.md and its plots of it.
  --quick         about a minute: shows that all works, and no more; needs --out
  --section NAME  only this one, of ${SECTIONS.map(({ name }) => name).join(', ')}; needs --out
  --out FILE      writes the results there and makes no page
  --render        measures nothing: makes the page of docs/benchmarks.json
`;
const RESULTS = join(ROOT, 'docs', 'benchmarks.json');

function fail(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function writePage(): void {
  const reference = Reference.parse(read(join(ROOT, 'bench', 'reference-figures.json')));
  for (const [name, text] of render(Results.parse(read(RESULTS)), reference, SECTIONS)) {
    const path = join(ROOT, 'docs', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

async function measure(names: readonly string[] | undefined, quick: boolean): Promise<Results> {
  const told = circumstances();
  const sections: SectionResult[] = [];
  for (const section of SECTIONS) {
    if (names !== undefined && !names.includes(section.name)) continue;
    process.stderr.write(`bench: ${section.name}\n`);
    const started = performance.now();
    const { figures = [], series = [], missing = [] } = await section.measure({ quick });
    const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
    sections.push({
      name: section.name,
      seconds,
      figures: [...figures],
      series: [...series],
      missing: [...missing],
    });
  }
  return Results.parse({ schema: 1, quick, ...told, sections });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      quick: { type: 'boolean', default: false },
      render: { type: 'boolean' },
      section: { type: 'string', multiple: true },
      out: { type: 'string' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (values.render) return writePage();
  const unknown = values.section?.find((name) => !SECTIONS.some((section) => section.name === name));
  if (unknown !== undefined) fail(`there is no section ${unknown}`);
  if (values.out === undefined && (values.quick || values.section))
    fail('--quick and --section need --out: the page shows whole runs only');
  const results = await measure(values.section, values.quick);
  writeFileSync(values.out ? resolve(values.out) : RESULTS, `${JSON.stringify(results, null, 1)}\n`);
  if (values.out === undefined) writePage();
}

/** Works of sections that need a process of their own. */
const children: Readonly<Record<string, (path: string) => unknown>> = { replay: replayTwice };
const [first, name = '', path = ''] = process.argv.slice(2);
if (first === '--child') process.stdout.write(JSON.stringify(children[name]?.(path)));
else main().catch((error: Error) => fail(error.message));
