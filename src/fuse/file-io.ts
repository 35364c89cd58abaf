import { constants } from 'node:fs';
import { eachRun } from '../log/file-map';
import { KIND, type Tree } from '../log/tree';
import { extentsOf, type FileMap } from '../types';
import { EFBIG, EISDIR, EPERM, EROFS, Refusal } from './errno';
import { mapOf } from './maps/map-of';
import { DeviceFailure, type ServedDevices } from './served-devices';

/** How many file maps are kept decoded. */
const KEPT_MAPS = 4096;

const { O_ACCMODE, O_RDONLY, O_TRUNC } = { ...constants, O_ACCMODE: 3 };

/** Reads, writes and syncs the bytes of files, in place on the devices where they are. */
export class FileIo {
  readonly #maps = new Map<number, FileMap>();
  /** Files written to since they were last synced. */
  readonly #unsynced = new Set<number>();
  /** What was read last: inode, offset and length in bytes. */
  #lastRead: readonly [number, number, number] = [0, 0, 0];

  constructor(
    private readonly devices: ServedDevices,
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

  /** Throws Refusal for a file on a device that failed. */
  checkDevices(ino: number): void {
    for (const { devindex } of extentsOf(this.#map(ino))) this.devices.checkFailed(devindex);
  }

  /** The bytes of a file from `offset` on, as views of its devices for writev; fewer at the end of the file. */
  read(ino: number, offset: number, length: number): Buffer[] {
    const available = Math.max(0, Math.min(length, this.tree.size.get(ino) - offset));
    this.#lastRead = [ino, offset, available];
    const segments: Buffer[] = [];
    eachRun(this.#map(ino), offset, available, (devindex, at, count) => {
      segments.push(...this.devices.on(devindex, (device) => device.segments(at, count)));
    });
    return segments;
  }

  /** The failure behind a page, of what read() gave last, that could not be read after all. */
  unreadable(): DeviceFailure {
    const [ino, offset, length] = this.#lastRead;
    const read: number[] = [];
    try {
      eachRun(this.#map(ino), offset, length, (devindex, at, count) => {
        read.push(devindex);
        this.devices.on(devindex, (device) => device.read(at, count));
      });
    } catch (error) {
      if (error instanceof DeviceFailure) return error;
    }
    return new DeviceFailure(read[0] ?? 0, 'a page of the device cannot be read');
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
    let done = 0;
    eachRun(this.#map(ino), offset, length, (devindex, at, count) => {
      const bytes = data.subarray(done, done + count);
      this.devices.on(devindex, (device) => {
        this.#unsynced.add(ino);
        device.store(at, bytes);
      });
      done += count;
    });
    return length;
  }

  /** Makes what was written to a file, by whichever worker, durable and visible to other hosts. */
  sync(ino: number): void {
    if (this.tree.kind.get(ino) === KIND.file && this.devices.primary.writable) this.#sync([ino]);
  }

  /** As sync, of all files that this worker wrote to. */
  syncAll(): void {
    this.#sync([...this.#unsynced]);
  }

  /** A file or a device that cannot be synced keeps no other from it; the first error is thrown in the end. */
  #sync(inodes: readonly number[]): void {
    const touched = new Set<number>();
    const errors: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        errors.push(error);
      }
    };
    for (const ino of inodes) {
      attempt(() => this.#flush(ino, touched));
      this.#unsynced.delete(ino);
    }
    for (const devindex of touched) attempt(() => this.devices.on(devindex, (device) => device.fence()));
    if (errors.length > 0) throw errors[0];
  }

  #flush(ino: number, touched: Set<number>): void {
    for (const { devindex, length, offset } of extentsOf(this.#map(ino))) {
      this.devices.on(devindex, (device) => device.flush(offset, length));
      touched.add(devindex);
    }
  }

  #checkData(ino: number): void {
    if (this.tree.kind.get(ino) !== KIND.file)
      throw new Refusal(EPERM, 'the superblock and the log are read-only through the mount');
    if (!this.devices.primary.writable) throw new Refusal(EROFS, 'mounted read-only');
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
}
