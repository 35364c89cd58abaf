import { truncateSync, writeFileSync } from 'node:fs';
import type { LogEntry } from '../../src/log/entry';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET, SUPERBLOCK } from '../../src/log/layout';
import { encodeSecondary } from '../../src/log/secondary';
import { decodeSuperblock } from '../../src/log/superblock';
import type { FileMap } from '../../src/types';
import { type Expectation, FuzzModel, type ModelNode } from './fuse-fuzz-model';
import { RecordingLogger, TestKernel } from './fuse-kernel';
import { cString, encodeRequest, KERNEL_OP, pack, readIn, setattrIn, writeIn } from './fuse-structs';
import { addDaxdev, file, GIB, type ImageOptions, mkdir, Space } from './images';
import { seeded } from './random';
import { readRange } from './run-device';

/** Seeded requests, sound and malformed, against the server's own loop, with every answer held to a model. */

const UNIT = 4096;
export const FUZZ_IMAGE: ImageOptions = {
  allocUnit: UNIT,
  deviceSize: LOG_OFFSET + DEFAULT_LOG_LENGTH + 4 * 2 ** 20,
};

const MISSING = 1;
const SECOND = { index: 2, uuid: '4c1f0a6e-93d7-4b58-8e21-d05a7c3b9f06', size: 8 * 2 ** 20 };

/**
 * A small file system with a file of every kind of map, and entries that make no inode. Of its devices one is not there,
 * and another one is beside the image, as writeSecond makes it.
 */
export function fuzzEntries(): LogEntry[] {
  const space = new Space(FUZZ_IMAGE);
  return [
    file('one', 1, space.simple(1)),
    mkdir('a'),
    file('a/three', 3 * UNIT - 1, space.simple(UNIT, UNIT, UNIT)),
    mkdir('a/b', 0o700),
    file('a/b/striped', 40 * UNIT + 9, space.interleaved(40 * UNIT + 9, 3, UNIT)),
    file('a/b/wide', 33 * UNIT, space.interleaved(33 * UNIT, 16, 2 * UNIT)),
    addDaxdev(MISSING, 8 * GIB, crypto.randomUUID()),
    addDaxdev(SECOND.index, SECOND.size, SECOND.uuid),
    file('a/remote', UNIT, on(MISSING, 2 ** 21, UNIT)),
    file('a/second', 5 * UNIT - 7, on(SECOND.index, 2 ** 21, 5 * UNIT)),
    file('a/spread', 50 * UNIT + 1, {
      kind: 'interleaved',
      chunkSize: UNIT,
      strips: [space.take(26 * UNIT), { devindex: SECOND.index, offset: 2 ** 22, length: 26 * UNIT }],
    }),
    file('one', UNIT, space.simple(UNIT)), // its path is taken
    file('nowhere/lost', UNIT, space.simple(UNIT)), // no parent
    file('empty', 0, space.simple(0)),
    file('read-only', UNIT, space.simple(UNIT), { flags: 1, mode: 0o666 }),
    file('n'.repeat(79), UNIT, space.simple(UNIT)),
    ...Array.from({ length: 12 }, (_, i) => mkdir(`a/b/${'d'.repeat(i + 1)}`)),
    file('Größe', 2 ** 20 + 5, space.simple(2 ** 20 + 5), { uid: 1, gid: 2, mode: 0o4711 }),
  ];
}

const on = (devindex: number, offset: number, length: number): FileMap => ({
  kind: 'simple',
  extents: [{ devindex, offset, length }],
});

/** Makes the device beside an image of fuzzEntries() that holds its other files. Returns its path. */
function writeSecond(image: string): string {
  const primary = decodeSuperblock(readRange(image, 0, SUPERBLOCK.bytes));
  const path = `${image}.second`;
  writeFileSync(path, encodeSecondary(primary, SECOND.uuid));
  truncateSync(path, SECOND.size);
  return path;
}

const NUMBERS = [
  0n,
  1n,
  2n,
  3n,
  18n,
  4095n,
  4096n,
  2n ** 20n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
]
  .flatMap((value) => [value, value + 1n])
  .concat(2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n);
const NAMES = [
  'one',
  'a',
  '.meta',
  '.log',
  'read-only',
  'n'.repeat(79),
  'no',
  '',
  '.',
  '..',
  'a/b',
  'x\0y',
  'd',
];
const OPCODES = Object.values(KERNEL_OP);
/** What is asked most: data, names and attributes. */
const FREQUENT = [
  KERNEL_OP.lookup,
  KERNEL_OP.getattr,
  KERNEL_OP.setattr,
  KERNEL_OP.open,
  KERNEL_OP.read,
  KERNEL_OP.write,
  KERNEL_OP.readdir,
  KERNEL_OP.readdirplus,
];

const DIRECTORY_OPCODES: readonly number[] = [
  KERNEL_OP.lookup,
  KERNEL_OP.readdir,
  KERNEL_OP.readdirplus,
  KERNEL_OP.opendir,
];

/** Errors in the log tell of defects; those of requests without a header are expected. */
class ErrorLogger extends RecordingLogger {
  override error(message: string): void {
    if (!message.endsWith('shorter than its header')) super.error(message);
  }

  override info(): void {}

  override debug(): void {}
}

export class Fuzzer {
  readonly kernel: TestKernel;
  readonly #model = new FuzzModel(fuzzEntries(), DEFAULT_LOG_LENGTH, MISSING);
  readonly #directories = this.#inodes((kind) => kind === 'directory');
  readonly #files = this.#inodes((kind) => kind !== 'directory');
  readonly #random: () => number;
  readonly #metadata: Buffer;
  requests = 0;
  /** Requests that were answered with an errno. */
  errors = 0;

  /** `device` is the path of an image of fuzzEntries(). */
  constructor(
    private readonly device: string,
    private readonly seed: number,
  ) {
    this.#random = seeded(seed);
    this.#metadata = this.#readMetadata();
    this.kernel = new TestKernel(device, { logger: new ErrorLogger(), devices: [writeSecond(device)] });
  }

  /** Sends so many requests. Throws, naming the request, at the first answer that is not what the model says. */
  run(count: number): void {
    for (let i = 0; i < count; i++) {
      const request = this.#request();
      const expected = this.#model.expect(request);
      this.kernel.send(request);
      this.kernel.loop.step();
      if (expected !== undefined) this.#checkReply(request, expected);
      this.requests++;
    }
    this.#finish();
  }

  close(): void {
    this.kernel.close();
  }

  #checkReply(request: Buffer, expected: Expectation): void {
    const { body, bytes, error, length, unique } = this.kernel.receive();
    if (length !== bytes.length) this.#fail(request, `a length of ${length} in ${bytes.length} bytes`);
    if (unique !== request.readBigUInt64LE(8)) this.#fail(request, `a unique of ${unique}`);
    if (error !== 0) this.errors++;
    if (typeof expected === 'number') {
      if (error !== -expected) this.#fail(request, `error ${error} instead of ${-expected}`);
      if (body.length > 0) this.#fail(request, 'an error with a body');
      return;
    }
    if (error !== 0) this.#fail(request, `error ${error} instead of success`);
    const wrong = expected(body);
    if (wrong !== undefined) this.#fail(request, wrong);
  }

  /** Nothing but the bytes of files may have changed, and those only as the model says. */
  #finish(): void {
    const { logger, shared } = this.kernel;
    if (logger.lines.length > 0) throw new Error(`seed ${this.seed}: the log says ${logger.lines[0]}`);
    if (shared.deviceFailed || shared.frozen)
      throw new Error(`seed ${this.seed}: the device counts as failed`);
    if (!this.#readMetadata().equals(this.#metadata)) throw new Error(`seed ${this.seed}: metadata changed`);
    for (const { data, ino } of this.#model.nodes.values()) {
      for (let at = 0; data && at < data.length; at += 2 ** 20) {
        const body = this.kernel.do(KERNEL_OP.read, ino, readIn(BigInt(at), 2 ** 20));
        if (!body.equals(data.subarray(at, at + 2 ** 20)))
          throw new Error(`seed ${this.seed}: inode ${ino} differs`);
      }
    }
  }

  #fail(request: Buffer, what: string): never {
    const head = request.subarray(0, 160).toString('hex');
    throw new Error(`seed ${this.seed}, request ${this.requests}: ${what}; ${request.length} bytes: ${head}`);
  }

  #inodes(isWanted: (kind: ModelNode['kind']) => boolean): bigint[] {
    return [...this.#model.nodes.values()].filter(({ kind }) => isWanted(kind)).map(({ ino }) => ino);
  }

  #readMetadata(): Buffer {
    return readRange(this.device, 0, LOG_OFFSET + 2 ** 16);
  }

  #request(): Buffer {
    const opcode = this.#opcode();
    const unique = this.#chance(0.02) ? this.#pick(NUMBERS) : BigInt(2 * this.requests + 2);
    const request = encodeRequest(opcode, this.#node(opcode), unique, this.#body(opcode));
    return this.#chance(0.2) ? this.#mutate(request) : request;
  }

  #opcode(): number {
    if (this.#chance(0.8)) return this.#pick(FREQUENT);
    return this.#chance(0.9) ? this.#pick(OPCODES) : this.#below(2 ** this.#below(33));
  }

  #node(opcode: number): bigint {
    if (this.#chance(0.6))
      return this.#pick(DIRECTORY_OPCODES.includes(opcode) ? this.#directories : this.#files);
    if (this.#chance(0.6)) return this.#pick([...this.#directories, ...this.#files]);
    return this.#chance(0.7) ? BigInt(this.#below(40)) : this.#pick(NUMBERS);
  }

  #body(opcode: number): Buffer {
    switch (opcode) {
      case KERNEL_OP.lookup:
        return this.#name();
      case KERNEL_OP.setattr:
        return this.#setattr();
      case KERNEL_OP.open:
        return pack(this.#chance(0.7) ? this.#below(3) : this.#below(2 ** 32), 0);
      case KERNEL_OP.read:
        return readIn(this.#offset(), this.#size());
      case KERNEL_OP.readdir:
      case KERNEL_OP.readdirplus:
        return readIn(this.#chance(0.5) ? BigInt(this.#below(45)) : this.#offset(), this.#size());
      case KERNEL_OP.write:
        return this.#write();
      default:
        return Buffer.concat([this.#bytes(this.#below(100)), this.#chance(0.5) ? this.#name() : pack()]);
    }
  }

  #setattr(): Buffer {
    const time = () => [this.#pick(NUMBERS), this.#below(2 ** 32)] as const;
    const sizes = [0n, 1n, BigInt(UNIT), BigInt(3 * UNIT - 1)];
    return setattrIn({
      valid: this.#below(512) & (this.#chance(0.7) ? ~8 : ~0),
      size: this.#chance(0.8) ? this.#pick(sizes) : this.#pick(NUMBERS),
      atime: time(),
      mtime: time(),
      mode: this.#below(2 ** 32),
      uid: this.#below(2 ** 32),
      gid: this.#below(2 ** 32),
    });
  }

  #write(): Buffer {
    const length = this.#chance(0.97) ? this.#below(3 * UNIT) : this.#below(2 ** 20);
    const data = this.#bytes(this.#chance(0.95) ? length : 0);
    const size = this.#chance(0.95) ? data.length : Number(this.#pick(NUMBERS) & 0xffffffffn);
    return writeIn(this.#offset(), data, size);
  }

  /** Mostly within files. */
  #offset(): bigint {
    return this.#chance(0.9) ? BigInt(this.#below(2 ** (1 + this.#below(20)))) : this.#pick(NUMBERS);
  }

  #size(): number {
    return this.#chance(0.95) ? this.#below(2 ** (1 + this.#below(17))) : this.#below(2 ** 32);
  }

  #name(): Buffer {
    const name = this.#chance(0.9) ? Buffer.from(this.#pick(NAMES)) : this.#bytes(this.#below(300));
    return this.#chance(0.95) ? cString(name) : name;
  }

  /** Cuts, lengthens or changes a request, its header included. */
  #mutate(request: Buffer): Buffer {
    switch (this.#below(5)) {
      case 0: {
        const cut = request.subarray(0, 1 + this.#below(request.length));
        return this.#chance(0.7) ? this.#withLength(cut, cut.length) : cut;
      }
      case 1: {
        const longer = Buffer.concat([request, this.#bytes(1 + this.#below(64))]);
        return this.#withLength(longer, longer.length);
      }
      case 2:
        return this.#withLength(request, this.#below(2 ** 32));
      case 3:
        return this.#withNumber(request);
      default:
        for (let i = 0; i < 3; i++) request[this.#below(request.length)] = this.#below(256);
        return request;
    }
  }

  #withLength(request: Buffer, length: number): Buffer {
    if (request.length >= 4) request.writeUInt32LE(length, 0);
    return request;
  }

  #withNumber(request: Buffer): Buffer {
    if (request.length >= 48) {
      const at = 8 + 8 * this.#below(Math.min(14, (request.length - 8) >> 3));
      request.writeBigUInt64LE(this.#pick(NUMBERS), at);
    }
    return request;
  }

  #bytes(length: number): Buffer {
    const byte = this.#below(256);
    const bytes = Buffer.alloc(length, byte);
    for (let i = 0; i < length; i += 97) bytes[i] = this.#below(256);
    return bytes;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }
}
