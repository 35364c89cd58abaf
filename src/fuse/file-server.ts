import { errnoOf, FamfsError } from '../errors';
import type { Replay } from '../log/replay';
import { KIND, type Tree } from '../log/tree';
import type { Members } from '../members/members';
import { Attributes } from './attributes';
import { CatchUp } from './catch-up';
import type { WorkerConfig } from './config';
import { listDirectory } from './directory';
import { EINVAL, EIO, EISDIR, ENOENT, ENOSYS, ENOTDIR, EPERM, Refusal } from './errno';
import { FileIo } from './file-io';
import type { Logger } from './logger';
import { MAPPED_OPEN_OUT_BYTES, writeMappedOpen } from './maps/extent-layout';
import { ExtentMaps, type Notify } from './maps/extent-maps';
import { writeDaxdev, writeFmap } from './maps/fmap-v4';
import { attributesChanged } from './notify';
import { openFlags } from './open-flags';
import {
  ATTR_OUT_BYTES,
  ENTRY_OUT_BYTES,
  FATTR,
  IN_HEADER_BYTES,
  MAX_READ,
  MAX_WRITE,
  OP,
  OPEN_OUT_BYTES,
  type RequestHeader,
  readNumber,
  SHORTEST_BODY,
  STATFS_OUT_BYTES,
  WRITE_IN_BYTES,
  WRITE_KILL_SUIDGID,
  WRITE_OUT_BYTES,
  writeNumber,
} from './protocol';
import { REFUSED } from './refused';
import type { ReplyBody, RequestHandler } from './request-loop';
import { ServedDevices } from './served-devices';
import type { SharedState } from './shared-state';
import { SpaceCount } from './statfs';
import type { WorkerPage } from './worker-page';

/** What has been logged never changes, so the kernel may keep names and attributes for as long as it likes. */
const FOREVER_SECONDS = 2 ** 31;
const EMPTY: ReplyBody = [];

type Handler = (request: Buffer, header: RequestHeader) => ReplyBody;

/** Answers the kernel's requests from the tree and the devices. One request at a time. */
export class FileServer implements RequestHandler {
  readonly #tree: Tree;
  readonly #log: CatchUp;
  readonly #attributes: Attributes;
  readonly #devices: ServedDevices;
  readonly #space: SpaceCount;
  readonly #io: FileIo;
  readonly #openFlags: number;
  /** Set when the kernel can be told where files are. */
  readonly #maps: ExtentMaps | undefined;
  readonly #handlers: ReadonlyMap<number, Handler>;
  /** Reused for every reply but READ's data. */
  readonly #out = Buffer.alloc(MAX_WRITE);

  constructor(
    members: Members,
    replay: Replay,
    config: WorkerConfig,
    private readonly shared: SharedState,
    private readonly page: WorkerPage,
    private readonly notify: Notify,
    private readonly logger: Logger,
  ) {
    this.#tree = replay.tree;
    this.#log = new CatchUp(replay, shared, page);
    this.#attributes = new Attributes(
      this.#tree,
      shared.overrides,
      config.role === 'client',
      config.mountedAt,
    );
    this.#devices = new ServedDevices(members, shared);
    this.#space = new SpaceCount(replay, this.#devices);
    const isWritable = (ino: number) => !config.readOnly && this.#attributes.isWritable(ino);
    this.#io = new FileIo(this.#devices, this.#tree, isWritable);
    this.#openFlags = openFlags(config);
    if (config.strategy === 'extent-maps') this.#maps = new ExtentMaps(this.#tree, shared, notify, logger);
    this.#handlers = this.#table(config);
  }

  handle(request: Buffer, header: RequestHeader): ReplyBody {
    const { opcode } = header;
    const handler = this.#handlers.get(opcode);
    if (!handler) throw new Refusal(ENOSYS);
    if (request.length < IN_HEADER_BYTES + (SHORTEST_BODY.get(opcode) ?? 0)) {
      throw new Refusal(EINVAL, 'the request is shorter than its struct');
    }
    this.#log.withOthers();
    return handler(request, header);
  }

  catchUpWithOthers(): void {
    this.#log.withOthers();
  }

  #checkDevice(): void {
    if (this.shared.deviceFailed) throw new Refusal(EIO);
    if (this.shared.foreign) throw new Refusal(EIO, 'another file system was made over this one');
  }

  #table(config: WorkerConfig): ReadonlyMap<number, Handler> {
    const refused = [...REFUSED].map(([opcode, { errno, message }]): [number, Handler] => [
      opcode,
      () => {
        throw new Refusal(errno, message);
      },
    ]);
    const ifThere: Handler = (_request, { node }) => {
      this.#checkExists(node);
      return EMPTY;
    };
    const done: Handler = () => EMPTY;
    const handlers = new Map<number, Handler>([
      ...refused,
      [OP.LOOKUP, (request, { node }) => this.#lookup(request, node)],
      [OP.GETATTR, (_request, { node }) => this.#getAttributes(node)],
      [OP.SETATTR, (request, { node }) => this.#setAttributes(request, node)],
      [OP.OPEN, (request, { node }) => this.#open(request, node)],
      [OP.READ, (request, { node }) => this.#read(request, node)],
      [OP.WRITE, (request, { node }) => this.#write(request, node)],
      [OP.STATFS, () => this.#statfs()],
      [OP.RELEASE, done],
      [OP.FLUSH, ifThere],
      [OP.FSYNC, (_request, { node }) => this.#sync(node)],
      [OP.OPENDIR, (_request, { node }) => this.#openDirectory(node)],
      [OP.READDIR, (request, { node }) => this.#readDirectory(request, node, false)],
      [OP.READDIRPLUS, (request, { node }) => this.#readDirectory(request, node, true)],
      [OP.RELEASEDIR, done],
      [OP.FSYNCDIR, ifThere],
      [OP.ACCESS, ifThere],
      [OP.DESTROY, done],
    ]);
    if (config.strategy !== 'fmap-v4') return handlers;
    return handlers
      .set(OP.GET_FMAP, (_request, { node }) =>
        this.#sent(writeFmap(this.#tree, node, this.#devices, this.#out)),
      )
      .set(OP.GET_DAXDEV, (request) => this.#sent(writeDaxdev(this.#devices, request, this.#out)));
  }

  /** The first bytes of the buffer for replies. Never an empty piece: Node would make another system call for it. */
  #sent(length: number): ReplyBody {
    return length === 0 ? EMPTY : [this.#out.subarray(0, length)];
  }

  #lookup(request: Buffer, directory: number): ReplyBody {
    this.#checkDirectory(directory);
    const nameLength = request.length - IN_HEADER_BYTES - 1;
    if (request[request.length - 1] !== 0) throw new Refusal(EINVAL, 'the name does not end with NUL');
    const find = () => this.#tree.lookup(directory, request, IN_HEADER_BYTES, nameLength);
    let ino = find();
    if (ino === 0) {
      this.#log.withLog();
      ino = find();
    }
    if (ino === 0) throw new Refusal(ENOENT);
    this.#writeEntry(ino, this.#out, 0);
    return this.#sent(ENTRY_OUT_BYTES);
  }

  #writeEntry(ino: number, out: Buffer, at: number): void {
    out.fill(0, at, at + ENTRY_OUT_BYTES);
    writeNumber(out, at, ino);
    writeNumber(out, at + 16, FOREVER_SECONDS);
    writeNumber(out, at + 24, this.#attributeSeconds(ino));
    this.#attributes.write(ino, out, at + 40);
  }

  #getAttributes(ino: number): ReplyBody {
    if (this.#tree.kind.get(ino) === KIND.directory) this.#log.withLog();
    return this.#attributeReply(ino);
  }

  #attributeReply(ino: number): ReplyBody {
    this.#checkExists(ino);
    const out = this.#out;
    out.fill(0, 0, ATTR_OUT_BYTES);
    writeNumber(out, 0, this.#attributeSeconds(ino));
    this.#attributes.write(ino, out, 16);
    return this.#sent(ATTR_OUT_BYTES);
  }

  /** How long attributes may be cached: a file's never change, a directory's link count grows with what is logged. */
  #attributeSeconds(ino: number): number {
    return this.#tree.kind.get(ino) === KIND.directory ? 1 : FOREVER_SECONDS;
  }

  #setAttributes(request: Buffer, ino: number): ReplyBody {
    this.#checkExists(ino);
    const body = request.subarray(IN_HEADER_BYTES);
    const kind = this.#tree.kind.get(ino);
    if (body.readUInt32LE(0) & FATTR.SIZE) {
      if (kind === KIND.directory) throw new Refusal(EISDIR);
      if (readNumber(body, 16) !== this.#tree.size.get(ino)) {
        throw new Refusal(EPERM, 'famfs files never change size');
      }
    }
    if (kind > KIND.directory) throw new Refusal(EPERM, 'the files in .meta are as they are');
    this.#attributes.change(ino, body);
    return this.#attributeReply(ino);
  }

  #open(request: Buffer, ino: number): ReplyBody {
    this.#checkExists(ino);
    this.#io.checkOpen(ino, request.readUInt32LE(IN_HEADER_BYTES));
    // What the kernel knows the place of it serves without asking: this is the last chance to keep foreign bytes from it.
    if (this.#maps) {
      this.#checkDevice();
      this.#io.checkDevices(ino);
    }
    if (!this.#maps?.admit(ino)) return this.#openReply(this.#openFlags);
    writeMappedOpen(this.#out, ino);
    return this.#sent(MAPPED_OPEN_OUT_BYTES);
  }

  #openDirectory(ino: number): ReplyBody {
    this.#checkDirectory(ino);
    return this.#openReply(0);
  }

  #openReply(flags: number): ReplyBody {
    const out = this.#out.fill(0, 0, OPEN_OUT_BYTES);
    out.writeUInt32LE(flags, 8);
    return this.#sent(OPEN_OUT_BYTES);
  }

  #read(request: Buffer, ino: number): ReplyBody {
    this.#checkFile(ino);
    const offset = readNumber(request, IN_HEADER_BYTES + 8);
    const length = request.readUInt32LE(IN_HEADER_BYTES + 16);
    if (length > MAX_READ) throw new Refusal(EINVAL, `a read of ${length} bytes`);
    this.#checkDevice();
    return this.#io.read(ino, offset, length);
  }

  #write(request: Buffer, ino: number): ReplyBody {
    const offset = readNumber(request, IN_HEADER_BYTES + 8);
    const length = request.readUInt32LE(IN_HEADER_BYTES + 16);
    const start = IN_HEADER_BYTES + WRITE_IN_BYTES;
    if (start + length !== request.length)
      throw new Refusal(EINVAL, `a write of ${length} bytes without them`);
    this.#checkFile(ino);
    this.#checkDevice();
    if (request.readUInt32LE(IN_HEADER_BYTES + 20) & WRITE_KILL_SUIDGID) this.#dropSetIds(ino);
    const written = this.#io.write(ino, offset, request.subarray(start, start + length));
    this.page.countWritten(written);
    const out = this.#out.fill(0, 0, WRITE_OUT_BYTES);
    out.writeUInt32LE(written, 0);
    return this.#sent(WRITE_OUT_BYTES);
  }

  /** The kernel leaves this to the server where writes bypass the page cache, and has the mode cached. */
  #dropSetIds(ino: number): void {
    if (!this.#attributes.dropSetIds(ino)) return;
    try {
      this.notify(attributesChanged(ino));
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error; // which is: it does not know the inode
    }
  }

  #sync(ino: number): ReplyBody {
    this.#checkExists(ino);
    this.#checkDevice();
    this.#io.sync(ino);
    return EMPTY;
  }

  #readDirectory(request: Buffer, ino: number, plus: boolean): ReplyBody {
    this.#checkDirectory(ino);
    const cookie = readNumber(request, IN_HEADER_BYTES + 8);
    const size = Math.min(request.readUInt32LE(IN_HEADER_BYTES + 16), this.#out.length);
    if (cookie === 0) this.#log.withLog();
    const writer = plus
      ? (child: number, out: Buffer, at: number) => this.#writeEntry(child, out, at)
      : undefined;
    const used = listDirectory(this.#tree, ino, cookie, this.#out.subarray(0, size), writer);
    return this.#sent(used);
  }

  #statfs(): ReplyBody {
    this.#log.withLog();
    this.#space.write(this.#out);
    return this.#sent(STATFS_OUT_BYTES);
  }

  unreadable(): FamfsError {
    return this.#io.unreadable();
  }

  /** Makes durable what was written and not yet synced. */
  close(): void {
    try {
      this.#io.syncAll();
    } catch (error) {
      if (!(error instanceof Refusal || error instanceof FamfsError)) throw error;
      this.logger.error(`not all that was written is durable: ${error.message}`);
    } finally {
      this.#devices.close();
    }
  }

  #checkExists(ino: number): void {
    if (this.#tree.kind.get(ino) === KIND.none) throw new Refusal(ENOENT);
  }

  #checkFile(ino: number): void {
    this.#checkExists(ino);
    if (this.#tree.kind.get(ino) === KIND.directory) throw new Refusal(EISDIR);
  }

  #checkDirectory(ino: number): void {
    this.#checkExists(ino);
    if (this.#tree.kind.get(ino) !== KIND.directory) throw new Refusal(ENOTDIR);
  }
}
