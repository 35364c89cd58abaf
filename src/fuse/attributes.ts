import { fileAccess } from '../log/file-flags';
import { INO, KIND, type Tree } from '../log/tree';
import type { OverrideTable, Times } from './overrides';
import { ATTR_BYTES, FATTR, writeNumber } from './protocol';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;
const WRITE_BITS = 0o222;
const MODE_BITS = 0o7777;
const SECTOR = 512;
const BLOCK_SIZE = 4096;
/** An ID that no user has, and from whose files a kernel keeps even root; who is shown for it. */
const NO_ID = 2 ** 32 - 1;
const OVERFLOW_ID = 65_534;
const NANOSECONDS = 1_000_000_000;

/** The attributes of inodes: what the log says, what the role makes of it, and what was changed since the mount. */
export class Attributes {
  readonly #mounted: Times;

  constructor(
    private readonly tree: Tree,
    private readonly overrides: OverrideTable,
    private readonly isClient: boolean,
    mountedAt: number,
  ) {
    this.#mounted = timesOf(mountedAt);
  }

  /** Whether the bytes of a file may be changed on this host. */
  isWritable(ino: number): boolean {
    if (this.tree.kind.get(ino) !== KIND.file) return false;
    return !this.#isReadOnlyHere(ino) || (this.#mode(ino) & WRITE_BITS) !== 0;
  }

  /** Writes struct fuse_attr. */
  write(ino: number, out: Buffer, at: number): void {
    out.fill(0, at, at + ATTR_BYTES);
    const { overrides } = this;
    const isDirectory = this.tree.kind.get(ino) === KIND.directory;
    const size = this.tree.size.get(ino);
    writeNumber(out, at, ino);
    writeNumber(out, at + 8, isDirectory ? BLOCK_SIZE : size);
    writeNumber(out, at + 16, Math.ceil(this.#occupied(ino) / SECTOR));
    const mtime = overrides.mtime(ino) ?? this.#mounted;
    writeTime(out, at + 24, at + 48, overrides.atime(ino) ?? this.#mounted);
    writeTime(out, at + 32, at + 52, mtime);
    writeTime(out, at + 40, at + 56, mtime);
    out.writeUInt32LE((isDirectory ? S_IFDIR : S_IFREG) | this.#mode(ino), at + 60);
    out.writeUInt32LE(isDirectory ? 2 + this.tree.subdirectories.get(ino) : 1, at + 64);
    out.writeUInt32LE(overrides.uid(ino) ?? knownId(this.tree.uid.get(ino)), at + 68);
    out.writeUInt32LE(overrides.gid(ino) ?? knownId(this.tree.gid.get(ino)), at + 72);
    out.writeUInt32LE(BLOCK_SIZE, at + 80);
  }

  /** Takes over what struct fuse_setattr_in at the start of `body` changes, but for the size. */
  change(ino: number, body: Buffer): void {
    const valid = body.readUInt32LE(0);
    if (valid & FATTR.MODE) this.overrides.setMode(ino, body.readUInt32LE(68) & MODE_BITS);
    if (valid & FATTR.UID) this.overrides.setUid(ino, body.readUInt32LE(76));
    if (valid & FATTR.GID) this.overrides.setGid(ino, body.readUInt32LE(80));
    if (valid & FATTR.ATIME) this.overrides.setAtime(ino, timeIn(body, valid & FATTR.ATIME_NOW, 32, 56));
    if (valid & FATTR.MTIME) this.overrides.setMtime(ino, timeIn(body, valid & FATTR.MTIME_NOW, 40, 60));
  }

  /** Takes the set-user-ID bit, and where the group may execute the set-group-ID bit, off a file. False if it had none. */
  dropSetIds(ino: number): boolean {
    const mode = this.#mode(ino);
    const kept = mode & ~(S_ISUID | (mode & S_IXGRP ? S_ISGID : 0));
    if (kept === mode) return false;
    this.overrides.setMode(ino, kept);
    return true;
  }

  #mode(ino: number): number {
    const changed = this.overrides.mode(ino);
    if (changed !== undefined) return changed;
    const mode = this.tree.mode.get(ino);
    return this.#isReadOnlyHere(ino) ? mode & ~WRITE_BITS : mode;
  }

  /** On a client files are read-only unless their mode is changed there; some are so on every host, some on none. */
  #isReadOnlyHere(ino: number): boolean {
    if (this.tree.kind.get(ino) !== KIND.file) return false;
    const access = fileAccess(this.tree.flags.get(ino));
    return access === 'by-role' ? this.isClient : access === 'read-only';
  }

  #occupied(ino: number): number {
    if (ino < INO.first) return this.tree.size.get(ino);
    let bytes = 0;
    this.tree.eachExtent(ino, (_devindex, _offset, length) => {
      bytes += length;
    });
    return bytes;
  }
}

function knownId(id: number): number {
  return id === NO_ID ? OVERFLOW_ID : id;
}

function timesOf(milliseconds: number): Times {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * (NANOSECONDS / 1000)) };
}

function timeIn(body: Buffer, now: number, secondsAt: number, nanosecondsAt: number): Times {
  if (now) return timesOf(Date.now());
  const seconds = Number(clamp(body.readBigInt64LE(secondsAt)));
  return { seconds, nanoseconds: Math.min(body.readUInt32LE(nanosecondsAt), NANOSECONDS - 1) };
}

/** Times are kept as numbers: what lies 285 million years off is as good as what lies farther. */
function clamp(seconds: bigint): bigint {
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  if (seconds > most) return most;
  return seconds < -most ? -most : seconds;
}

function writeTime(
  out: Buffer,
  secondsAt: number,
  nanosecondsAt: number,
  { seconds, nanoseconds }: Times,
): void {
  if (seconds >= 0) writeNumber(out, secondsAt, seconds);
  else out.writeBigInt64LE(BigInt(seconds), secondsAt);
  out.writeUInt32LE(nanoseconds, nanosecondsAt);
}
