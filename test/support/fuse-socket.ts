import { closeSync } from 'node:fs';
import { bind, systemError } from '../../src/native/bind';

const libc = bind(
  { soname: 'libc.so.6', debianPackage: 'libc6' },
  {
    socketpair: { returns: 'i32', takes: ['i32', 'i32', 'i32', 'bytes'], errno: true },
    setsockopt: { returns: 'i32', takes: ['i32', 'i32', 'i32', 'bytes', 'u32'] },
  },
);

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVTIMEO = 20;
const SO_SNDBUFFORCE = 32;
/** Room for messages of 1 MiB, where the process may ask for so much. */
const SEND_BYTES = 2 ** 22;
/** A message that does not come within this time never will: reading it fails with EAGAIN. */
const PATIENCE_SECONDS = 1n;

/** Two descriptors that stand for /dev/fuse and the kernel behind it: what is written to one is read from the other. */
export interface SocketPair {
  readonly server: number;
  readonly kernel: number;
  /** Closes the kernel's end. */
  hangUp(): void;
  close(): void;
}

/** A pair of sockets that keep the boundaries of messages, as /dev/fuse does. */
export function socketPair(): SocketPair {
  const pair = Buffer.alloc(8);
  const { value, errno } = libc.socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  if (value !== 0) throw systemError('socketpair', errno);
  const [server, kernel] = [pair.readInt32LE(0), pair.readInt32LE(4)];
  const room = Buffer.alloc(4);
  room.writeInt32LE(SEND_BYTES, 0);
  for (const fd of [server, kernel]) {
    const forced = libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, room, room.length) === 0;
    if (!forced) libc.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, room, room.length);
  }
  const patience = Buffer.alloc(16); // struct timeval
  patience.writeBigInt64LE(PATIENCE_SECONDS, 0);
  for (const fd of [server, kernel]) libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.length);
  const open = new Set([server, kernel]);
  const end = (fd: number) => {
    if (open.delete(fd)) closeSync(fd);
  };
  return {
    server,
    kernel,
    hangUp: () => end(kernel),
    close: () => {
      end(server);
      end(kernel);
    },
  };
}
