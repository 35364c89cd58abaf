import { FILE_READ_ONLY_EVERYWHERE } from '../log/layout';
import { INO, KIND, type Tree } from '../log/tree';
import { ATTR_BYTES, FATTR, readNumber, writeNumber } from './protocol';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const WRITE_BITS = 0o222;
const MODE_BITS = 0o7777;
const SECTOR = 512;
const BLOCK_SIZE = 4096;
const NANOSECONDS = 1_000_000_000;

interface Times {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What SETATTR changed of an inode. It is kept in memory and ends with the mount. */
interface Changed {
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: Times;
  mtime?: Times;
}

/** The attributes of inodes: what the log says, what the role makes of it, and what was changed since the mount. */
export class Attributes {
  readonly #changed = new Map<number, Changed>();
  readonly #mounted: Times;

  constructor(
    private readonly tree: Tree,
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
    const changed = this.#changed.get(ino);
    const isDirectory = this.tree.kind.get(ino) === KIND.directory;
    const size = this.tree.size.get(ino);
    writeNumber(out, at, ino);
    writeNumber(out, at + 8, isDirectory ? BLOCK_SIZE : size);
    writeNumber(out, at + 16, Math.ceil(this.#occupied(ino) / SECTOR));
    const times = [changed?.atime, changed?.mtime, changed?.mtime];
    times.forEach((time, i) => {
      const { seconds, nanoseconds } = time ?? this.#mounted;
      writeNumber(out, at + 24 + 8 * i, seconds);
      out.writeUInt32LE(nanoseconds, at + 48 + 4 * i);
    });
    out.writeUInt32LE((isDirectory ? S_IFDIR : S_IFREG) | this.#mode(ino), at + 60);
    out.writeUInt32LE(isDirectory ? 2 + this.tree.subdirectories.get(ino) : 1, at + 64);
    out.writeUInt32LE(changed?.uid ?? this.tree.uid.get(ino), at + 68);
    out.writeUInt32LE(changed?.gid ?? this.tree.gid.get(ino), at + 72);
    out.writeUInt32LE(BLOCK_SIZE, at + 80);
  }

  /** Takes over what struct fuse_setattr_in at the start of `body` changes, but for the size. */
  change(ino: number, body: Buffer): void {
    const valid = body.readUInt32LE(0);
    const changed = this.#changed.get(ino) ?? {};
    if (valid & FATTR.MODE) changed.mode = body.readUInt32LE(68) & MODE_BITS;
    if (valid & FATTR.UID) changed.uid = body.readUInt32LE(76);
    if (valid & FATTR.GID) changed.gid = body.readUInt32LE(80);
    if (valid & FATTR.ATIME) changed.atime = timeIn(body, valid & FATTR.ATIME_NOW, 32, 56);
    if (valid & FATTR.MTIME) changed.mtime = timeIn(body, valid & FATTR.MTIME_NOW, 40, 60);
    this.#changed.set(ino, changed);
  }

  #mode(ino: number): number {
    const changed = this.#changed.get(ino)?.mode;
    if (changed !== undefined) return changed;
    const mode = this.tree.mode.get(ino);
    return this.#isReadOnlyHere(ino) ? mode & ~WRITE_BITS : mode;
  }

  /** On a client files are read-only unless their mode is changed there; some are so on every host. */
  #isReadOnlyHere(ino: number): boolean {
    if (this.tree.kind.get(ino) !== KIND.file) return false;
    return this.isClient || (this.tree.flags.get(ino) & FILE_READ_ONLY_EVERYWHERE) !== 0;
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

function timesOf(milliseconds: number): Times {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds, nanoseconds: Math.round((milliseconds - seconds * 1000) * (NANOSECONDS / 1000)) };
}

function timeIn(body: Buffer, now: number, secondsAt: number, nanosecondsAt: number): Times {
  if (now) return timesOf(Date.now());
  return { seconds: readNumber(body, secondsAt), nanoseconds: body.readUInt32LE(nanosecondsAt) };
}
