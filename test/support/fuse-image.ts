import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry } from '../../src/log/entry';
import { SUPERBLOCK } from '../../src/log/layout';
import { encodeSecondary } from '../../src/log/secondary';
import { decodeSuperblock } from '../../src/log/superblock';
import type { FileMap } from '../../src/types';
import { type KernelOptions, TestKernel } from './fuse-kernel';
import { type ImageOptions, makeImage, SECOND_DEVICE_UUID, typicalEntries, writeImage } from './images';

/** The inode number of the log entry `index`. */
export const inoOf = (index: number) => 16 + index;

/** Where byte `at` of a file is on the device, found the slow way. */
export function locate(map: FileMap, at: number): number {
  if (map.kind === 'interleaved') {
    const chunk = Math.floor(at / map.chunkSize);
    const strip = map.strips[chunk % map.strips.length] as { offset: number };
    return strip.offset + Math.floor(chunk / map.strips.length) * map.chunkSize + (at % map.chunkSize);
  }
  let left = at;
  for (const { length, offset } of map.extents) {
    if (left < length) return offset + left;
    left -= length;
  }
  throw new Error(`byte ${at} is not in the map`);
}

/** Another test on this host may have a device with that UUID, which would be found. */
function withoutSecond(entry: LogEntry): LogEntry {
  if (entry.type !== 'add-daxdev' || entry.deviceUuid !== SECOND_DEVICE_UUID) return entry;
  return { ...entry, deviceUuid: crypto.randomUUID() };
}

/** Images in a directory of their own, and kernels that use them; all gone at the end of the test file. */
export class FuseImages {
  #directory = '';
  #count = 0;
  readonly #kernels: TestKernel[] = [];

  constructor() {
    beforeAll(() => {
      this.#directory = mkdtempSync(join(tmpdir(), 'famfs-fuse-'));
    });
    afterAll(() => {
      for (const kernel of this.#kernels) kernel.close();
      rmSync(this.#directory, { recursive: true });
    });
  }

  /** A device with the given entries, or with one of everything. Returns its path. SECOND_DEVICE_UUID is nowhere. */
  device(entries?: readonly LogEntry[], options: ImageOptions = {}): string {
    const path = join(this.#directory, `${this.#count++}.img`);
    const all = (entries ?? typicalEntries(options)).map(withoutSecond);
    writeImage(path, makeImage({ ...options, entries: all }));
    return path;
  }

  /** A secondary device of all the images here, of so many bytes. Returns its path. */
  secondary(uuid: string, size: number): string {
    const path = join(this.#directory, `${this.#count++}.img`);
    const { store } = makeImage({ entries: [] });
    writeFileSync(path, encodeSecondary(decodeSuperblock(store.read(0, SUPERBLOCK.bytes)), uuid));
    truncateSync(path, size);
    return path;
  }

  /** A kernel on a device. */
  kernel(device: string, options?: KernelOptions): TestKernel {
    const kernel = new TestKernel(device, options);
    this.#kernels.push(kernel);
    return kernel;
  }
}
