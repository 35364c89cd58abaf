import { write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errnoOf } from '../errors';
import {
  NOTIFY_INVAL_INODE,
  NOTIFY_RESEND,
  OUT_HEADER_BYTES,
  writeNotificationHeader,
  writeNumber,
} from './protocol';

const writeAsync = promisify(write);
const INVAL_INODE_BYTES = 24;
const ATTRIBUTES_ALONE = -1n;

function notification(code: number, bodyBytes = 0): Buffer {
  const message = Buffer.alloc(OUT_HEADER_BYTES + bodyBytes);
  writeNotificationHeader(message, message.length, code);
  return message;
}

/** Has the kernel send every request again that was read from any descriptor of the connection and not answered. */
export function resendRequests(fuseFd: number): void {
  writeSync(fuseFd, notification(NOTIFY_RESEND));
}

/** What has the kernel ask for an inode's attributes again. It waits for nothing: a worker may send it. */
export function attributesChanged(ino: number): Buffer {
  const message = notification(NOTIFY_INVAL_INODE, INVAL_INODE_BYTES);
  writeNumber(message, OUT_HEADER_BYTES, ino);
  message.writeBigInt64LE(ATTRIBUTES_ALONE, OUT_HEADER_BYTES + 8);
  return message;
}

/**
 * Has the kernel drop all that it cached of an inode's bytes. It may have to wait for a page that a worker is reading:
 * so this waits in a thread of its own, and the supervisor can replace that worker meanwhile. Only for processes that
 * serve no requests.
 */
export async function dropCached(fuseFd: number, ino: number): Promise<void> {
  const message = notification(NOTIFY_INVAL_INODE, INVAL_INODE_BYTES);
  writeNumber(message, OUT_HEADER_BYTES, ino);
  try {
    await writeAsync(fuseFd, message);
  } catch (error) {
    // ENOENT: the kernel does not know the inode, so it has nothing of it.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
