import type { PlannedItem } from './copy-plan';

/** A batch is copied, flushed and logged as one: about the bytes and files that a kill may cost. */
const BATCH_BYTES = 256 * 2 ** 20;
const BATCH_ITEMS = 512;
/** What another thread is worth its start for. */
const ITEMS_WORTH_THREAD = 256;
const BYTES_WORTH_THREAD = 32 * 2 ** 20;

/** How many threads save more time than it takes to start them. */
export function threadsWorth(items: readonly PlannedItem[]): number {
  const bytes = items.reduce((sum, { size }) => sum + size, 0);
  return 1 + Math.floor(Math.max(items.length / ITEMS_WORTH_THREAD, bytes / BYTES_WORTH_THREAD));
}

/** Where the batch that begins at `start` ends: behind its last item. */
export function batchEnd(items: readonly PlannedItem[], start: number): number {
  let bytes = 0;
  let end = start;
  while (end < items.length && end - start < BATCH_ITEMS) {
    bytes += (items[end] as PlannedItem).size;
    if (end > start && bytes > BATCH_BYTES) break;
    end++;
  }
  return end;
}
