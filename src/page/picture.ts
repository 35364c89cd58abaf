/// <reference lib="dom" />

/** The picture of one device: a canvas on which its runs are drawn row by row, and of which a part may be shown. */

export type Kind = 'superblock' | 'log' | 'file' | 'shared' | 'free';

/** What the page is about, as src/ui/map-html.ts puts it in. Offsets and lengths in bytes. */
export interface PageData {
  readonly kinds: readonly Kind[];
  readonly devices: readonly DeviceData[];
  /** For each file: path, colour, "extent" or "strip". */
  readonly files: readonly (readonly [string, string, string])[];
}

export interface DeviceData {
  readonly bytes: number;
  /** For each run: offset, length, index of its kind, index of its file or -1, number of extent or strip. */
  readonly runs: readonly number[];
}

const FIELDS = 5;
const ROW = 18;
const GAP = 3;
const LEAST_ROW_BYTES = 4096;
const COLOURS: Record<Kind, string> = {
  superblock: '#222',
  log: '#666',
  file: '#888',
  shared: '#e00',
  free: '#eee',
};

export class Picture {
  readonly #brush: CanvasRenderingContext2D;
  readonly #runCount: number;
  readonly #sharedRuns: readonly number[];
  #start = 0;
  #bytes: number;
  #wanted = '';

  /** `where` is told which part is shown. */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly where: HTMLElement,
    private readonly device: DeviceData,
    private readonly data: PageData,
  ) {
    this.#brush = canvas.getContext('2d') as CanvasRenderingContext2D;
    this.#runCount = device.runs.length / FIELDS;
    const shared = data.kinds.indexOf('shared');
    this.#sharedRuns = Array.from({ length: this.#runCount }, (_, run) => run).filter(
      (run) => this.#field(run, 2) === shared,
    );
    this.#bytes = device.bytes;
  }

  draw(): void {
    const { clientHeight, clientWidth } = this.canvas;
    const scale = window.devicePixelRatio;
    this.canvas.width = clientWidth * scale;
    this.canvas.height = clientHeight * scale;
    this.#brush.scale(scale, scale);
    const rows = this.#rows();
    const rowBytes = this.#bytes / rows;
    for (let row = 0; row < rows; row++) {
      this.#drawRow(row * ROW, this.#start + row * rowBytes, rowBytes, clientWidth);
    }
    const end = this.#start + this.#bytes;
    this.where.textContent = `${size(this.#start)} to ${size(end)} of ${size(this.device.bytes)}`;
  }

  /** Draws all but the files with `wanted`, in lower case, in their paths pale; '' for none. */
  pick(wanted: string): void {
    this.#wanted = wanted;
    requestAnimationFrame(() => this.draw());
  }

  /** Shows `factor` times as much, with the byte `around`, or the middle, where it is. */
  zoom(factor: number, around = this.#start + this.#bytes / 2): void {
    const least = this.#rows() * LEAST_ROW_BYTES;
    const bytes = Math.min(this.device.bytes, Math.max(least, this.#bytes * factor));
    this.#show(around - (around - this.#start) * (bytes / this.#bytes), bytes);
  }

  /** Goes on by `part` of what is shown. */
  move(part: number): void {
    this.#show(this.#start + this.#bytes * part, this.#bytes);
  }

  showAll(): void {
    this.#show(0, this.device.bytes);
  }

  /** Shows the first run of a file, if it has any here. */
  goTo(file: number): void {
    for (let run = 0; run < this.#runCount; run++) {
      if (this.#field(run, 3) !== file) continue;
      const [offset, length] = [this.#field(run, 0), this.#field(run, 1)];
      const bytes = Math.max(length * 4, this.#rows() * LEAST_ROW_BYTES);
      this.#show(offset + length / 2 - bytes / 2, bytes);
      return;
    }
  }

  /** The byte at a place of the window, in pixels. */
  byteAt({ clientX, clientY }: MouseEvent): number {
    const { left, top } = this.canvas.getBoundingClientRect();
    const rows = this.#rows();
    const row = Math.min(rows - 1, Math.max(0, Math.floor((clientY - top) / ROW)));
    const inRow = (clientX - left) / this.canvas.clientWidth;
    return Math.min(this.device.bytes - 1, this.#start + ((row + inRow) * this.#bytes) / rows);
  }

  /** What lies at a byte, in lines. */
  describe(byte: number): string {
    const run = this.#runAt(byte);
    const [path, , part] = this.#fileOf(run) ?? [];
    const kind = this.#kindOf(run);
    const [offset, length] = [this.#field(run, 0), this.#field(run, 1)];
    const shared = path ? `${kind}: ${path} and others` : kind;
    const what = kind === 'file' ? `${path}\n${part} ${this.#field(run, 4)}` : shared;
    return `${what}\noffset ${offset} (${size(offset)})\nlength ${length} (${size(length)})`;
  }

  readonly #field = (run: number, at: number) => this.device.runs[run * FIELDS + at] as number;
  readonly #kindOf = (run: number) => this.data.kinds[this.#field(run, 2)] as Kind;
  readonly #fileOf = (run: number) => this.data.files[this.#field(run, 3)];

  #show(start: number, bytes: number): void {
    this.#bytes = Math.min(bytes, this.device.bytes);
    this.#start = Math.min(Math.max(0, start), this.device.bytes - this.#bytes);
    requestAnimationFrame(() => this.draw());
  }

  #rows(): number {
    return Math.max(1, Math.floor(this.canvas.clientHeight / ROW));
  }

  /** The run that holds a byte. */
  #runAt(byte: number): number {
    let low = 0;
    let high = this.#runCount - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#field(middle, 0) <= byte) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** One row, pixel by pixel: where a pixel holds many runs, the one at its start shows, and shared ones above all. */
  #drawRow(y: number, start: number, bytes: number, width: number): void {
    const pixelBytes = bytes / width;
    const pixelOf = (byte: number) => (byte - start) / pixelBytes;
    const endOf = (run: number) => pixelOf(this.#field(run, 0) + this.#field(run, 1));
    for (let run = this.#runAt(start), x = 0; run < this.#runCount && x < width; ) {
      const end = Math.min(width, Math.max(x + 1, endOf(run)));
      this.#brush.fillStyle = this.#colourOf(run);
      this.#brush.fillRect(x, y, end - x, ROW - GAP);
      x = end;
      run = Math.max(run + 1, this.#runAt(start + x * pixelBytes));
    }
    this.#brush.fillStyle = COLOURS.shared;
    for (const run of this.#sharedRuns) {
      const x = Math.max(0, pixelOf(this.#field(run, 0)));
      const end = Math.min(width, endOf(run));
      if (end > 0 && x < width) this.#brush.fillRect(x, y, Math.max(2, end - x), ROW - GAP);
    }
  }

  #colourOf(run: number): string {
    const kind = this.#kindOf(run);
    const file = kind === 'file' ? this.#fileOf(run) : undefined;
    if (this.#wanted !== '' && !file?.[0].toLowerCase().includes(this.#wanted)) {
      return kind === 'free' ? '#fff' : '#ddd';
    }
    return file?.[1] ?? COLOURS[kind];
  }
}

function size(bytes: number): string {
  const power = Math.min(5, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][power]}`;
}
