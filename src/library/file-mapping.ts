import { ContiguousMap, PIECE_BYTES, type Run } from '../device/contiguous';
import { FamfsError } from '../errors';

/** How a file is mapped. */
export interface MapOptions {
  /**
   * Bring all pages in at once, so that a page that cannot be read is an error of `map` and not a SIGBUS later.
   * Left out, pages come in as they are touched.
   */
  readonly populate?: boolean;
}

/**
 * A file's bytes in the memory of the device, without a copy. They may be read until the mapping is closed; a store to
 * them ends the process with SIGSEGV.
 */
export class FileMapping {
  /** Bytes of the largest Buffer: 4 GiB less 2 MiB. */
  static readonly PIECE_BYTES: number = PIECE_BYTES;

  /** The file's size in bytes. */
  readonly length: number;
  readonly #path: string;
  #map: ContiguousMap | undefined;

  private constructor(path: string, map: ContiguousMap, length: number) {
    this.#path = path;
    this.#map = map;
    this.length = length;
  }

  /** @internal */
  static of(path: string, runs: readonly Run[], length: number, options: MapOptions): FileMapping {
    const map = new ContiguousMap(runs, length);
    const mapping = new FileMapping(path, map, length);
    if (!options.populate) return mapping;
    try {
      map.populate();
      return mapping;
    } catch (error) {
      mapping.close();
      throw error;
    }
  }

  /** The file's bytes in order: Buffers of `PIECE_BYTES`, the last one shorter. Throws FamfsError `no-device` after close. */
  get buffers(): readonly Buffer[] {
    return this.#open().buffers;
  }

  /**
   * The file's bytes as one Buffer.
   * Throws RangeError for a file of more than `PIECE_BYTES` bytes, and FamfsError `no-device` after close.
   */
  get buffer(): Buffer {
    const [first, ...more] = this.buffers;
    if (more.length === 0) return first ?? Buffer.alloc(0);
    throw new RangeError(
      `${this.#path}: ${this.length} bytes do not fit in a Buffer of ${PIECE_BYTES}: use buffers`,
    );
  }

  /** True once the mapping was closed. */
  get closed(): boolean {
    return this.#map === undefined;
  }

  /**
   * Lets go of the device. Buffers, and views of them, that are still held read as zeros from then on; they never reach
   * memory that became someone else's. Closing again does nothing.
   */
  close(): void {
    this.#map?.close();
    this.#map = undefined;
  }

  /** Closes the mapping, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #open(): ContiguousMap {
    if (this.#map) return this.#map;
    throw new FamfsError('no-device', `${this.#path}: its mapping was closed`);
  }
}
