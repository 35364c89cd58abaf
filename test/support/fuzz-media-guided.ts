import { encodeHeader } from '../../src/log/header';
import { DEFAULT_LOG_LENGTH, LOG_ENTRY, LOG_HEADER, SUPERBLOCK } from '../../src/log/layout';
import { EntryJudge, judgeMedia } from './fuzz-media';
import { type BaseImage, baseImages, MAX_ENTRIES, MediaStore, SMALL_DEVICE } from './fuzz-media-image';

/**
 * Inputs of a fuzzer that is guided by what code they reach: one byte of options, then log entries without their
 * checksums and sequence numbers, which are made right unless an option says otherwise. No mutation finds a checksum.
 */
const OPTION = { leaveSums: 1, leaveNumbers: 2, ownSuperblock: 4, ownHeader: 8 } as const;

export const GUIDED_BYTES = 1 + SUPERBLOCK.bytes + LOG_HEADER.bytes + MAX_ENTRIES * LOG_ENTRY.bytes;

/** Inputs to begin with, made from sound images. */
export function guidedSeeds(): Buffer[] {
  return baseImages(1).flatMap(({ count, log, superblock }) => {
    const entries = log.subarray(LOG_HEADER.bytes, LOG_HEADER.bytes + count * LOG_ENTRY.bytes);
    const header = log.subarray(0, LOG_HEADER.bytes);
    return [
      Buffer.concat([Buffer.from([0]), entries]),
      Buffer.concat([Buffer.from([OPTION.ownSuperblock | OPTION.ownHeader]), superblock, header, entries]),
    ];
  });
}

/** Has guided inputs judged: as a whole image, and its first entry by itself. */
export class GuidedJudge {
  readonly #base = baseImages(1)[0] as BaseImage;
  readonly #store = new MediaStore();
  readonly #entry = new EntryJudge(this.#base);

  /** Throws MediaFailure where a property does not hold. */
  decode(data: Buffer): void {
    const { bytes } = this.#entry;
    bytes.fill(0);
    data.copy(bytes, 0, 1, 1 + LOG_ENTRY.bytes);
    if (((data[0] ?? 0) & OPTION.leaveSums) === 0) LOG_ENTRY.fields.crc.seal(bytes, 0);
    this.#entry.judge(Math.min(LOG_ENTRY.fields.seqnum.get(bytes, 0), 2 ** 20));
  }

  /** Throws MediaFailure where a property does not hold. */
  replay(data: Buffer): void {
    this.fill(data);
    judgeMedia(this.#store);
  }

  /** Makes an image of an input. */
  fill(data: Buffer): MediaStore {
    const store = this.#store;
    const options = data[0] ?? 0;
    const sealed = (options & OPTION.leaveSums) === 0;
    const header = store.log.subarray(0, LOG_HEADER.bytes);
    let rest = data.subarray(1);
    const take = (target: Buffer): void => {
      rest.copy(target.fill(0));
      rest = rest.subarray(target.length);
    };
    store.size = SMALL_DEVICE;
    this.#base.superblock.copy(store.superblock);
    if ((options & OPTION.ownSuperblock) !== 0) take(store.superblock);
    if ((options & OPTION.ownHeader) !== 0) take(header);
    const count = Math.min(MAX_ENTRIES, Math.ceil(rest.length / LOG_ENTRY.bytes));
    take(store.log.subarray(LOG_HEADER.bytes));
    if ((options & OPTION.ownHeader) === 0) {
      encodeHeader(DEFAULT_LOG_LENGTH, { nextSeqnum: count, nextIndex: count }).copy(header);
    }
    if (sealed) SUPERBLOCK.fields.crc.seal(store.superblock, 0);
    if (sealed) LOG_HEADER.fields.crc.seal(header, 0);
    this.#seal(count, options);
    return store;
  }

  #seal(count: number, options: number): void {
    const { log } = this.#store;
    for (let i = 0; i < count; i++) {
      const base = LOG_HEADER.bytes + i * LOG_ENTRY.bytes;
      if ((options & OPTION.leaveNumbers) === 0) LOG_ENTRY.fields.seqnum.set(log, base, i);
      if ((options & OPTION.leaveSums) === 0) LOG_ENTRY.fields.crc.seal(log, base);
    }
  }
}
