import { workerData } from 'node:worker_threads';
import { BLOCK_ENTRIES } from './log/entry-blocks';
import { entryOffset, LOG_ENTRY } from './log/layout';
import { PlainCheck } from './log/plain-check';
import { type AheadOrder, AheadRing, VERDICTS } from './operations/ahead-ring';
import { readFully } from './read-fully';

/** The thread that fills the ring of operations/check-ahead: reads entries and looks at each. */
function lookAhead({ deviceSize, end, fd, memory, superblock }: AheadOrder): void {
  const ring = new AheadRing(memory);
  const devices = [{ uuid: superblock.deviceUuid, size: deviceSize }];
  const checks = ring.slots.map(({ bytes }) => new PlainCheck(bytes, superblock, devices));
  for (let block = 0, first = 0; first < end; block++, first += BLOCK_ENTRIES) {
    const slot = ring.slotToFill(block);
    if (!slot) return;
    const plain = checks[block % checks.length] as PlainCheck;
    const count = Math.min(BLOCK_ENTRIES, end - first);
    if (!isRead(fd, slot.bytes.subarray(0, count * LOG_ENTRY.bytes), entryOffset(first))) {
      ring.fail();
      return;
    }
    for (let i = 0; i < count; i++) slot.verdicts[i] = VERDICTS.indexOf(plain.recognise(i, first + i));
    ring.filled(block);
  }
}

/** Whether all could be read; what could not is tried, and told, by the other thread. */
function isRead(fd: number, target: Buffer, position: number): boolean {
  try {
    return readFully(fd, target, position) === target.length;
  } catch {
    return false;
  }
}

lookAhead(workerData as AheadOrder);
