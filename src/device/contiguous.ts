import { errnoOf, FamfsError } from '../errors';
import { bufferAt, isAccessible, mapSharedAt, mapZerosAt, reserveAddresses, unmap } from '../native/libc';
import { ioError } from './checks';
import type { Device } from './device';

/** Bytes of the largest Buffer on a mapping: Node 20 ends at 4 GiB, and devdax maps multiples of 2 MiB. */
export const PIECE_BYTES = 2 ** 32 - 2 ** 21;

/** What devdax wants addresses to be multiples of; for a file any page would do. */
const ADDRESS_ALIGNMENT = 2 ** 21;

/** A run of bytes on a device. */
export interface Run {
  readonly device: Device;
  readonly offset: number;
  readonly length: number;
}

interface Range {
  readonly address: number;
  readonly length: number;
}

/** The addresses of a piece are given back when nothing can reach its memory any more. */
const unreachable = new FinalizationRegistry<Range>(({ address, length }) => unmap(address, length));

/**
 * Runs of devices, one after another in memory, for reading, whatever their order on the devices: as Buffers without a
 * copy. A Buffer cannot be taken back from who has it, so its addresses stay taken until it is collected; close() puts
 * zeros there.
 */
export class ContiguousMap {
  /** PIECE_BYTES each, the last one shorter; none for no bytes. */
  readonly buffers: readonly Buffer[];
  readonly #range: Range;

  /**
   * Maps `runs`, of which the Buffers show the first `length` bytes. Offsets and lengths of runs are multiples of a
   * page on a file, of the device's alignment on devdax.
   * Throws FamfsError `device-io` when the device is shorter than it was, and when the system refuses to map.
   */
  constructor(
    private readonly runs: readonly Run[],
    length: number,
  ) {
    const mapped = runs.reduce((sum, run) => sum + run.length, 0);
    if (mapped < length) throw new FamfsError('internal', `a mapping of ${mapped} bytes for ${length}`);
    this.#range = mapped === 0 ? { address: 0, length: 0 } : mapRuns(runs, mapped);
    this.buffers = [...pieces(this.#range)].map((piece, i) => pieceBuffer(piece, length - i * PIECE_BYTES));
  }

  /** Brings all pages in. Throws FamfsError `device-io` when one cannot be read. */
  populate(): void {
    let { address } = this.#range;
    for (const { device, length } of this.runs) {
      if (!isAccessible(address, length)) throw ioError(device.path, 'read it', undefined);
      address += length;
    }
  }

  /** Lets go of the device. From here on the Buffers read as zeros. Once is enough. */
  close(): void {
    const { address, length } = this.#range;
    if (length > 0) mapZerosAt(address, length);
  }
}

function mapRuns(runs: readonly Run[], length: number): Range {
  const devices = new Set(runs.map(({ device }) => device));
  for (const device of devices) {
    if (device.currentSize() >= device.size) continue;
    throw ioError(device.path, 'map it', new Error(`it became shorter than its ${device.size} bytes`));
  }
  try {
    const address = reserveAddresses(length, ADDRESS_ALIGNMENT);
    try {
      let at = address;
      for (const run of joined(runs)) {
        mapSharedAt(at, run.device.fd, run.offset, run.length);
        at += run.length;
      }
    } catch (error) {
      unmap(address, length);
      throw error;
    }
    return { address, length };
  } catch (cause) {
    throw new FamfsError(
      'device-io',
      `${[...devices].map(({ path }) => path).join(', ')}: cannot map ${length} bytes: ${errnoOf(cause)}`,
      MAP_HINTS[errnoOf(cause) ?? ''] ?? 'reading needs no mapping',
      { cause },
    );
  }
}

const MAP_HINTS: Readonly<Record<string, string>> = {
  ENOMEM:
    'the file has more pieces than sysctl vm.max_map_count allows, or the limit of addresses is reached',
  EINVAL: 'the pieces of the file are smaller than the alignment of the device; reading needs no mapping',
};

/** The runs, with those that follow each other on the device as one. */
function joined(runs: readonly Run[]): Run[] {
  const result: Run[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last && last.device === run.device && last.offset + last.length === run.offset) {
      result[result.length - 1] = { ...last, length: last.length + run.length };
    } else result.push(run);
  }
  return result;
}

function* pieces({ address, length }: Range): Generator<Range> {
  for (let at = 0; at < length; at += PIECE_BYTES) {
    yield { address: address + at, length: Math.min(PIECE_BYTES, length - at) };
  }
}

function pieceBuffer(range: Range, bytes: number): Buffer {
  const buffer = bufferAt(range.address, Math.min(range.length, bytes));
  // The ArrayBuffer, since views of it may outlive the Buffer.
  unreachable.register(buffer.buffer, range);
  return buffer;
}
