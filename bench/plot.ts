import type { Series } from './results';

const WIDTH = 640;
const HEIGHT = 400;
const PLOT = { left: 70, right: 610, top: 30, bottom: 250 };
const LEGEND_TOP = 305;
const LINE_HEIGHT = 18;
const COLOURS = 8;

const STYLE = `
  .back { fill: #fff } text { font: 12px sans-serif; fill: #222 }
  .grid { stroke: #ccc } .axis { stroke: #444; fill: none }
  ${['#0b62a4', '#b3400f', '#23762f', '#7b3fa0', '#8a6d00', '#00757a', '#a8206c', '#555555'].map((c, i) => `.s${i} { stroke: ${c}; fill: ${c} }`).join(' ')}
  polyline { fill-opacity: 0; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #161b22 } text { fill: #e0e0e0 } .grid { stroke: #3a3f46 } .axis { stroke: #bbb }
    ${['#6cb6ff', '#ff9b6a', '#6fd37f', '#d2a8ff', '#e3c54a', '#56d4dd', '#ff8cc6', '#c0c0c0'].map((c, i) => `.s${i} { stroke: ${c}; fill: ${c} }`).join(' ')}
  }`;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');

/** The powers of ten around values. */
function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** Places values between two ends by their logarithm. */
function scale(ticks: readonly number[], from: number, to: number): (value: number) => number {
  const [low, high] = [Math.log10(ticks[0] as number), Math.log10(ticks.at(-1) as number)];
  return (value) => Number((from + ((Math.log10(value) - low) / (high - low)) * (to - from)).toFixed(1));
}

const shown = (tick: number) => (tick < 1 ? `${Number(tick.toPrecision(1))}` : tick.toLocaleString('en'));

/** Draws series of one unit along one measure, with logarithmic axes, for light and dark pages. */
export function plot(title: string, series: readonly Series[]): string {
  const [first] = series;
  if (first === undefined || series.length > COLOURS) throw new Error(`${series.length} series in a plot`);
  const points = series.flatMap((one) => one.points);
  const xs = decades(points.map(({ x }) => x));
  const ys = decades(points.flatMap(({ value }) => [value.low, value.high]));
  const [x, y] = [scale(xs, PLOT.left, PLOT.right), scale(ys, PLOT.bottom, PLOT.top)];
  const grid = [
    ...xs.flatMap((tick) => [
      `<line class="grid" x1="${x(tick)}" y1="${PLOT.top}" x2="${x(tick)}" y2="${PLOT.bottom}"/>`,
      `<text x="${x(tick)}" y="${PLOT.bottom + 18}" text-anchor="middle">${shown(tick)}</text>`,
    ]),
    ...ys.flatMap((tick) => [
      `<line class="grid" x1="${PLOT.left}" y1="${y(tick)}" x2="${PLOT.right}" y2="${y(tick)}"/>`,
      `<text x="${PLOT.left - 8}" y="${y(tick) + 4}" text-anchor="end">${shown(tick)}</text>`,
    ]),
  ];
  const drawn = series.flatMap((one, i) => [
    `<polyline class="s${i}" points="${one.points.map((p) => `${x(p.x)},${y(p.value.median)}`).join(' ')}"/>`,
    ...one.points.flatMap((p) => [
      `<line class="s${i}" x1="${x(p.x)}" y1="${y(p.value.low)}" x2="${x(p.x)}" y2="${y(p.value.high)}"/>`,
      `<circle class="s${i}" cx="${x(p.x)}" cy="${y(p.value.median)}" r="3"/>`,
    ]),
  ]);
  const legend = series.flatMap((one, i) => {
    const [left, top] = [PLOT.left + (i % 2) * 270, LEGEND_TOP + Math.floor(i / 2) * LINE_HEIGHT];
    return [
      `<rect class="s${i}" x="${left}" y="${top - 9}" width="10" height="10"/>`,
      `<text x="${left + 16}" y="${top}">${escaped(one.title)}</text>`,
    ];
  });
  const middle = (PLOT.left + PLOT.right) / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text x="${middle}" y="18" text-anchor="middle">${escaped(title)}</text>`,
    ...grid,
    `<rect class="axis" x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/>`,
    `<text x="${middle}" y="${PLOT.bottom + 36}" text-anchor="middle">${first.along === 'GiB' ? 'device, GiB' : first.along}</text>`,
    `<text x="14" y="${(PLOT.top + PLOT.bottom) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(PLOT.top + PLOT.bottom) / 2})">${first.unit}</text>`,
    ...drawn,
    ...legend,
    '</svg>',
    '',
  ].join('\n');
}
