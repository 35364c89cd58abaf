import { constants } from 'node:os';
import type { LogEntry } from '../../src/log/entry';
import { decodeAttr, decodeDirents, KERNEL_OP } from './fuse-structs';

/**
 * What a server must answer to any request, malformed ones above all: a second, slow implementation that looks at the
 * bytes of a request and keeps files as plain bytes. Of owner's mounts that are not read-only.
 */

const { EFBIG, EINVAL, EIO, EISDIR, ENOENT, ENOSYS, ENOTDIR, EOPNOTSUPP, EPERM, EROFS } = constants.errno;
const [ROOT, META, SUPERBLOCK, LOG, FIRST] = [1n, 2n, 3n, 4n, 16n];
const MIB = 2 ** 20;
const BEYOND = 2n ** 53n;

export interface ModelNode {
  readonly ino: bigint;
  readonly kind: 'file' | 'directory' | 'meta';
  readonly parent: bigint;
  readonly name: string;
  readonly size: number;
  /** Of files whose device is there. */
  readonly data?: Buffer;
  readonly isReadOnly: boolean;
  readonly attr: {
    mode: number;
    uid: number;
    gid: number;
    atime?: readonly [bigint, number];
    mtime?: readonly [bigint, number];
  };
}

/** An errno, or what looks at the body of a success and says what is wrong with it. */
export type Expectation = number | ((body: Buffer) => string | undefined);

const OP = KERNEL_OP;
const NO_REPLY: readonly number[] = [OP.forget, OP.batchForget, OP.interrupt];

/** Shortest bodies, from the structs of linux/fuse.h. */
const SHORTEST: Readonly<Record<number, number>> = {
  [OP.lookup]: 2,
  [OP.getattr]: 16,
  [OP.setattr]: 88,
  [OP.symlink]: 4,
  [OP.mknod]: 18,
  [OP.mkdir]: 10,
  [OP.unlink]: 2,
  [OP.rmdir]: 2,
  [OP.rename]: 12,
  [OP.link]: 10,
  [OP.open]: 8,
  [OP.read]: 40,
  [OP.write]: 40,
  [OP.statfs]: 0,
  [OP.release]: 24,
  [OP.fsync]: 16,
  [OP.flush]: 24,
  [OP.opendir]: 8,
  [OP.readdir]: 40,
  [OP.releasedir]: 24,
  [OP.fsyncdir]: 16,
  [OP.access]: 8,
  [OP.create]: 18,
  [OP.destroy]: 0,
  [OP.fallocate]: 32,
  [OP.readdirplus]: 40,
  [OP.rename2]: 20,
  [OP.tmpfile]: 17,
};

const REFUSED: Readonly<Record<number, number>> = {
  [OP.create]: EPERM,
  [OP.mknod]: EPERM,
  [OP.mkdir]: EPERM,
  [OP.symlink]: EPERM,
  [OP.link]: EPERM,
  [OP.unlink]: EPERM,
  [OP.rmdir]: EPERM,
  [OP.rename]: EPERM,
  [OP.rename2]: EPERM,
  [OP.tmpfile]: EOPNOTSUPP,
  [OP.fallocate]: EOPNOTSUPP,
};

export class FuzzModel {
  readonly nodes = new Map<bigint, ModelNode>();
  readonly #children = new Map<bigint, ModelNode[]>();
  readonly #byName = new Map<string, ModelNode>();
  readonly #handlers: Readonly<Record<number, (node: ModelNode, request: Buffer) => Expectation>> = {
    [OP.lookup]: (node, request) => this.#lookup(node, request),
    [OP.getattr]: (node) => (body) => this.#checkAttr(node, body, 16, 104),
    [OP.setattr]: (node, request) => this.#setattr(node, request.subarray(40)),
    [OP.open]: (node, request) => open(node, request.readUInt32LE(40)),
    [OP.read]: (node, request) => read(node, request),
    [OP.write]: (node, request) => write(node, request),
    [OP.opendir]: (node) => (node.kind === 'directory' ? hasBytes(16) : ENOTDIR),
    [OP.readdir]: (node, request) => this.#readdir(node, request, false),
    [OP.readdirplus]: (node, request) => this.#readdir(node, request, true),
    [OP.flush]: () => hasBytes(0),
    [OP.fsync]: ({ data, kind }) => (kind === 'file' && !data ? EIO : hasBytes(0)),
    [OP.fsyncdir]: () => hasBytes(0),
    [OP.access]: () => hasBytes(0),
  };

  /** Files with bytes on the device with the index `missing` answer EIO. */
  constructor(
    entries: readonly LogEntry[],
    logBytes: number,
    private readonly missing: number,
  ) {
    const attr = (mode: number) => ({ mode, uid: 0, gid: 0 });
    const meta = { parent: META, kind: 'meta', isReadOnly: true } as const;
    this.#add({
      ino: ROOT,
      kind: 'directory',
      parent: ROOT,
      name: '',
      size: 0,
      isReadOnly: false,
      attr: attr(0o40755),
    });
    this.#add({
      ino: META,
      kind: 'directory',
      parent: ROOT,
      name: '.meta',
      size: 0,
      isReadOnly: false,
      attr: attr(0o40755),
    });
    this.#add({ ...meta, ino: SUPERBLOCK, name: '.superblock', size: 2 * MIB, attr: attr(0o100444) });
    this.#add({ ...meta, ino: LOG, name: '.log', size: logBytes, attr: attr(0o100444) });
    entries.forEach((entry, index) => {
      this.#addEntry(entry, FIRST + BigInt(index));
    });
  }

  /** What must come back for a message, whatever it is; undefined when nothing must. Takes over what it changes. */
  expect(request: Buffer): Expectation | undefined {
    if (request.length < 16 || request.readBigUInt64LE(8) === 0n) return undefined;
    if (request.length < 40) return EINVAL;
    const opcode = request.readUInt32LE(4);
    if (NO_REPLY.includes(opcode)) return undefined;
    if (request.readUInt32LE(0) !== request.length) return EINVAL;
    const shortest = SHORTEST[opcode];
    if (shortest === undefined) return ENOSYS;
    if (request.length < 40 + shortest) return EINVAL;
    const refused = REFUSED[opcode];
    if (refused !== undefined) return refused;
    if (opcode === OP.statfs) return hasBytes(80);
    if (opcode === OP.release || opcode === OP.releasedir || opcode === OP.destroy) return hasBytes(0);
    if (opcode === OP.write && request.length !== 80 + request.readUInt32LE(56)) return EINVAL;
    const node = this.nodes.get(request.readBigUInt64LE(16));
    if (!node) return ENOENT;
    return this.#handlers[opcode]?.(node, request) ?? ENOSYS;
  }

  #addEntry(entry: LogEntry, ino: bigint): void {
    if (entry.type === 'add-daxdev') return;
    const path = entry.path.toString('latin1').split('/');
    const name = path.pop() ?? '';
    let parent = ROOT;
    for (const component of path) parent = this.#byName.get(`${parent}/${component}`)?.ino ?? 0n;
    if (parent === 0n || this.#byName.has(`${parent}/${name}`)) return;
    const { gid, mode, uid } = entry;
    if (entry.type === 'mkdir') {
      const attr = { mode: 0o40000 | mode, uid, gid };
      this.#add({ ino, kind: 'directory', parent, name, size: 0, isReadOnly: false, attr });
      return;
    }
    const extents = entry.map.kind === 'simple' ? entry.map.extents : entry.map.strips;
    const isThere = extents.every(({ devindex }) => devindex !== this.missing);
    const isReadOnly = (entry.flags & 1) !== 0;
    this.#add({
      ino,
      kind: 'file',
      parent,
      name,
      size: entry.size,
      ...(isThere ? { data: Buffer.alloc(entry.size) } : {}),
      isReadOnly,
      attr: { mode: 0o100000 | (isReadOnly ? mode & ~0o222 : mode), uid, gid },
    });
  }

  #add(node: ModelNode): void {
    this.nodes.set(node.ino, node);
    if (node.ino === ROOT) return;
    this.#byName.set(`${node.parent}/${node.name}`, node);
    this.#children.set(node.parent, [...this.#childrenOf(node.parent), node]);
  }

  #childrenOf(ino: bigint): readonly ModelNode[] {
    return this.#children.get(ino) ?? [];
  }

  #lookup(node: ModelNode, request: Buffer): Expectation {
    if (node.kind !== 'directory') return ENOTDIR;
    if (request.at(-1) !== 0) return EINVAL;
    const name = request.toString('latin1', 40, request.length - 1);
    const child = name.includes('/') ? undefined : this.#byName.get(`${node.ino}/${name}`);
    if (!child) return ENOENT;
    return (body) =>
      body.readBigUInt64LE(0) === child.ino ? this.#checkAttr(child, body, 40, 128) : 'another inode';
  }

  #checkAttr({ attr, ino, kind, size }: ModelNode, body: Buffer, at: number, length: number) {
    if (body.length !== length) return `${body.length} bytes`;
    const found = decodeAttr(body, at);
    const isDirectory = kind === 'directory';
    const links = 2 + this.#childrenOf(ino).filter((child) => child.kind === 'directory').length;
    const same =
      found.ino === ino &&
      found.size === BigInt(isDirectory ? 4096 : size) &&
      found.mode === attr.mode &&
      found.nlink === (isDirectory ? links : 1) &&
      found.uid === attr.uid &&
      found.gid === attr.gid &&
      (!attr.atime || (found.atime === attr.atime[0] && found.atimensec === attr.atime[1])) &&
      (!attr.mtime || (found.mtime === attr.mtime[0] && found.mtimensec === attr.mtime[1]));
    return same ? undefined : `attributes ${text(found)} instead of ${text(attr)}`;
  }

  #setattr(node: ModelNode, body: Buffer): Expectation {
    const valid = body.readUInt32LE(0);
    const has = (bit: number) => (valid & bit) !== 0;
    if (has(8) && node.kind === 'directory') return EISDIR;
    if (has(8) && body.readBigUInt64LE(16) !== BigInt(node.size)) return EPERM;
    if (node.kind === 'meta') return EPERM;
    const { attr } = node;
    if (has(1)) attr.mode = (attr.mode & 0o170000) | (body.readUInt32LE(68) & 0o7777);
    if (has(2)) attr.uid = body.readUInt32LE(76);
    if (has(4)) attr.gid = body.readUInt32LE(80);
    if (has(16)) setTime(attr, 'atime', has(128), body, 32, 56);
    if (has(32)) setTime(attr, 'mtime', has(256), body, 40, 60);
    return (reply) => this.#checkAttr(node, reply, 16, 104);
  }

  #readdir(node: ModelNode, request: Buffer, plus: boolean): Expectation {
    if (node.kind !== 'directory') return ENOTDIR;
    const cookie = request.readBigUInt64LE(48);
    const room = Math.min(request.readUInt32LE(56), MIB);
    const left = this.#behind(node, cookie);
    const fitting: string[] = [];
    let used = 0;
    for (const [name, offset] of left) {
      used += (plus ? 128 : 0) + Math.ceil((24 + name.length) / 8) * 8;
      if (used > room) break;
      fitting.push(`${name} ${offset}`);
    }
    if (fitting.length === 0 && left.length > 0) return EINVAL;
    return (body) => {
      const found = decodeDirents(body, plus).map(({ name, offset }) => `${name} ${offset}`);
      return text(found) === text(fitting) ? undefined : `entries ${text(found)} instead of ${text(fitting)}`;
    };
  }

  /** Names and cookies of a directory behind a cookie. */
  #behind(node: ModelNode, cookie: bigint): (readonly [string, bigint])[] {
    const all = [
      ['.', 1n] as const,
      ['..', 2n] as const,
      ...this.#childrenOf(node.ino).map(({ ino, name }) => [name, ino + 2n] as const),
    ];
    if (cookie === 0n) return all;
    const place = all.findIndex(([, offset]) => offset === cookie);
    return place === -1 ? [] : all.slice(place + 1);
  }
}

function open({ attr, isReadOnly, kind }: ModelNode, flags: number): Expectation {
  if (kind === 'directory') return EISDIR;
  if (flags & 0o1000) return EPERM;
  if ((flags & 3) === 0) return hasBytes(16);
  if (kind === 'meta') return EPERM;
  return isReadOnly && (attr.mode & 0o222) === 0 ? EROFS : hasBytes(16);
}

function read({ data, kind, size }: ModelNode, request: Buffer): Expectation {
  if (kind === 'directory') return EISDIR;
  const offset = request.readBigUInt64LE(48);
  const length = request.readUInt32LE(56);
  if (length > MIB) return EINVAL;
  const start = offset > BEYOND ? size : Math.min(size, Number(offset));
  const end = Math.min(size, start + length);
  if (kind === 'meta') return hasBytes(end - start);
  if (!data) return end > start ? EIO : hasBytes(0);
  return (body) => (body.equals(data.subarray(start, end)) ? undefined : 'other bytes');
}

function write({ data, kind, size }: ModelNode, request: Buffer): Expectation {
  if (kind === 'directory') return EISDIR;
  if (kind === 'meta') return EPERM;
  const offset = request.readBigUInt64LE(48);
  const bytes = request.subarray(80);
  if (bytes.length === 0) return (body) => (body.readUInt32LE(0) === 0 ? undefined : 'bytes out of nothing');
  if (offset >= BigInt(size)) return EFBIG;
  if (!data) return EIO;
  const count = bytes.copy(data, Number(offset));
  return (body) => (body.length === 8 && body.readUInt32LE(0) === count ? undefined : `not ${count} bytes`);
}

function setTime(
  attr: ModelNode['attr'],
  which: 'atime' | 'mtime',
  now: boolean,
  body: Buffer,
  secondsAt: number,
  nanosecondsAt: number,
): void {
  if (now) {
    delete attr[which];
    return;
  }
  const most = BEYOND - 1n;
  const seconds = body.readBigInt64LE(secondsAt);
  const clamped = seconds > most ? most : seconds < -most ? -most : seconds;
  attr[which] = [clamped, Math.min(body.readUInt32LE(nanosecondsAt), 999_999_999)];
}

function hasBytes(length: number): Expectation {
  return (body) => (body.length === length ? undefined : `a body of ${body.length} bytes and not ${length}`);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}` : item));
}
