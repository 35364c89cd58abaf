import type { Ora } from 'ora';
import { shownLine } from '../path-bytes';
import { type Painter, paint, wantsColour } from './colour';
import { RateMeter } from './rate';
import { formatDuration, formatRate, formatSize } from './sizes';
import { shortenMiddle, widthOf } from './text';

const UPDATE_SECONDS = 0.1;
const GAP = '  ';
/** A name shortened below this many columns tells nothing. */
const MIN_NAME_COLUMNS = 8;
/** The spinner and its space, and a free last column so that the terminal does not wrap. */
const SPINNER_COLUMNS = 3;

export interface ProgressOptions {
  /** What is being done: "Copying". */
  readonly label: string;
  readonly totalBytes: number;
  /** `process.stderr` unless given. */
  readonly stream?: NodeJS.WriteStream;
  /** Given `false`, nothing is shown. Where not given, it is shown unless the variable CI is set. */
  readonly enabled?: boolean;
}

/** The progress of one piece of work on a terminal. Call `succeed` or `stop` in any case, in `finally`. */
export interface Progress {
  /** `bytes` more are done; `currentName` names what is worked on from now on. Cheap enough for every chunk. */
  advance(bytes: number, currentName?: string | (() => string)): void;
  /** Ends with a line that stays. Does nothing after the first `succeed` or `stop`. */
  succeed(text: string): void;
  /** Ends without a trace and gives the cursor back. Does nothing after the first `succeed` or `stop`. */
  stop(): void;
}

export interface ProgressState {
  readonly label: string;
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
}

const SILENT: Progress = { advance: () => {}, succeed: () => {}, stop: () => {} };

/** Shows progress on `stream` if that is a terminal; else the result does nothing at all. */
export async function startProgress(options: ProgressOptions): Promise<Progress> {
  const { stream = process.stderr, enabled = !process.env.CI } = options;
  if (!enabled || !canDrawOn(stream)) return SILENT;
  const [{ default: ora }, painter] = await Promise.all([import('ora'), paint(stream)]);
  const spinner = ora({
    stream,
    text: options.label,
    color: wantsColour(stream) ? 'cyan' : false,
    isEnabled: true,
    // Ora would put the terminal into raw mode, in which Ctrl-C raises no signal.
    discardStdin: false,
  });
  return new TerminalProgress(options, stream, spinner.start(), painter);
}

/**
 * One line for a terminal of `columns` columns: label, name, amount, rate and time left. Where there is no
 * room for all, the name is shortened, then left out, then what stands at the right.
 */
export function progressLine(state: ProgressState, columns: number): string {
  const parts = [state.label, amount(state), ...speed(state)];
  while (parts.length > 2 && widthOf(parts.join(GAP)) > columns) parts.pop();
  const room = columns - widthOf(parts.join(GAP)) - GAP.length;
  if (state.name !== '' && room >= MIN_NAME_COLUMNS) {
    parts.splice(1, 0, shortenMiddle(shownLine(state.name), room));
  }
  return parts.join(GAP);
}

function amount({ doneBytes, totalBytes }: ProgressState): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
  return `${formatSize(doneBytes)} / ${formatSize(totalBytes)} (${percent} %)`;
}

function speed({ doneBytes, totalBytes, bytesPerSecond }: ProgressState): string[] {
  if (bytesPerSecond <= 0) return [];
  const secondsLeft = Math.ceil(Math.max(0, totalBytes - doneBytes) / bytesPerSecond);
  return [formatRate(bytesPerSecond), `${formatDuration(secondsLeft)} left`];
}

class TerminalProgress implements Progress {
  private readonly meter = new RateMeter();
  private doneBytes = 0;
  private shownBytes = 0;
  private shownAt = now();
  private name: string | (() => string) = '';

  constructor(
    private readonly options: ProgressOptions,
    private readonly stream: NodeJS.WriteStream,
    private readonly spinner: Ora,
    private readonly painter: Painter,
  ) {}

  advance(bytes: number, currentName: string | (() => string) = this.name): void {
    this.doneBytes += bytes;
    this.name = currentName;
    const elapsed = now() - this.shownAt;
    if (elapsed < UPDATE_SECONDS || !this.spinner.isSpinning) return;
    this.meter.sample(this.doneBytes - this.shownBytes, elapsed);
    this.shownAt += elapsed;
    this.shownBytes = this.doneBytes;
    this.show();
  }

  succeed(text: string): void {
    if (!this.spinner.isSpinning) return;
    this.spinner.stopAndPersist({ symbol: this.painter.green('✔'), text });
  }

  stop(): void {
    if (this.spinner.isSpinning) this.spinner.stop();
  }

  /** Draws at once: between two chunks the event loop may not come round to the spinner's timer. */
  private show(): void {
    const { label, totalBytes } = this.options;
    const state = {
      label,
      totalBytes,
      name: typeof this.name === 'string' ? this.name : this.name(),
      doneBytes: this.doneBytes,
      bytesPerSecond: this.meter.bytesPerSecond,
    };
    this.spinner.text = progressLine(state, this.stream.columns - SPINNER_COLUMNS);
    this.spinner.render();
  }
}

/** A terminal that says it has 0 columns, as a pty without a size does, would make ora clear lines for ever. */
function canDrawOn(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && stream.columns > 0 && process.env.TERM !== 'dumb';
}

function now(): number {
  return performance.now() / 1000;
}
