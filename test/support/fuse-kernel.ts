import { readSync, writeSync } from 'node:fs';
import { openDevice } from '../../src/device/open';
import type { WorkerConfig } from '../../src/fuse/config';
import { DeviceWatch } from '../../src/fuse/device-watch';
import { FileServer } from '../../src/fuse/file-server';
import { type Negotiated, negotiate } from '../../src/fuse/init';
import { Logger } from '../../src/fuse/logger';
import type { MountFacts } from '../../src/fuse/maps/choose';
import { attachDevice, type Ioctl, type Notify } from '../../src/fuse/maps/extent-maps';
import { RequestLoop } from '../../src/fuse/request-loop';
import { SharedState } from '../../src/fuse/shared-state';
import type { WorkerPage } from '../../src/fuse/worker-page';
import { inspectHeader } from '../../src/log/header';
import { Replay } from '../../src/log/replay';
import { loadSuperblock } from '../../src/log/superblock';
import { Members } from '../../src/members/members';
import { type SocketPair, socketPair } from './fuse-socket';
import { decodeMessage, encodeRequest, initIn, KERNEL_OP, type Message } from './fuse-structs';

/** A kernel that offers all that the server knows, of the newest protocol version without file maps. */
export const TODAY = { minor: 45, flags: 0xff_ffff_ffffn & ~(1n << 37n) } as const;

export interface KernelOptions {
  /** What the kernel speaks and offers. */
  readonly minor?: number;
  readonly flags?: bigint;
  readonly facts?: Partial<MountFacts>;
  readonly config?: Partial<WorkerConfig>;
  /** What the kernel does about an ioctl or a notification, after it was recorded: throw to refuse. */
  readonly onIoctl?: (call: IoctlCall) => void;
  readonly onNotify?: (message: Message) => void;
  /** Where secondary devices are looked for first. */
  readonly devices?: readonly string[];
  /** State of a worker before, or of another one. */
  readonly shared?: SharedState;
  readonly logger?: RecordingLogger;
}

export interface IoctlCall {
  readonly fd: number;
  readonly request: number;
  /** As it was at the time of the call. */
  readonly argument: Buffer;
}

/** Keeps what is logged, at the level debug. */
export class RecordingLogger extends Logger {
  readonly lines: string[] = [];

  constructor() {
    super('debug', 'test');
  }

  override error(message: string): void {
    this.lines.push(`error ${message}`);
  }

  override warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  override info(message: string): void {
    this.lines.push(`info ${message}`);
  }

  override debug(message: () => string): void {
    this.lines.push(`debug ${message()}`);
  }
}

/**
 * Plays the kernel against the server's own request loop on a device, over a pair of sockets and in one thread: a
 * request is written, the loop takes one step, and the reply is read.
 */
export class TestKernel {
  readonly ioctls: IoctlCall[] = [];
  readonly notifications: Message[] = [];
  readonly logger: RecordingLogger;
  readonly agreed: Negotiated;
  readonly shared: SharedState;
  readonly page: WorkerPage;
  readonly loop: RequestLoop;
  readonly replay: Replay;
  readonly members: Members;
  /** What the supervisor does about devices. */
  readonly watch: DeviceWatch;
  /** What the supervisor logs. */
  readonly supervisorLogger = new RecordingLogger();
  readonly initReply: Message;
  readonly #server: FileServer;
  readonly #sockets: SocketPair = socketPair();
  #isOpen = true;
  readonly #incoming = Buffer.alloc(2 ** 20 + 4096);
  #unique = 2n;

  constructor(devicePath: string, options: KernelOptions = {}) {
    const { minor = TODAY.minor, flags = TODAY.flags, facts, config } = options;
    this.logger = options.logger ?? new RecordingLogger();
    this.send(encodeRequest(KERNEL_OP.init, 0n, this.#unique, initIn(minor, flags)));
    const negotiated = negotiate(this.#sockets.server, {
      fmap: 'auto',
      deviceKind: 'file',
      privileged: true,
      ...facts,
    });
    this.initReply = this.receive();
    const registrar = { fuseFd: this.#sockets.server, writable: true, ioctl: this.#ioctl(options) };
    const choice = attachDevice(negotiated, registrar, devicePath);
    this.agreed = { ...negotiated, ...choice };
    const device = openDevice(devicePath, { writable: true, noSync: true });
    const superblock = loadSuperblock(device);
    this.shared = options.shared ?? SharedState.create(superblock.logLength);
    this.page = this.shared.workers[0] as WorkerPage;
    this.replay = new Replay(device, superblock, () => {});
    this.replay.to(inspectHeader(device, superblock.logLength).counters.nextIndex);
    const { devices = [] } = options;
    this.members = new Members(device, superblock, this.replay.devices, devices, {
      writable: true,
      noSync: true,
    });
    this.watch = new DeviceWatch(
      device,
      superblock,
      devices,
      DEFAULT_CONFIG.directory,
      this.shared,
      this.supervisorLogger,
    );
    this.watch.start(choice.strategy === 'extent-maps' ? registrar : undefined);
    const workerConfig: WorkerConfig = {
      ...DEFAULT_CONFIG,
      device: devicePath,
      mmapWithDirectIo: this.agreed.mmapWithDirectIo,
      strategy: this.agreed.strategy,
      ...config,
    };
    this.#server = new FileServer(
      this.members,
      this.replay,
      workerConfig,
      this.shared,
      this.page,
      this.#notify(options),
      this.logger,
    );
    this.loop = new RequestLoop(this.#sockets.server, this.#server, this.shared, this.page, this.logger);
  }

  /** Sends a request, has it served, and returns the reply; throws when what comes back does not belong to it. */
  ask(opcode: number, node: number | bigint, body: Buffer = Buffer.alloc(0)): Message {
    const unique = this.#nextUnique();
    this.send(encodeRequest(opcode, BigInt(node), unique, body));
    this.loop.step();
    const reply = this.receive();
    if (reply.unique !== unique || reply.length !== reply.bytes.length) {
      throw new Error(
        `opcode ${opcode}: a reply of ${reply.bytes.length} bytes, ${JSON.stringify(reply.length)}`,
      );
    }
    return reply;
  }

  /** The body of the reply to a request that must succeed. */
  do(opcode: number, node: number | bigint, body?: Buffer): Buffer {
    const reply = this.ask(opcode, node, body);
    if (reply.error !== 0) throw new Error(`opcode ${opcode} of inode ${node}: error ${reply.error}`);
    return reply.body;
  }

  /** Writes a request as it is, without having it served. */
  send(request: Buffer): void {
    writeSync(this.#sockets.kernel, request);
  }

  /** The next message of the server, which must be there or on its way. */
  receive(): Message {
    const length = readSync(this.#sockets.kernel, this.#incoming, 0, this.#incoming.length, null);
    return decodeMessage(Buffer.from(this.#incoming.subarray(0, length)));
  }

  /** Ends it all, as an unmount does. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#sockets.close();
    this.watch.close();
    this.#server.close();
  }

  /** Closes the kernel's end alone, as an unmount does that the server has yet to hear of. */
  hangUp(): void {
    this.#sockets.hangUp();
  }

  #nextUnique(): bigint {
    this.#unique += 2n;
    return this.#unique;
  }

  #ioctl({ onIoctl }: KernelOptions): Ioctl {
    return (fd, request, argument) => {
      const call = { fd, request, argument: Buffer.from(argument) };
      this.ioctls.push(call);
      onIoctl?.(call);
      return 0;
    };
  }

  #notify({ onNotify }: KernelOptions): Notify {
    return (bytes) => {
      const message = decodeMessage(Buffer.from(bytes));
      this.notifications.push(message);
      onNotify?.(message);
    };
  }
}

const DEFAULT_CONFIG: WorkerConfig = {
  device: '/dev/none',
  devices: [],
  directory: '/mnt/none',
  directoryId: '0:0',
  readOnly: false,
  noSync: true,
  logLevel: 'error',
  cache: 'none',
  fmap: 'auto',
  workers: 1,
  pollSeconds: 0,
  allowOther: true,
  kernelOptions: [],
  role: 'owner',
  slot: 0,
  mmapWithDirectIo: true,
  strategy: 'plain',
  uuid: '00000000-0000-4000-8000-000000000000',
  deviceLink: '/dev/none',
  mountedAt: 1_700_000_000_123,
};
