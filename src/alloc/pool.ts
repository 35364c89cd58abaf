import { FamfsError } from '../errors';
import { type Extent, extentsOf, type FileMap, type PlacementPolicy, type StripeOptions } from '../types';
import { type Allocator, type AllocatorStats, checkStripe } from './allocator';
import { checkStripeOverDevices, shuffledIndices, stripUnits } from './stripe';

/** How much room there is, on one device or on all. */
export interface PoolStats extends AllocatorStats {
  /** By device index; null for a device that is not attached. */
  readonly devices: readonly (AllocatorStats | null)[];
}

/**
 * Room for files on the devices of a file system. With one device it is that device's Allocator. A file in one piece
 * never spans devices; a striped one has each strip on another device.
 */
export class Pool {
  readonly #attached: readonly Allocator[];
  #turn: number;

  /**
   * `allocators` by device index, with undefined for devices that are not attached. `turn` is where `spread` begins.
   */
  constructor(
    private readonly allocators: readonly (Allocator | undefined)[],
    private readonly policy: PlacementPolicy = 'most-free',
    turn = 0,
  ) {
    this.#attached = allocators.filter((allocator) => allocator !== undefined);
    this.#turn = turn;
  }

  /** Marks an extent that the log tells of. One on a device that is not attached marks nothing. */
  reserve(extent: Extent): number {
    return this.allocators[extent.devindex]?.reserve(extent) ?? 0;
  }

  /**
   * Takes room for a file of `size` bytes: striped if `stripe` is given, else one extent. `random` gives numbers in
   * [0, 1). Returns undefined, with nothing taken, if there is none. Throws FamfsError `usage` for stripe options that
   * break a rule.
   */
  allocate(size: number, stripe: StripeOptions | undefined, random: () => number): FileMap | undefined {
    const [only, second] = this.#attached;
    if (only && !second) return only.allocate(size, stripe, random);
    if (stripe !== undefined) {
      this.checkStripe(stripe);
      if (size >= stripe.chunkSize) return this.#interleaved(size, stripe, random);
    }
    const extent = this.#firstWithRoom(this.#inOrder(), size);
    return extent && { kind: 'simple', extents: [extent] };
  }

  /** Throws FamfsError `usage` for stripe options that no file can be given here. */
  checkStripe(stripe: StripeOptions): void {
    const [first, second] = this.#attached;
    if (!first) return;
    if (second) checkStripeOverDevices(stripe, first.allocUnit);
    else checkStripe(stripe, first.deviceBytes, first.allocUnit);
  }

  /** Gives back what a map took. Throws RangeError if any of it is free already: that is a defect of the caller. */
  release(map: FileMap): void {
    for (const extent of extentsOf(map)) {
      this.allocators[extent.devindex]?.release({ kind: 'simple', extents: [extent] });
    }
  }

  stats(): PoolStats {
    const devices = this.allocators.map((allocator) => allocator?.stats() ?? null);
    const [first, ...others] = devices.filter((stats) => stats !== null);
    if (!first) throw new FamfsError('internal', 'a file system without a device');
    return { ...others.reduce(sumOf, first), devices };
  }

  /** The devices in the order in which the policy tries them. */
  #inOrder(): readonly Allocator[] {
    switch (this.policy) {
      case 'fill':
        return this.#attached;
      case 'most-free':
        return this.#attached.toSorted((a, b) => b.freeUnits - a.freeUnits);
      case 'spread': {
        const turn = this.#turn++ % this.#attached.length;
        return [...this.#attached.slice(turn), ...this.#attached.slice(0, turn)];
      }
    }
  }

  #firstWithRoom(allocators: readonly Allocator[], size: number): Extent | undefined {
    for (const allocator of allocators) {
      const extent = allocator.contiguous(size);
      if (extent) return extent;
    }
    return undefined;
  }

  /** One strip on each of as many devices as `stripe` asks for, or as there are. */
  #interleaved(size: number, stripe: StripeOptions, random: () => number): FileMap | undefined {
    const nstrips = Math.min(stripe.nstrips, this.#attached.length);
    const { allocUnit } = this.#attached[0] as Allocator;
    const bytes = stripUnits(Math.ceil(size / allocUnit), { ...stripe, nstrips }, allocUnit) * allocUnit;
    const strips: Extent[] = [];
    for (const index of shuffledIndices(this.#attached.length, random)) {
      const strip = this.#attached[index]?.contiguous(bytes);
      if (strip) strips.push(strip);
      if (strips.length === nstrips) return { kind: 'interleaved', chunkSize: stripe.chunkSize, strips };
    }
    this.release({ kind: 'simple', extents: strips });
    return undefined;
  }
}

/** Room on two devices, or groups of them, together. */
export function sumOf(a: AllocatorStats, b: AllocatorStats): AllocatorStats {
  return {
    unitBytes: a.unitBytes,
    totalUnits: a.totalUnits + b.totalUnits,
    usedUnits: a.usedUnits + b.usedUnits,
    freeUnits: a.freeUnits + b.freeUnits,
    freeRuns: a.freeRuns + b.freeRuns,
    largestFreeUnits: Math.max(a.largestFreeUnits, b.largestFreeUnits),
  };
}
