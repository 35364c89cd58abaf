import { FamfsError } from '../errors';
import { isPowerOfTwo } from '../numbers';
import { type Extent, extentsOf, type FileMap, type StripeOptions } from '../types';
import { Bitmap, MAX_UNITS } from './bitmap';
import { Region } from './region';
import { checkStripe, shuffledIndices, stripUnits } from './stripe';

export { checkStripe } from './stripe';

export interface AllocatorOptions {
  readonly devindex: number;
  /** Size of the device. What is left of it after the last whole unit is never allocated. */
  readonly deviceBytes: number;
  /** Bytes; a power of two. */
  readonly allocUnit: number;
  /** Bytes at the start of the device that belong to no file: the superblock and the log. */
  readonly reservedBytes: number;
}

export interface AllocatorStats {
  readonly unitBytes: number;
  readonly totalUnits: number;
  /** The reserved units count as used. */
  readonly usedUnits: number;
  readonly freeUnits: number;
  readonly freeRuns: number;
  readonly largestFreeUnits: number;
}

/** Knows which allocation units of one device are taken, and finds room for files. */
export class Allocator {
  readonly deviceBytes: number;
  readonly allocUnit: number;
  private readonly devindex: number;
  private readonly bitmap: Bitmap;
  private readonly whole: Region;
  private buckets: readonly Region[] = [];

  /**
   * Throws FamfsError `bad-superblock` for an allocation unit that cannot be used with the device,
   * `device-too-small` if the reserved bytes do not fit in it.
   */
  constructor(options: AllocatorOptions) {
    const { devindex, deviceBytes, allocUnit, reservedBytes } = options;
    const units = Math.floor(deviceBytes / allocUnit);
    if (!isPowerOfTwo(allocUnit) || units > MAX_UNITS) {
      const message = `an allocation unit of ${allocUnit} bytes cannot be used on a device of ${deviceBytes} bytes`;
      throw new FamfsError('bad-superblock', message);
    }
    const reservedUnits = Math.ceil(reservedBytes / allocUnit);
    if (reservedUnits > units) {
      const message = `the device has ${deviceBytes} bytes, but the superblock and the log need ${reservedBytes}`;
      throw new FamfsError('device-too-small', message);
    }
    this.devindex = devindex;
    this.deviceBytes = deviceBytes;
    this.allocUnit = allocUnit;
    this.bitmap = new Bitmap(units);
    this.bitmap.mark(0, reservedUnits);
    this.whole = new Region(this.bitmap, 0, units);
  }

  get freeUnits(): number {
    return this.bitmap.free;
  }

  /**
   * Marks an extent that the log tells of, with every unit it touches. Returns how many of these units
   * were taken already, by another extent or by the reserved area.
   * Throws FamfsError `bad-log` if the extent is not on this device.
   */
  reserve(extent: Extent): number {
    const { devindex, offset, length } = extent;
    const past = offset + length;
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(past);
    if (devindex !== this.devindex || !whole || offset < 0 || length < 0 || past > this.deviceBytes) {
      const where = `device ${this.devindex} of ${this.deviceBytes} bytes`;
      throw new FamfsError(
        'bad-log',
        `an extent at ${offset} of ${length} bytes on device ${devindex} is not on ${where}`,
      );
    }
    const first = Math.min(Math.floor(offset / this.allocUnit), this.bitmap.units);
    const end = Math.min(Math.ceil(past / this.allocUnit), this.bitmap.units);
    return this.bitmap.mark(first, end - first);
  }

  /**
   * Takes room for a file of `size` bytes: striped if `stripe` is given, else one extent.
   * Returns undefined if there is none. Throws as `interleaved` does.
   */
  allocate(size: number, stripe: StripeOptions | undefined, random: () => number): FileMap | undefined {
    if (stripe !== undefined) return this.interleaved(size, stripe, random);
    const extent = this.contiguous(size);
    return extent && { kind: 'simple', extents: [extent] };
  }

  /**
   * Takes the lowest free run that holds `size` bytes; its length is `size` rounded up to whole units,
   * one unit at least. Returns undefined if there is none.
   */
  contiguous(size: number): Extent | undefined {
    return this.take(this.whole, this.unitsFor(size));
  }

  /**
   * Takes one strip in each of `stripe.nstrips` buckets that `random` (numbers in [0, 1)) chooses. A file
   * smaller than one chunk gets one extent anywhere instead. Returns undefined, with nothing taken, if
   * fewer buckets have room. Throws FamfsError `usage` for stripe options that break a rule.
   */
  interleaved(size: number, stripe: StripeOptions, random: () => number): FileMap | undefined {
    checkStripe(stripe, this.deviceBytes, this.allocUnit);
    if (size < stripe.chunkSize) return this.allocate(size, undefined, random);
    const units = stripUnits(this.unitsFor(size), stripe, this.allocUnit);
    const buckets = this.bucketsFor(stripe.nbuckets ?? 0);
    const strips: Extent[] = [];
    for (const index of shuffledIndices(buckets.length, random)) {
      const bucket = buckets[index];
      const strip = bucket && this.take(bucket, units);
      if (strip === undefined) continue;
      strips.push(strip);
      if (strips.length === stripe.nstrips)
        return { kind: 'interleaved', chunkSize: stripe.chunkSize, strips };
    }
    this.releaseExtents(strips);
    return undefined;
  }

  /** Gives back what a map took. Throws RangeError if any of it is free already: that is a defect of the caller. */
  release(map: FileMap): void {
    this.releaseExtents(extentsOf(map));
  }

  /** How full and how fragmented the device is. Linear in its number of units. */
  stats(): AllocatorStats {
    let freeRuns = 0;
    let largestFreeUnits = 0;
    for (const run of this.bitmap.freeRuns()) {
      freeRuns += 1;
      largestFreeUnits = Math.max(largestFreeUnits, run.count);
    }
    return {
      unitBytes: this.allocUnit,
      totalUnits: this.bitmap.units,
      usedUnits: this.bitmap.used,
      freeUnits: this.bitmap.free,
      freeRuns,
      largestFreeUnits,
    };
  }

  private take(region: Region, units: number): Extent | undefined {
    const first = region.lowestRun(units);
    if (first < 0) return undefined;
    this.bitmap.mark(first, units);
    return { devindex: this.devindex, offset: first * this.allocUnit, length: units * this.allocUnit };
  }

  private releaseExtents(extents: readonly Extent[]): void {
    for (const { offset, length } of extents) {
      const alreadyFree = this.bitmap.clear(offset / this.allocUnit, length / this.allocUnit);
      if (alreadyFree > 0) throw new RangeError(`the extent at ${offset} was released twice`);
    }
    for (const region of [this.whole, ...this.buckets]) region.forget();
  }

  private unitsFor(size: number): number {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is no size of a file`);
    return Math.max(1, Math.ceil(size / this.allocUnit));
  }

  /** The buckets of the device; those of the last call are kept, since a copy asks for the same every time. */
  private bucketsFor(count: number): readonly Region[] {
    if (this.buckets.length === count) return this.buckets;
    const bucketUnits = Math.floor(this.bitmap.units / count);
    this.buckets = Array.from(
      { length: count },
      (_, index) => new Region(this.bitmap, index * bucketUnits, (index + 1) * bucketUnits),
    );
    return this.buckets;
  }
}
