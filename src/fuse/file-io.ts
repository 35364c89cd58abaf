import { constants } from 'node:fs';
import type { Device } from '../device/device';
import { eachRun } from '../log/file-map';
import { KIND, type Tree } from '../log/tree';
import { extentsOf, type FileMap } from '../types';
import { EFBIG, EIO, EISDIR, EPERM, EROFS, Refusal } from './errno';
import { mapOf } from './maps/map-of';

/** How many file maps are kept decoded. */
const KEPT_MAPS = 4096;

const { O_ACCMODE, O_RDONLY, O_TRUNC } = { ...constants, O_ACCMODE: 3 };

/** Reads, writes and syncs the bytes of files, in place on the device. */
export class FileIo {
  readonly #maps = new Map<number, FileMap>();
  /** Files written to since they were last synced. */
  readonly #unsynced = new Set<number>();

  constructor(
    private readonly device: Device,
    private readonly tree: Tree,
    private readonly isWritable: (ino: number) => boolean,
  ) {}

  /** Refuses to open what may not be opened so. A file never changes size, so O_TRUNC is refused before it harms. */
  checkOpen(ino: number, flags: number): void {
    if (this.tree.kind.get(ino) === KIND.directory) throw new Refusal(EISDIR);
    if (flags & O_TRUNC) {
      throw new Refusal(
        EPERM,
        'truncating open: famfs files never change size (famfs cp overwrites in place)',
      );
    }
    if ((flags & O_ACCMODE) !== O_RDONLY) this.#checkWritable(ino);
  }

  /** The bytes of a file from `offset` on, as views of the device for writev; fewer at the end of the file. */
  read(ino: number, offset: number, length: number): Buffer[] {
    const available = Math.max(0, Math.min(length, this.tree.size.get(ino) - offset));
    const segments: Buffer[] = [];
    eachRun(this.#map(ino), offset, available, (devindex, at, count) => {
      segments.push(...this.#device(devindex).segments(at, count));
    });
    return segments;
  }

  /**
   * Stores bytes into a file at `offset`. Returns how many: fewer when the file ends before. Whether the caller may
   * write was decided when it opened the file: a later chmod takes nothing from it, nor the pages it has mapped.
   */
  write(ino: number, offset: number, data: Buffer): number {
    this.#checkData(ino);
    if (data.length === 0) return 0;
    const room = this.tree.size.get(ino) - offset;
    if (room <= 0) throw new Refusal(EFBIG, 'write at or behind the end: famfs files never change size');
    const length = Math.min(data.length, room);
    this.#unsynced.add(ino);
    let done = 0;
    eachRun(this.#map(ino), offset, length, (devindex, at, count) => {
      this.#device(devindex).store(at, data.subarray(done, done + count));
      done += count;
    });
    return length;
  }

  /** Makes what was written to a file, by whichever worker, durable and visible to other hosts. */
  sync(ino: number): void {
    if (this.tree.kind.get(ino) !== KIND.file || !this.device.writable) return;
    this.#flush(ino);
    this.device.fence();
  }

  syncAll(): void {
    if (this.#unsynced.size === 0) return;
    for (const ino of this.#unsynced) this.#flush(ino);
    this.device.fence();
  }

  #flush(ino: number): void {
    // Nothing was stored on devices that are not attached.
    for (const { devindex, offset, length } of extentsOf(this.#map(ino)))
      if (devindex === 0) this.device.flush(offset, length);
    this.#unsynced.delete(ino);
  }

  #checkData(ino: number): void {
    if (this.tree.kind.get(ino) !== KIND.file)
      throw new Refusal(EPERM, 'the superblock and the log are read-only through the mount');
    if (!this.device.writable) throw new Refusal(EROFS, 'mounted read-only');
  }

  #checkWritable(ino: number): void {
    this.#checkData(ino);
    if (!this.isWritable(ino)) throw new Refusal(EROFS, 'read-only on this host unless chmod opens it up');
  }

  #map(ino: number): FileMap {
    let map = this.#maps.get(ino);
    if (map) return map;
    map = mapOf(this.tree, ino);
    if (this.#maps.size >= KEPT_MAPS) this.#maps.clear();
    this.#maps.set(ino, map);
    return map;
  }

  #device(devindex: number): Device {
    if (devindex !== 0) throw new Refusal(EIO, `device ${devindex} is not attached`);
    return this.device;
  }
}
