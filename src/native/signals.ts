import { constants } from 'node:os';
import { bindOnUse, systemError } from './bind';

const libc = bindOnUse(
  { soname: 'libc.so.6', debianPackage: 'libc6' },
  {
    dlsym: { returns: 'i64', takes: ['i64', 'text'] },
    sigaction: { returns: 'i32', takes: ['i32', 'bytes', 'i64'], errno: true },
    prctl: { returns: 'i32', takes: ['i32', 'i64', 'i64', 'i64', 'i64'] },
  },
);

const PR_SET_PDEATHSIG = 1;
const RTLD_DEFAULT = 0;
/** sizeof(struct sigaction) of glibc on 64-bit Linux: handler, 128 bytes of mask, flags, restorer. */
const SIGACTION_BYTES = 152;

/** Has the kernel kill this process when its parent dies. */
export function dieWithParent(): void {
  libc.prctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL, 0, 0, 0);
}

/**
 * Makes a signal end a blocking system call of the main thread with EINTR and do nothing else. A handler of Node's
 * would have the call restarted, and would run only when the process is back in its event loop. The handler is abs(3):
 * it takes the signal's number, touches nothing, and may run at any instruction.
 */
export function interruptSystemCallsOn(signal: 'SIGUSR2'): void {
  const action = Buffer.alloc(SIGACTION_BYTES);
  action.writeBigUInt64LE(BigInt(libc.dlsym(RTLD_DEFAULT, 'abs')), 0);
  const { value, errno } = libc.sigaction(constants.signals[signal], action, 0);
  if (value !== 0) throw systemError('sigaction', errno);
}
