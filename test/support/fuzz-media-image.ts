import fc from 'fast-check';
import { encodeEntry, type LogEntry } from '../../src/log/entry';
import { encodeHeader } from '../../src/log/header';
import { DEFAULT_LOG_LENGTH, LOG_ENTRY, LOG_HEADER, LOG_OFFSET, SUPERBLOCK } from '../../src/log/layout';
import type { Store } from '../../src/log/store';
import { encodeSuperblock } from '../../src/log/superblock';
import { addDaxdev, DEVICE_UUID, FS_UUID, file, mkdir, OWNER_UUID, Space, typicalEntries } from './images';
import { logEntry } from './images-arbitrary';
import { seeded } from './random';

/** The most entries that an image of the fuzzer stores; behind them a log is zeros. */
export const MAX_ENTRIES = 16;
export const LOG_BYTES = LOG_HEADER.bytes + MAX_ENTRIES * LOG_ENTRY.bytes;
export const SMALL_UNIT = 4096;
/** Where file data begins. */
export const DATA = LOG_OFFSET + DEFAULT_LOG_LENGTH;
export const SMALL_DEVICE = DATA + 2 ** 21;

/** A device of which superblock and the beginning of the log are kept, in the same two Buffers for every input. */
export class MediaStore implements Store {
  readonly path = '/dev/fuzz';
  readonly superblock = Buffer.alloc(SUPERBLOCK.bytes);
  readonly log = Buffer.alloc(LOG_BYTES);
  size = 0;

  read(offset: number, length: number): Buffer {
    const target = Buffer.allocUnsafe(length);
    this.readInto(target, offset);
    return target;
  }

  readInto(target: Buffer, offset: number): void {
    if (offset < 0 || offset + target.length > this.size) {
      throw new RangeError(`bytes ${offset} to ${offset + target.length} of a device of ${this.size}`);
    }
    target.fill(0);
    this.#copy(this.superblock, 0, target, offset);
    this.#copy(this.log, LOG_OFFSET, target, offset);
  }

  #copy(bytes: Buffer, at: number, target: Buffer, offset: number): void {
    const start = Math.max(at, offset);
    const end = Math.min(at + bytes.length, offset + target.length, this.size);
    if (end > start) bytes.copy(target, start - offset, start - at, end - at);
  }

  store(): void {
    throw new Error('nothing may be stored');
  }

  zero(): void {
    throw new Error('nothing may be stored');
  }

  flush(): void {}

  fence(): void {}

  invalidate(): void {}
}

/** A sound image, or one of arbitrary entries, from which damaged ones are made. */
export interface BaseImage {
  readonly deviceSize: number;
  readonly allocUnit: number;
  readonly count: number;
  readonly superblock: Buffer;
  readonly log: Buffer;
}

function baseImage(entries: readonly LogEntry[], allocUnit: number, deviceSize: number): BaseImage {
  const superblock = encodeSuperblock({
    ...{ logLength: DEFAULT_LOG_LENGTH, allocUnit, uuid: FS_UUID, deviceUuid: DEVICE_UUID },
    ...{ ownerUuid: OWNER_UUID, flags: 1, primarySize: deviceSize, primaryName: '/dev/dax0.0' },
  });
  const log = Buffer.alloc(LOG_BYTES);
  const count = Math.min(MAX_ENTRIES, entries.length);
  encodeHeader(DEFAULT_LOG_LENGTH, { nextSeqnum: count, nextIndex: count }).copy(log);
  for (let i = 0; i < count; i++) {
    encodeEntry(entries[i] as LogEntry, i, log, LOG_HEADER.bytes + i * LOG_ENTRY.bytes);
  }
  return { deviceSize, allocUnit, count, superblock, log };
}

/** A small sound log: directories, files of one to four extents, striped ones, now and then another device. */
export function soundEntries(random: () => number, atMost: number): LogEntry[] {
  const space = new Space({ allocUnit: SMALL_UNIT });
  const directories = [''];
  const entries: LogEntry[] = [];
  const count = 1 + Math.floor(random() * atMost);
  for (let devices = 1, i = 0; i < count; i++) {
    const name = `${directories[Math.floor(random() * directories.length)]}${'abcdefgh'[i % 8]}${i}`;
    const kind = random();
    if (kind < 0.25 && name.length < 60) {
      directories.push(`${name}/`);
      entries.push(mkdir(name));
    } else if (kind < 0.3) entries.push(addDaxdev(devices++, 2 ** 24, uuidOf(i)));
    else if (kind < 0.5) {
      const strips = 1 + Math.floor(random() * 4);
      const size = Math.floor(random() * 4 * SMALL_UNIT * strips);
      const chunk = SMALL_UNIT * 2 ** Math.floor(random() * 2);
      entries.push(file(name, size, space.interleaved(Math.max(1, size), strips, chunk)));
    } else {
      const lengths = Array.from({ length: 1 + Math.floor(random() * 4) }, () => random() * 2 * SMALL_UNIT);
      const held = lengths.reduce((sum, bytes) => sum + Math.max(1, Math.ceil(bytes / SMALL_UNIT)), 0);
      const size = Math.floor(random() * held * SMALL_UNIT);
      entries.push(file(name, size, space.simple(...lengths)));
    }
  }
  return entries;
}

const uuidOf = (i: number) => `00000000-0000-4000-8000-0000000000${i.toString(16).padStart(2, '0')}`;

/** What inputs of a seed are made from: sound logs of up to `atMost` entries, typical ones, and arbitrary entries. */
export function baseImages(seed: number, atMost = 6): BaseImage[] {
  const random = seeded(seed);
  const sound = Array.from({ length: 40 }, () =>
    baseImage(soundEntries(random, atMost), SMALL_UNIT, SMALL_DEVICE),
  );
  const arbitrary = fc.sample(fc.array(logEntry, { minLength: 1, maxLength: atMost }), { seed, numRuns: 8 });
  return [
    ...sound,
    ...arbitrary.map((entries) => baseImage(entries, SMALL_UNIT, SMALL_DEVICE)),
    baseImage(typicalEntries(), 2 ** 21, 2 ** 32),
    baseImage(typicalEntries({ allocUnit: SMALL_UNIT }), SMALL_UNIT, 2 ** 32),
  ];
}
