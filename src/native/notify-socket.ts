import { closeSync } from 'node:fs';
import { bind, systemError } from './bind';

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;
/** Bytes of sun_path in struct sockaddr_un, with the NUL at the end of a path. */
const MOST_PATH_BYTES = 108;

/**
 * Sends one datagram to a Unix socket, which Node cannot. `address` is a path, or a name in the abstract name space
 * with "@" before it. Throws the system's error.
 */
export function sendDatagram(address: string, message: string): void {
  const libc = bind(
    { soname: 'libc.so.6', debianPackage: 'libc6' },
    {
      socket: { returns: 'i32', takes: ['i32', 'i32', 'i32'], errno: true },
      sendto: { returns: 'i64', takes: ['i32', 'bytes', 'i64', 'i32', 'bytes', 'u32'], errno: true },
    },
  );
  const socket = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket.value === -1) throw systemError('socket', socket.errno);
  try {
    const bytes = Buffer.from(message);
    const to = socketAddress(address);
    const { value, errno } = libc.sendto(socket.value, bytes, bytes.length, MSG_NOSIGNAL, to, to.length);
    if (value === -1) throw systemError('sendto', errno);
  } finally {
    closeSync(socket.value);
  }
}

function socketAddress(address: string): Buffer {
  const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`);
  if (path.length > MOST_PATH_BYTES) throw new Error(`${address}: too long for the address of a socket`);
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, path]);
}
