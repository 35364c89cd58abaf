import { readSync, writeSync } from 'node:fs';
import { FamfsError } from '../errors';
import {
  IN_HEADER_BYTES,
  INIT_FLAG,
  INIT_OUT_BYTES,
  MAX_PAGES,
  MAX_WRITE,
  OLDEST_MINOR,
  OP,
  OUT_HEADER_BYTES,
  PROTOCOL_MAJOR,
  PROTOCOL_MINOR,
  REQUEST_BYTES,
  readHeader,
  writeOutHeader,
} from './protocol';

/** What was agreed with the kernel. */
export interface Negotiated {
  readonly minor: number;
  /** Files may be mapped although their reads and writes bypass the page cache (Linux 6.6 and later). */
  readonly mmapWithDirectIo: boolean;
  /** The kernel can send requests again that a dead worker had taken (Linux 6.9 and later). */
  readonly resend: boolean;
}

const WANTED =
  INIT_FLAG.ASYNC_READ |
  INIT_FLAG.ATOMIC_O_TRUNC |
  INIT_FLAG.BIG_WRITES |
  INIT_FLAG.DO_READDIRPLUS |
  INIT_FLAG.READDIRPLUS_AUTO |
  INIT_FLAG.ASYNC_DIO |
  INIT_FLAG.PARALLEL_DIROPS |
  INIT_FLAG.MAX_PAGES |
  INIT_FLAG.INIT_EXT |
  INIT_FLAG.DIRECT_IO_ALLOW_MMAP |
  INIT_FLAG.HAS_RESEND;

const LOW_WORD = 0xffffffffn;
const MAX_BACKGROUND = 64;
const CONGESTION_THRESHOLD = 48;

/**
 * Answers the kernel's INIT, the first request of a new mount, which is waiting on the descriptor already.
 * Throws FamfsError `mount-failed` when the kernel is too old.
 */
export function negotiate(fd: number): Negotiated {
  const request = Buffer.alloc(REQUEST_BYTES);
  readSync(fd, request, 0, request.length, null);
  const { opcode, unique } = readHeader(request);
  const { reply, agreed } = answerInit(request, opcode, unique);
  writeSync(fd, reply);
  return agreed;
}

/** The reply to an INIT request and what it agrees to. Asks only for what the kernel offers. */
export function answerInit(
  request: Buffer,
  opcode: number,
  unique: bigint,
): { reply: Buffer; agreed: Negotiated } {
  const major = request.readUInt32LE(IN_HEADER_BYTES);
  const minor = request.readUInt32LE(IN_HEADER_BYTES + 4);
  if (opcode !== OP.INIT || major !== PROTOCOL_MAJOR || minor < OLDEST_MINOR) {
    const what = `the kernel speaks FUSE ${major}.${minor}`;
    throw new FamfsError(
      'mount-failed',
      `${what}; ${PROTOCOL_MAJOR}.${OLDEST_MINOR} or newer is needed (Linux 5.2)`,
    );
  }
  const flags = agreedFlags(request);
  const reply = Buffer.alloc(OUT_HEADER_BYTES + INIT_OUT_BYTES);
  writeOutHeader(reply, reply.length, 0, unique);
  const out = reply.subarray(OUT_HEADER_BYTES);
  out.writeUInt32LE(PROTOCOL_MAJOR, 0);
  out.writeUInt32LE(Math.min(minor, PROTOCOL_MINOR), 4);
  out.writeUInt32LE(request.readUInt32LE(IN_HEADER_BYTES + 8), 8); // max_readahead, as the kernel has it
  out.writeUInt32LE(Number(flags & LOW_WORD), 12);
  out.writeUInt16LE(MAX_BACKGROUND, 16);
  out.writeUInt16LE(CONGESTION_THRESHOLD, 18);
  out.writeUInt32LE(MAX_WRITE, 20);
  out.writeUInt32LE(1, 24); // time granularity in nanoseconds
  out.writeUInt16LE(MAX_PAGES, 28);
  out.writeUInt32LE(Number(flags >> 32n), 32);
  const has = (flag: bigint) => (flags & flag) !== 0n;
  const agreed = {
    minor,
    mmapWithDirectIo: has(INIT_FLAG.DIRECT_IO_ALLOW_MMAP),
    resend: has(INIT_FLAG.HAS_RESEND),
  };
  return { reply, agreed };
}

function agreedFlags(request: Buffer): bigint {
  const low = BigInt(request.readUInt32LE(IN_HEADER_BYTES + 12));
  const extended = (low & INIT_FLAG.INIT_EXT) !== 0n;
  const high = extended ? BigInt(request.readUInt32LE(IN_HEADER_BYTES + 16)) : 0n;
  return WANTED & ((high << 32n) | low);
}
