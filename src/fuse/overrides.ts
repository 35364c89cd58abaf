/** Bytes that an inode has in the table. */
export const OVERRIDE_BYTES = 48;

const FIELD = {
  set: 0,
  mode: 4,
  uid: 8,
  gid: 12,
  atimeNanoseconds: 16,
  mtimeNanoseconds: 20,
  atime: 24,
  mtime: 32,
} as const;

/** Bits of `set`: which fields are overridden. */
const SET = { mode: 1, uid: 2, gid: 4, atime: 8, mtime: 16 } as const;

export interface Times {
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

/**
 * What SETATTR changed of inodes, by inode number. Shared by all workers, so that a change is seen by each at once and
 * outlives the worker that made it; it ends with the mount. The kernel lets one SETATTR of an inode run at a time.
 */
export class OverrideTable {
  constructor(private readonly memory: Buffer) {}

  mode(ino: number): number | undefined {
    return this.#get(ino, SET.mode, FIELD.mode);
  }

  uid(ino: number): number | undefined {
    return this.#get(ino, SET.uid, FIELD.uid);
  }

  gid(ino: number): number | undefined {
    return this.#get(ino, SET.gid, FIELD.gid);
  }

  atime(ino: number): Times | undefined {
    return this.#time(ino, SET.atime, FIELD.atime, FIELD.atimeNanoseconds);
  }

  mtime(ino: number): Times | undefined {
    return this.#time(ino, SET.mtime, FIELD.mtime, FIELD.mtimeNanoseconds);
  }

  setMode(ino: number, mode: number): void {
    this.#set(ino, SET.mode, FIELD.mode, mode);
  }

  setUid(ino: number, uid: number): void {
    this.#set(ino, SET.uid, FIELD.uid, uid);
  }

  setGid(ino: number, gid: number): void {
    this.#set(ino, SET.gid, FIELD.gid, gid);
  }

  setAtime(ino: number, time: Times): void {
    this.#setTime(ino, SET.atime, FIELD.atime, FIELD.atimeNanoseconds, time);
  }

  setMtime(ino: number, time: Times): void {
    this.#setTime(ino, SET.mtime, FIELD.mtime, FIELD.mtimeNanoseconds, time);
  }

  #has(ino: number, bit: number): boolean {
    return ((this.memory[ino * OVERRIDE_BYTES + FIELD.set] as number) & bit) !== 0;
  }

  #get(ino: number, bit: number, field: number): number | undefined {
    return this.#has(ino, bit) ? this.memory.readUInt32LE(ino * OVERRIDE_BYTES + field) : undefined;
  }

  #time(ino: number, bit: number, seconds: number, nanoseconds: number): Times | undefined {
    if (!this.#has(ino, bit)) return undefined;
    const base = ino * OVERRIDE_BYTES;
    return {
      seconds: this.memory.readDoubleLE(base + seconds),
      nanoseconds: this.memory.readUInt32LE(base + nanoseconds),
    };
  }

  /** Stores the value before the bit that makes it count. */
  #set(ino: number, bit: number, field: number, value: number): void {
    const base = ino * OVERRIDE_BYTES;
    this.memory.writeUInt32LE(value, base + field);
    this.memory[base + FIELD.set] = (this.memory[base + FIELD.set] as number) | bit;
  }

  #setTime(ino: number, bit: number, seconds: number, nanoseconds: number, time: Times): void {
    this.memory.writeDoubleLE(time.seconds, ino * OVERRIDE_BYTES + seconds);
    this.#set(ino, bit, nanoseconds, time.nanoseconds);
  }
}
