import { FileDevice } from '../../src/device/file-device';

/** Something that a program did to device `device`, or, at `ack`, said to whoever called it. Offsets in bytes. */
export type CrashEvent =
  | { readonly kind: 'store'; readonly device: number; readonly offset: number; readonly bytes: Buffer }
  | { readonly kind: 'zero'; readonly device: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'flush'; readonly device: number; readonly offset: number; readonly length: number }
  | { readonly kind: 'fence'; readonly device: number }
  /** From here on these paths are there with what was to be written; all that was to be made when it is `all`. */
  | { readonly kind: 'ack'; readonly paths: readonly string[] | 'all' };

const { fence, fill, flush, lend, store, zero } = FileDevice.prototype;

/**
 * Writes down what is done to devices, at the seam through which all stores go: the methods of FileDevice, which do
 * their work as ever.
 */
export class Recorder {
  readonly events: CrashEvent[] = [];
  /** What other threads write to: taken down when it is flushed, or else when the next fence finds it not flushed. */
  #lent: { readonly device: FileDevice; readonly offset: number; readonly length: number }[] = [];

  /** `paths` are those of the devices; what is done to others is left out. */
  constructor(private readonly paths: readonly string[]) {}

  /** Runs `work`, writing down what it does. */
  async during(work: () => Promise<void>): Promise<readonly CrashEvent[]> {
    this.#begin();
    try {
      await work();
    } finally {
      Object.assign(FileDevice.prototype, { fence, fill, flush, lend, store, zero });
    }
    this.ack('all');
    return this.events;
  }

  ack(paths: readonly string[] | 'all'): void {
    this.events.push({ kind: 'ack', paths });
  }

  #begin(): void {
    const { events } = this;
    const of = (device: FileDevice) => this.paths.indexOf(device.path);
    FileDevice.prototype.store = function (this: FileDevice, offset, bytes) {
      store.call(this, offset, bytes);
      if (of(this) >= 0) events.push({ kind: 'store', device: of(this), offset, bytes: Buffer.from(bytes) });
    };
    FileDevice.prototype.zero = function (this: FileDevice, offset, length) {
      zero.call(this, offset, length);
      if (of(this) >= 0) events.push({ kind: 'zero', device: of(this), offset, length });
    };
    FileDevice.prototype.fill = async function (this: FileDevice, offset, source, position, length) {
      const count = await fill.call(this, offset, source, position, length);
      if (of(this) >= 0)
        events.push({ kind: 'store', device: of(this), offset, bytes: this.read(offset, count) });
      return count;
    };
    const takeDown = (device: FileDevice, from: number, to: number) => {
      const isMeant = (range: { device: FileDevice; offset: number; length: number }) =>
        range.device === device && range.offset < to && range.offset + range.length > from;
      for (const { length, offset } of this.#lent.filter(isMeant))
        events.push({ kind: 'store', device: of(device), offset, bytes: device.read(offset, length) });
      this.#lent = this.#lent.filter((range) => !isMeant(range));
    };
    const lent = this.#lend.bind(this);
    FileDevice.prototype.lend = function (this: FileDevice, offset, length) {
      if (of(this) >= 0) lent(this, offset, length);
      return lend.call(this, offset, length);
    };
    FileDevice.prototype.flush = function (this: FileDevice, offset, length) {
      takeDown(this, offset, offset + length);
      flush.call(this, offset, length);
      if (of(this) >= 0) events.push({ kind: 'flush', device: of(this), offset, length });
    };
    FileDevice.prototype.fence = function (this: FileDevice) {
      takeDown(this, 0, this.size);
      fence.call(this);
      if (of(this) >= 0) events.push({ kind: 'fence', device: of(this) });
    };
  }
  #lend(device: FileDevice, offset: number, length: number): void {
    this.#lent.push({ device, offset, length });
  }
}
