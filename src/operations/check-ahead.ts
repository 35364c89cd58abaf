import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Device } from '../device/device';
import { BLOCK_ENTRIES, type EntryBlock, type EntryBlocks } from '../log/entry-blocks';
import type { Superblock } from '../log/superblock';
import { type AheadOrder, AheadRing, type AheadSlot, VERDICTS } from './ahead-ring';

/** Below so many entries a thread takes longer to start than it saves. */
const WORTHWHILE_ENTRIES = 50_000;
/** A thread that is not heard of for so long is given up, and its work done here. */
const PATIENCE_MS = 2000;

/**
 * Blocks of a log that a second thread reads and looks at while this one puts the former into the tree. Whatever goes
 * wrong there is done again here, where it is reported.
 */
export class AheadBlocks implements EntryBlocks {
  readonly #ring = new AheadRing();
  #failed = false;
  #slot: AheadSlot | undefined;

  private constructor(
    private readonly otherwise: EntryBlocks,
    order: Omit<AheadOrder, 'memory'>,
  ) {
    const workerData: AheadOrder = { ...order, memory: this.#ring.memory };
    const worker = new Worker(join(__dirname, 'check-ahead.cjs'), { workerData });
    worker.on('error', () => this.close()).unref();
  }

  /**
   * Begins to look at entries 0 to `end`, where that pays: there are many, on a device that any thread can read, and
   * there is a processor for it. `otherwise` reads what the thread does not.
   */
  static start(
    device: Device,
    superblock: Superblock,
    end: number,
    otherwise: EntryBlocks,
  ): AheadBlocks | undefined {
    if (device.kind !== 'file' || end < WORTHWHILE_ENTRIES || availableParallelism() < 2) return undefined;
    return new AheadBlocks(otherwise, { fd: device.fd, superblock, deviceSize: device.size, end });
  }

  read(first: number, count: number): EntryBlock {
    this.#slot = this.#failed ? undefined : this.#ring.slotToEmpty(first / BLOCK_ENTRIES, PATIENCE_MS);
    if (this.#slot) return this;
    this.close();
    return this.otherwise.read(first, count);
  }

  get bytes(): Buffer {
    return (this.#slot as AheadSlot).bytes;
  }

  recognise(slot: number): 'file' | 'mkdir' | undefined {
    return VERDICTS[(this.#slot as AheadSlot).verdicts[slot] as number];
  }

  /** Ends the thread, which uses the device's descriptor. */
  close(): void {
    this.#failed = true;
    this.#ring.fail();
  }
}
