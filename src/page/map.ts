/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** The script of the page that `famfs map --html` writes: draws the device on a canvas, row by row, and tells of it. */

export {};

type Kind = 'superblock' | 'log' | 'file' | 'shared' | 'free';

/** What the page is about, as src/ui/map-html.ts puts it in. Offsets and lengths in bytes. */
interface PageData {
  readonly deviceBytes: number;
  readonly kinds: readonly Kind[];
  /** For each run: offset, length, index of its kind, index of its file or -1, number of extent or strip. */
  readonly runs: readonly number[];
  /** For each file: path, colour, "extent" or "strip". */
  readonly files: readonly (readonly [string, string, string])[];
}

const FIELDS = 5;
const ROW = 18;
const GAP = 3;
const FOUND = 20;
const COLOURS: Record<Kind, string> = {
  superblock: '#222',
  log: '#666',
  file: '#888',
  shared: '#e00',
  free: '#eee',
};

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const data = JSON.parse(element('data').textContent ?? '') as PageData;
const canvas = element<HTMLCanvasElement>('map');
const tip = element('tip');
const search = element<HTMLInputElement>('search');
const results = element('results');
const where = element('where');
const brush = canvas.getContext('2d') as CanvasRenderingContext2D;
const SHARED = data.kinds.indexOf('shared');
const runCount = data.runs.length / FIELDS;
const sharedRuns = Array.from({ length: runCount }, (_, run) => run).filter(
  (run) => data.runs[run * FIELDS + 2] === SHARED,
);
let viewStart = 0;
let viewBytes = data.deviceBytes;
let wanted = '';

const field = (run: number, at: number) => data.runs[run * FIELDS + at] as number;
const kindOf = (run: number) => data.kinds[field(run, 2)] as Kind;
const fileOf = (run: number) => data.files[field(run, 3)];

/** The run that holds a byte. */
function runAt(byte: number): number {
  let low = 0;
  let high = runCount - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (field(middle, 0) <= byte) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rows(): number {
  return Math.max(1, Math.floor(canvas.clientHeight / ROW));
}

function size(bytes: number): string {
  const power = Math.min(5, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][power]}`;
}

function draw(): void {
  const { clientHeight, clientWidth } = canvas;
  const scale = window.devicePixelRatio;
  canvas.width = clientWidth * scale;
  canvas.height = clientHeight * scale;
  brush.scale(scale, scale);
  const rowBytes = viewBytes / rows();
  for (let row = 0; row < rows(); row++)
    drawRow(row * ROW, viewStart + row * rowBytes, rowBytes, clientWidth);
  where.textContent = `${size(viewStart)} to ${size(viewStart + viewBytes)} of ${size(data.deviceBytes)}`;
}

/** One row, pixel by pixel: where a pixel holds many runs, the one at its start shows, and shared ones above all. */
function drawRow(y: number, start: number, bytes: number, width: number): void {
  const pixelBytes = bytes / width;
  for (let run = runAt(start), x = 0; run < runCount && x < width; ) {
    const end = Math.min(width, Math.max(x + 1, (field(run, 0) + field(run, 1) - start) / pixelBytes));
    brush.fillStyle = colourOf(run);
    brush.fillRect(x, y, end - x, ROW - GAP);
    x = end;
    run = Math.max(run + 1, runAt(start + x * pixelBytes));
  }
  brush.fillStyle = COLOURS.shared;
  for (const run of sharedRuns) {
    const x = Math.max(0, (field(run, 0) - start) / pixelBytes);
    const end = Math.min(width, (field(run, 0) + field(run, 1) - start) / pixelBytes);
    if (end > 0 && x < width) brush.fillRect(x, y, Math.max(2, end - x), ROW - GAP);
  }
}

function colourOf(run: number): string {
  const kind = kindOf(run);
  const file = kind === 'file' ? fileOf(run) : undefined;
  if (wanted !== '' && !file?.[0].toLowerCase().includes(wanted)) return kind === 'free' ? '#fff' : '#ddd';
  return file?.[1] ?? COLOURS[kind];
}

function byteAt(event: MouseEvent): number {
  const { left, top } = canvas.getBoundingClientRect();
  const row = Math.min(rows() - 1, Math.max(0, Math.floor((event.clientY - top) / ROW)));
  const inRow = (event.clientX - left) / canvas.clientWidth;
  return Math.min(data.deviceBytes - 1, viewStart + ((row + inRow) * viewBytes) / rows());
}

function zoom(factor: number, around: number): void {
  const bytes = Math.min(data.deviceBytes, Math.max(rows() * 4096, viewBytes * factor));
  show(around - (around - viewStart) * (bytes / viewBytes), bytes);
}

function show(start: number, bytes: number): void {
  viewBytes = Math.min(bytes, data.deviceBytes);
  viewStart = Math.min(Math.max(0, start), data.deviceBytes - viewBytes);
  tip.hidden = true;
  requestAnimationFrame(draw);
}

function describe(run: number): string {
  const [path, , part] = fileOf(run) ?? [];
  const kind = kindOf(run);
  const what =
    kind === 'file' ? `${path}\n${part} ${field(run, 4)}` : path ? `${kind}: ${path} and others` : kind;
  return `${what}\noffset ${field(run, 0)} (${size(field(run, 0))})\nlength ${field(run, 1)} (${size(field(run, 1))})`;
}

function find(): void {
  wanted = search.value.toLowerCase();
  const matches =
    wanted === '' ? [] : data.files.flatMap(([path], i) => (path.toLowerCase().includes(wanted) ? [i] : []));
  const items = matches.slice(0, FOUND).map((file) => {
    const item = document.createElement('button');
    item.textContent = (data.files[file] as readonly string[])[0] as string;
    item.addEventListener('click', () => goTo(file));
    return item;
  });
  const note = document.createElement('p');
  note.textContent = wanted === '' ? '' : `${matches.length} found`;
  results.replaceChildren(note, ...items);
  requestAnimationFrame(draw);
}

function goTo(file: number): void {
  for (let run = 0; run < runCount; run++) {
    if (field(run, 3) !== file) continue;
    const bytes = Math.max(field(run, 1) * 4, rows() * 4096);
    show(field(run, 0) + field(run, 1) / 2 - bytes / 2, bytes);
    return;
  }
}

canvas.addEventListener('mousemove', (event) => {
  tip.textContent = describe(runAt(byteAt(event)));
  tip.hidden = false;
  tip.style.left = `${Math.max(0, Math.min(event.pageX + 12, window.innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.min(event.pageY + 12, window.innerHeight - tip.offsetHeight - 8)}px`;
});
canvas.addEventListener('mouseleave', () => {
  tip.hidden = true;
});
canvas.addEventListener(
  'wheel',
  (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, byteAt(event));
  },
  { passive: false },
);
window.addEventListener('keydown', (event) => {
  if (event.target === search) return;
  const middle = viewStart + viewBytes / 2;
  if (event.key === '+') zoom(0.8, middle);
  else if (event.key === '-') zoom(1.25, middle);
  else if (event.key === '0') show(0, data.deviceBytes);
  else if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') show(viewStart - viewBytes / 4, viewBytes);
  else if (event.key === 'ArrowRight' || event.key === 'ArrowDown')
    show(viewStart + viewBytes / 4, viewBytes);
});
search.addEventListener('input', find);
window.addEventListener('resize', draw);
draw();
