import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

/**
 * Fills `target` with the bytes of a file from `position` on, as far as there are any. Returns how many there were.
 * Throws the system's error.
 */
export function readFully(fd: number, target: Buffer, position: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, target.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** As readFully, without waiting for it. */
export async function readFullyLater(file: FileHandle, target: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < target.length) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
