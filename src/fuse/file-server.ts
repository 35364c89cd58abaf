import type { Device } from '../device/device';
import { FamfsError } from '../errors';
import { LOG_OFFSET, logCapacity, MAX_PATH } from '../log/layout';
import type { Replay } from '../log/replay';
import { KIND, type Tree } from '../log/tree';
import { Attributes } from './attributes';
import type { WorkerConfig } from './config';
import { listDirectory } from './directory';
import { EINVAL, EIO, ENOENT, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM, Refusal } from './errno';
import { FileIo } from './file-io';
import {
  ATTR_OUT_BYTES,
  ENTRY_OUT_BYTES,
  FATTR,
  FOPEN_DIRECT_IO,
  FOPEN_KEEP_CACHE,
  FOPEN_PARALLEL_DIRECT_WRITES,
  IN_HEADER_BYTES,
  MAX_WRITE,
  OP,
  OPEN_OUT_BYTES,
  type RequestHeader,
  readNumber,
  STATFS_OUT_BYTES,
  WRITE_IN_BYTES,
  WRITE_OUT_BYTES,
  writeNumber,
} from './protocol';
import type { SharedState } from './shared-state';
import type { WorkerPage } from './worker-page';

/** The body of a reply, in pieces for writev; empty for success without a body. */
export type ReplyBody = readonly Buffer[];

/** What has been logged never changes, so the kernel may keep names and attributes for as long as it likes. */
const FOREVER_SECONDS = 2 ** 31;
const BLOCK_SIZE = 4096;
const EMPTY: ReplyBody = [];

type Handler = (request: Buffer, header: RequestHeader) => ReplyBody;

/** Answers the kernel's requests from the tree and the device. One request at a time. */
export class FileServer {
  readonly #tree: Tree;
  readonly #attributes: Attributes;
  readonly #io: FileIo;
  readonly #openFlags: number;
  readonly #handlers: ReadonlyMap<number, Handler>;
  /** Reused for every reply but READ's data. */
  readonly #out = Buffer.alloc(MAX_WRITE);

  constructor(
    private readonly device: Device,
    private readonly replay: Replay,
    config: WorkerConfig,
    private readonly shared: SharedState,
    private readonly page: WorkerPage,
  ) {
    this.#tree = replay.tree;
    this.#attributes = new Attributes(
      this.#tree,
      shared.overrides,
      config.role === 'client',
      config.mountedAt,
    );
    this.#io = new FileIo(device, this.#tree, (ino) => !config.readOnly && this.#attributes.isWritable(ino));
    this.#openFlags = openFlags(config);
    this.#handlers = this.#table();
  }

  /** The reply's body. Throws Refusal, or an error of the device, for what gets an errno. */
  handle(request: Buffer, header: RequestHeader): ReplyBody {
    const handler = this.#handlers.get(header.opcode);
    if (!handler) throw new Refusal(ENOSYS);
    // Another worker may have told the kernel of files that this one has not heard of yet.
    if (header.node > this.#tree.lastIno) this.#catchUp();
    return handler(request, header);
  }

  /** Replays what was appended since. Names and attributes of a device that failed go on as they are. */
  #catchUp(): void {
    const { replay, shared } = this;
    if (shared.deviceFailed) return;
    const before = replay.counts.entries;
    try {
      const derailment = replay.catchUp(shared.frozen ? shared.wantedEntries : undefined);
      if (derailment) shared.freeze(derailment);
    } catch (error) {
      if (!(error instanceof FamfsError)) throw error;
      shared.failDevice();
      return;
    }
    if (replay.counts.entries === before) return;
    shared.wantEntries(replay.counts.entries);
    this.page.setReplayed(replay);
  }

  #checkDevice(): void {
    if (this.shared.deviceFailed) throw new Refusal(EIO);
    if (this.shared.foreign) throw new Refusal(EIO, 'another file system was made over this one');
  }

  #table(): ReadonlyMap<number, Handler> {
    const refuse = (errno: number, message: string): Handler => {
      return () => {
        throw new Refusal(errno, message);
      };
    };
    const create = refuse(EPERM, 'files are made by famfs creat and famfs cp, which allocate and log them');
    const change = refuse(EPERM, 'what has been logged is never removed or renamed');
    return new Map<number, Handler>([
      [OP.LOOKUP, (request, { node, length }) => this.#lookup(request, node, length)],
      [OP.GETATTR, (_request, { node }) => this.#getAttributes(node)],
      [OP.SETATTR, (request, { node }) => this.#setAttributes(request, node)],
      [OP.OPEN, (request, { node }) => this.#open(request, node)],
      [OP.READ, (request, { node }) => this.#read(request, node)],
      [OP.WRITE, (request, { node }) => this.#write(request, node)],
      [OP.STATFS, () => this.#statfs()],
      [OP.RELEASE, () => EMPTY],
      [OP.FLUSH, () => EMPTY],
      [OP.FSYNC, (_request, { node }) => this.#sync(node)],
      [OP.OPENDIR, (_request, { node }) => this.#openDirectory(node)],
      [OP.READDIR, (request, { node }) => this.#readDirectory(request, node, false)],
      [OP.READDIRPLUS, (request, { node }) => this.#readDirectory(request, node, true)],
      [OP.RELEASEDIR, () => EMPTY],
      [OP.FSYNCDIR, () => EMPTY],
      [OP.ACCESS, () => EMPTY],
      [OP.DESTROY, () => EMPTY],
      [OP.CREATE, create],
      [OP.MKNOD, create],
      [
        OP.TMPFILE,
        refuse(EOPNOTSUPP, 'files are made by famfs creat and famfs cp, which allocate and log them'),
      ],
      [OP.MKDIR, refuse(EPERM, 'directories are made by famfs mkdir, which logs them')],
      [OP.SYMLINK, refuse(EPERM, 'famfs has no symbolic links')],
      [OP.LINK, refuse(EPERM, 'famfs has no hard links')],
      [OP.UNLINK, change],
      [OP.RMDIR, change],
      [OP.RENAME, change],
      [OP.RENAME2, change],
      [OP.FALLOCATE, refuse(EOPNOTSUPP, 'famfs files never change size')],
    ]);
  }

  #lookup(request: Buffer, directory: number, length: number): ReplyBody {
    const nameLength = length - IN_HEADER_BYTES - 1;
    const find = () => this.#tree.lookup(directory, request, IN_HEADER_BYTES, nameLength);
    let ino = find();
    if (ino === 0) {
      this.#catchUp();
      ino = find();
    }
    if (ino === 0) throw new Refusal(ENOENT);
    this.#writeEntry(ino, this.#out, 0);
    return [this.#out.subarray(0, ENTRY_OUT_BYTES)];
  }

  #writeEntry(ino: number, out: Buffer, at: number): void {
    out.fill(0, at, at + ENTRY_OUT_BYTES);
    writeNumber(out, at, ino);
    writeNumber(out, at + 16, FOREVER_SECONDS);
    writeNumber(out, at + 24, this.#attributeSeconds(ino));
    this.#attributes.write(ino, out, at + 40);
  }

  #getAttributes(ino: number): ReplyBody {
    if (this.#tree.kind.get(ino) === KIND.directory) this.#catchUp();
    return this.#attributeReply(ino);
  }

  #attributeReply(ino: number): ReplyBody {
    this.#checkExists(ino);
    const out = this.#out;
    out.fill(0, 0, ATTR_OUT_BYTES);
    writeNumber(out, 0, this.#attributeSeconds(ino));
    this.#attributes.write(ino, out, 16);
    return [out.subarray(0, ATTR_OUT_BYTES)];
  }

  /** How long attributes may be cached: a file's never change, a directory's link count grows with what is logged. */
  #attributeSeconds(ino: number): number {
    return this.#tree.kind.get(ino) === KIND.directory ? 1 : FOREVER_SECONDS;
  }

  #setAttributes(request: Buffer, ino: number): ReplyBody {
    this.#checkExists(ino);
    const body = request.subarray(IN_HEADER_BYTES);
    if (body.readUInt32LE(0) & FATTR.SIZE && readNumber(body, 16) !== this.#tree.size.get(ino)) {
      throw new Refusal(EPERM, 'famfs files never change size');
    }
    if (this.#tree.kind.get(ino) > KIND.directory)
      throw new Refusal(EPERM, 'the files in .meta are as they are');
    this.#attributes.change(ino, body);
    return this.#attributeReply(ino);
  }

  #open(request: Buffer, ino: number): ReplyBody {
    this.#checkExists(ino);
    this.#io.checkOpen(ino, request.readUInt32LE(IN_HEADER_BYTES));
    return this.#openReply(this.#openFlags);
  }

  #openDirectory(ino: number): ReplyBody {
    if (this.#tree.kind.get(ino) !== KIND.directory) throw new Refusal(ENOTDIR);
    return this.#openReply(0);
  }

  #openReply(flags: number): ReplyBody {
    const out = this.#out.fill(0, 0, OPEN_OUT_BYTES);
    out.writeUInt32LE(flags, 8);
    return [out.subarray(0, OPEN_OUT_BYTES)];
  }

  #read(request: Buffer, ino: number): ReplyBody {
    this.#checkDevice();
    const offset = readNumber(request, IN_HEADER_BYTES + 8);
    return this.#io.read(ino, offset, request.readUInt32LE(IN_HEADER_BYTES + 16));
  }

  #write(request: Buffer, ino: number): ReplyBody {
    const offset = readNumber(request, IN_HEADER_BYTES + 8);
    const length = request.readUInt32LE(IN_HEADER_BYTES + 16);
    const start = IN_HEADER_BYTES + WRITE_IN_BYTES;
    if (start + length > request.length) throw new Refusal(EINVAL);
    this.#checkDevice();
    const written = this.#io.write(ino, offset, request.subarray(start, start + length));
    this.page.countWritten(written);
    const out = this.#out.fill(0, 0, WRITE_OUT_BYTES);
    out.writeUInt32LE(written, 0);
    return [out.subarray(0, WRITE_OUT_BYTES)];
  }

  #sync(ino: number): ReplyBody {
    this.#checkExists(ino);
    this.#checkDevice();
    this.#io.sync(ino);
    return EMPTY;
  }

  #readDirectory(request: Buffer, ino: number, plus: boolean): ReplyBody {
    const cookie = readNumber(request, IN_HEADER_BYTES + 8);
    const size = Math.min(request.readUInt32LE(IN_HEADER_BYTES + 16), this.#out.length);
    if (cookie === 0) this.#catchUp();
    const writer = plus
      ? (child: number, out: Buffer, at: number) => this.#writeEntry(child, out, at)
      : undefined;
    const used = listDirectory(this.#tree, ino, cookie, this.#out.subarray(0, size), writer);
    return [this.#out.subarray(0, used)];
  }

  #statfs(): ReplyBody {
    this.#catchUp();
    const { logLength } = this.replay.superblock;
    const total = this.device.size - LOG_OFFSET - logLength;
    const free = Math.max(0, total - this.#tree.mappedBytes);
    const capacity = logCapacity(logLength);
    const out = this.#out.fill(0, 0, STATFS_OUT_BYTES);
    writeNumber(out, 0, Math.floor(total / BLOCK_SIZE));
    writeNumber(out, 8, Math.floor(free / BLOCK_SIZE));
    writeNumber(out, 16, Math.floor(free / BLOCK_SIZE));
    writeNumber(out, 24, capacity);
    writeNumber(out, 32, capacity - this.replay.counts.entries);
    out.writeUInt32LE(BLOCK_SIZE, 40);
    out.writeUInt32LE(MAX_PATH, 44);
    out.writeUInt32LE(BLOCK_SIZE, 48);
    return [out.subarray(0, STATFS_OUT_BYTES)];
  }

  /** Makes durable what was written and not yet synced. */
  close(): void {
    this.#io.syncAll();
    this.device.close();
  }

  #checkExists(ino: number): void {
    if (this.#tree.kind.get(ino) === KIND.none) throw new Refusal(ENOENT);
  }
}

/** Files that bypass the page cache can be mapped only where the kernel says so: elsewhere it keeps pages until the next open. */
function openFlags({ cache, mmapWithDirectIo }: WorkerConfig): number {
  if (cache === 'always') return FOPEN_KEEP_CACHE;
  if (cache === 'none' && mmapWithDirectIo) return FOPEN_DIRECT_IO | FOPEN_PARALLEL_DIRECT_WRITES;
  return 0;
}
