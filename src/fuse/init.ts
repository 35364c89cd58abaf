import { readSync, writeSync } from 'node:fs';
import { FamfsError } from '../errors';
import { type Choice, chooseStrategy, flagsOf, type MountFacts, minorOf, type Offer } from './maps/choose';
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
  REQUEST_BYTES,
  readHeader,
  writeOutHeader,
} from './protocol';

/** What was agreed with the kernel. */
export interface Negotiated extends Choice {
  /** Of the protocol version that the kernel speaks. */
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
/** Of INIT's body before flags2, which older kernels do not send. */
const OLD_INIT_BYTES = 16;
/** File maps are served by the device beneath, which counts as one more file system on the way. */
const STACK_DEPTH = 1;
const MAX_BACKGROUND = 64;
const CONGESTION_THRESHOLD = 48;

/**
 * Answers the kernel's INIT, the first request of a new mount, which is waiting on the descriptor already.
 * Throws FamfsError `mount-failed` when the kernel is too old.
 */
export function negotiate(fd: number, facts: MountFacts): Negotiated {
  const request = Buffer.alloc(REQUEST_BYTES);
  const length = readSync(fd, request, 0, request.length, null);
  const { reply, agreed } = answerInit(request.subarray(0, length), facts);
  writeSync(fd, reply);
  return agreed;
}

/** The reply to an INIT request and what it agrees to. Asks only for what the kernel offers. */
export function answerInit(request: Buffer, facts: MountFacts): { reply: Buffer; agreed: Negotiated } {
  const offer = readOffer(request);
  const choice = chooseStrategy(offer, facts);
  const flags = (WANTED | flagsOf(choice.strategy)) & offer.flags;
  const reply = Buffer.alloc(OUT_HEADER_BYTES + INIT_OUT_BYTES);
  writeOutHeader(reply, reply.length, 0, readHeader(request).unique);
  const out = reply.subarray(OUT_HEADER_BYTES);
  out.writeUInt32LE(PROTOCOL_MAJOR, 0);
  out.writeUInt32LE(Math.min(offer.minor, minorOf(choice.strategy)), 4);
  out.writeUInt32LE(request.readUInt32LE(IN_HEADER_BYTES + 8), 8); // max_readahead, as the kernel has it
  out.writeUInt32LE(Number(flags & LOW_WORD), 12);
  out.writeUInt16LE(MAX_BACKGROUND, 16);
  out.writeUInt16LE(CONGESTION_THRESHOLD, 18);
  out.writeUInt32LE(MAX_WRITE, 20);
  out.writeUInt32LE(1, 24); // time granularity in nanoseconds
  out.writeUInt16LE(MAX_PAGES, 28);
  out.writeUInt32LE(Number(flags >> 32n), 32);
  if (choice.strategy === 'extent-maps') out.writeUInt32LE(STACK_DEPTH, 36);
  const has = (flag: bigint) => (flags & flag) !== 0n;
  const agreed = {
    ...choice,
    minor: offer.minor,
    mmapWithDirectIo: has(INIT_FLAG.DIRECT_IO_ALLOW_MMAP),
    resend: has(INIT_FLAG.HAS_RESEND),
  };
  return { reply, agreed };
}

function readOffer(request: Buffer): Offer {
  const body = request.subarray(IN_HEADER_BYTES);
  if (body.length < OLD_INIT_BYTES || readHeader(request).opcode !== OP.INIT) {
    throw new FamfsError('mount-failed', 'what the kernel sent first is no INIT');
  }
  const major = body.readUInt32LE(0);
  const minor = body.readUInt32LE(4);
  if (major !== PROTOCOL_MAJOR || minor < OLDEST_MINOR) {
    const what = `the kernel speaks FUSE ${major}.${minor}`;
    throw new FamfsError(
      'mount-failed',
      `${what}; ${PROTOCOL_MAJOR}.${OLDEST_MINOR} or newer is needed (Linux 5.2)`,
    );
  }
  const low = BigInt(body.readUInt32LE(12));
  const extended = (low & INIT_FLAG.INIT_EXT) !== 0n && body.length >= OLD_INIT_BYTES + 4;
  const high = extended ? BigInt(body.readUInt32LE(OLD_INIT_BYTES)) : 0n;
  return { minor, flags: (high << 32n) | low };
}
