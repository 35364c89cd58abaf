import { createHash } from 'node:crypto';
import type { AllocatorStats } from '../alloc/allocator';
import type { DeviceMap, DeviceRun, MappedDevice } from '../operations/device-map';
import { counted } from './counts';
import { cssColour, titleOf, wordFor } from './map-cells';
import { escapeMarkup } from './map-svg';
import { formatSize } from './sizes';

/** The bundled script of src/page/map.ts, which the build puts in. */
declare const MAP_PAGE_SCRIPT: string;

const KINDS = ['superblock', 'log', 'file', 'shared', 'free'] as const;
const SHOWN_PROBLEMS = 100;
const STYLE = `body{font:14px sans-serif;margin:8px;height:calc(100vh - 16px);display:flex;flex-direction:column;gap:6px}
h1{font-size:16px;margin:0;overflow-wrap:anywhere}p{margin:0}canvas{flex:1;min-height:120px;width:100%;cursor:crosshair}
#tip{position:fixed;background:#fff;border:1px solid #444;padding:4px;white-space:pre-wrap;overflow-wrap:anywhere;max-width:60ch;pointer-events:none}
#results{display:flex;flex-wrap:wrap;gap:4px}.problem{color:#b00;overflow-wrap:anywhere}details{max-height:25vh;overflow:auto}`;

/**
 * A map as a page that stands alone. Names come from the media: they are data of the page's script, which shows them
 * as text, and the page's policy allows no other script and no network.
 */
export function mapHtml(map: DeviceMap): string {
  const alone = map.devices.length === 1;
  const policy = `default-src 'none'; style-src ${digest(STYLE)}; script-src ${digest(MAP_PAGE_SCRIPT)}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(policy)}">
<title>${escapeMarkup(map.device)}</title>
<style>${STYLE}</style>
<h1>${escapeMarkup(map.device)}</h1>
<p>${sizesOf(map)}; ${counted(map.files.length, 'file')}. Black and grey are superblock and log, red is shared.
<p><input id="search" placeholder="find a file" aria-label="find a file">${alone ? ` ${whereOf('where')}` : ''}; wheel or + - zoom, arrows move, 0 shows all
<div id="results"></div>
${problems(map)}
${map.devices.map((device) => picture(map, device, alone)).join('\n')}
<div id="tip" hidden></div>
<script type="application/json" id="data">${pageData(map)}</script>
<script>${MAP_PAGE_SCRIPT}</script>
</html>
`;
}

function sizesOf({ devices, space }: DeviceMap): string {
  const usable = devices.filter(({ trouble }) => trouble === undefined);
  const size = usable.reduce((sum, device) => sum + device.size, 0);
  const where = devices.length === 1 ? '' : ` on ${counted(usable.length, 'device')}`;
  return `${formatSize(size)}${where}: ${spaceText(space)}`;
}

function spaceText({ freeUnits, largestFreeUnits, unitBytes, usedUnits }: AllocatorStats): string {
  return `used ${formatSize(usedUnits * unitBytes)}, free ${formatSize(freeUnits * unitBytes)} (largest run ${formatSize(largestFreeUnits * unitBytes)})`;
}

/** The place of a device's picture, below its name where there are several. */
function picture(map: DeviceMap, device: MappedDevice, alone: boolean): string {
  const canvas = `<canvas id="map${alone ? '' : `-${device.index}`}"></canvas>`;
  if (alone) return canvas;
  const name = escapeMarkup(titleOf(map, device));
  return `<p>${name}: ${formatSize(device.size)}: ${spaceText(device.space)}; ${whereOf(`where-${device.index}`)}</p>\n${canvas}`;
}

function whereOf(id: string): string {
  return `<span id="${id}" class="where"></span>`;
}

function digest(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function problems({ problems: found }: DeviceMap): string {
  if (found.length === 0) return '';
  const lines = found.slice(0, SHOWN_PROBLEMS).map(({ code, detail, entry, path }) => {
    const what =
      entry === undefined ? code : `${code}: entry ${entry}${path === undefined ? '' : ` "${path}"`}`;
    return `<p class="problem">${escapeMarkup(`${what}: ${detail}`)}`;
  });
  return `<details><summary class="problem">${counted(found.length, wordFor(found))}</summary>${lines.join('\n')}</details>`;
}

/** The data as JSON in which no character can end the element that it stands in. */
function pageData({ devices, files }: DeviceMap): string {
  const indexOf = new Map(files.map(({ entry }, i) => [entry, i]));
  return JSON.stringify({
    kinds: KINDS,
    devices: devices.map(({ runs, size }) => ({ bytes: size, runs: flat(runs, indexOf) })),
    files: files.map(({ interleaved, path }) => [path, cssColour(path), interleaved ? 'strip' : 'extent']),
  }).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function flat(runs: readonly DeviceRun[], indexOf: ReadonlyMap<number, number>): number[] {
  return runs.flatMap(({ entry = -1, kind, length, offset, part = 0 }) => [
    offset,
    length,
    KINDS.indexOf(kind),
    indexOf.get(entry) ?? -1,
    part,
  ]);
}
