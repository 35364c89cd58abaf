import { setTimeout as sleep } from 'node:timers/promises';
import type { MountStatus } from '../operations/status';
import { type Painter, paint } from './colour';
import { describeMounts, type Since } from './status-text';
import { shortenMiddle, widthOf } from './text';

const PERIOD_MS = 1000;
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR = '\x1b[2J';
const HOME = '\x1b[H';
const CLEAR_LINE_END = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export interface WatchOptions {
  /** Asked once each period; what it throws ends the watch. */
  readonly read: () => Promise<MountStatus[]>;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Print each reading as a line of JSON. */
  readonly json: boolean;
  /** Name files that answer EIO. */
  readonly verbose: boolean;
}

/**
 * Shows mounts each second until `signal`: on a terminal in place, else one block after another, each with an empty
 * line behind it.
 */
export async function watchMounts(stream: NodeJS.WriteStream, options: WatchOptions): Promise<void> {
  const inPlace = !options.json && stream.isTTY && process.env.TERM !== 'dumb';
  const painter = await paint(stream);
  const history = new History();
  if (inPlace) stream.write(HIDE_CURSOR + CLEAR);
  try {
    while (!options.signal.aborted) {
      const mounts = await options.read();
      if (options.json) stream.write(`${JSON.stringify({ mounts })}\n`);
      else {
        const text = describeMounts(mounts, painter, {
          since: history.since(mounts),
          verbose: options.verbose,
        });
        stream.write(inPlace ? frame(text, stream, painter) : `${text}\n\n`);
      }
      await sleep(PERIOD_MS, undefined, { signal: options.signal }).catch(() => {});
    }
  } finally {
    if (inPlace) stream.write(SHOW_CURSOR);
  }
}

/** The readings before, for rates. */
class History {
  #before = new Map<string, { readonly mount: MountStatus; readonly at: number }>();

  /** What is known from the reading before, which `mounts` then replaces. A mount that was made anew starts anew. */
  since(mounts: readonly MountStatus[]): Map<string, Since> {
    const now = performance.now();
    const since = new Map<string, Since>();
    for (const { directory, server } of mounts) {
      const earlier = this.#before.get(directory);
      const report = earlier?.mount.server;
      if (earlier && report && server && report.pid === server.pid) {
        since.set(directory, { report, seconds: (now - earlier.at) / 1000 });
      }
    }
    this.#before = new Map(mounts.map((mount) => [mount.directory, { mount, at: now }]));
    return since;
  }
}

/** Text drawn over what is on the screen, without what does not fit. */
function frame(text: string, { columns, rows }: NodeJS.WriteStream, painter: Painter): string {
  const lines = text.split('\n');
  const shown = rows > 1 && lines.length >= rows ? [...lines.slice(0, rows - 2), painter.dim('...')] : lines;
  const fitted = shown.map((line) =>
    columns > 0 && widthOf(line) > columns ? shortenMiddle(line, columns) : line,
  );
  return `${HOME}${fitted.map((line) => `${line}${CLEAR_LINE_END}\n`).join('')}${CLEAR_BELOW}`;
}
