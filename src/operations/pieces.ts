import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errnoOf } from '../errors';
import type { ReadableFile } from './view';

const PIECE_BYTES = 2 ** 20;
const LONGEST_WAIT_MS = 50;

const writeSome = promisify(write);

/**
 * The bytes `offset` to `end` of a file, a piece at a time. Each piece is in the same memory as the one before: use it
 * before asking for the next.
 */
export function* piecesOf(file: ReadableFile, offset = 0, end = file.size): Generator<Buffer> {
  const memory = Buffer.allocUnsafe(Math.max(0, Math.min(PIECE_BYTES, end - offset)));
  for (let position = offset; position < end; position += PIECE_BYTES) {
    const piece = memory.subarray(0, Math.min(PIECE_BYTES, end - position));
    file.read(position, piece);
    yield piece;
  }
}

/**
 * Writes all of `bytes` to a descriptor, however little it takes at a time, and also where it does not block and has
 * no room. Throws the system's error, EPIPE among them.
 */
export async function writeFully(fd: number, bytes: Buffer): Promise<void> {
  let wait = 1;
  for (let done = 0; done < bytes.length; ) {
    try {
      done += (await writeSome(fd, bytes, done, bytes.length - done, null)).bytesWritten;
      wait = 1;
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      await sleep(wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    }
  }
}
