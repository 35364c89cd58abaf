import { writeSync } from 'node:fs';
import { answerInit, negotiate } from '../../../src/fuse/init';
import type { MountFacts } from '../../../src/fuse/maps/choose';
import { socketPair } from '../../support/fuse-socket';
import { encodeRequest, initIn, KERNEL_OP } from '../../support/fuse-structs';

const DEVDAX: MountFacts = { fmap: 'auto', deviceKind: 'devdax', privileged: true };
const bit = (number: number) => 1n << BigInt(number);
const LOW = 0xffff_ffffn;
const INIT_EXT = bit(30);
const HIGH = LOW << 32n;
const UNIQUE = 0x1122_3344n;

const init = (minor: number, flags: bigint, facts = DEVDAX) =>
  answerInit(encodeRequest(KERNEL_OP.init, 0n, UNIQUE, initIn(minor, flags)), facts);

/** The reply as bytes: words of 4 bytes, in the order of struct fuse_init_out. */
function reply(minor: string, flags: string, flags2 = '00000000', stackDepth = '00000000'): string {
  const header = `50000000 00000000 44332211 00000000`;
  const limits = `4000 3000 00001000 01000000 0001 0000`;
  const body = `07000000 ${minor} 00000200 ${flags} ${limits} ${flags2} ${stackDepth}`;
  return `${header}${body}`.replaceAll(' ', '') + '00'.repeat(24);
}

// ASYNC_READ, ATOMIC_O_TRUNC, BIG_WRITES, DO_READDIRPLUS, READDIRPLUS_AUTO, ASYNC_DIO, PARALLEL_DIROPS, MAX_PAGES.
const OLD = '29e04400';
const EXTENDED = '29e04440';

test.each([
  ['7.31, all of its flags', 31, LOW & ~INIT_EXT, reply('1f000000', OLD)],
  ['7.31, no flags', 31, 0n, reply('1f000000', '00000000')],
  ['7.31, a stray bit 30 without the field that it announces', 31, LOW, reply('1f000000', EXTENDED)],
  ['7.38, all of its flags', 38, LOW | bit(36), reply('26000000', EXTENDED, '10000000')],
  ['7.38, no mmap under direct I/O', 38, LOW, reply('26000000', EXTENDED)],
  ['7.38, no flags', 38, 0n, reply('26000000', '00000000')],
  ['7.45, all flags', 45, HIGH | LOW, reply('2d000000', EXTENDED, '90000000')],
  ['7.45, the high word not announced', 45, HIGH | (LOW & ~INIT_EXT), reply('2d000000', OLD)],
  ['7.45, resend alone', 45, bit(39) | INIT_EXT, reply('2d000000', '00000040', '80000000')],
  ['7.45, no flags', 45, 0n, reply('2d000000', '00000000')],
  ['7.47, all flags', 47, HIGH | LOW, reply('2f000000', EXTENDED, 'b0000000', '01000000')],
  ['7.47, no passthrough', 47, (HIGH | LOW) & ~bit(37), reply('2d000000', EXTENDED, '90000000')],
  ['7.47, no flags', 47, 0n, reply('2d000000', '00000000')],
  ['7.99, all flags', 99, HIGH | LOW, reply('2f000000', EXTENDED, 'b0000000', '01000000')],
])('the reply to a kernel of %s', (_what, minor, flags, expected) => {
  expect(init(minor, flags).reply.toString('hex')).toBe(expected);
});

test('the fmap bit is taken only when it is asked for and offered', () => {
  const asked = { ...DEVDAX, fmap: 'v4' as const };
  const flags = HIGH | LOW;
  expect(init(46, flags, asked).reply.toString('hex')).toBe(reply('2e000000', EXTENDED, '90080000'));
  expect(init(47, flags, asked).reply.toString('hex')).toBe(reply('2e000000', EXTENDED, '90080000'));
  const without = flags & ~bit(43);
  expect(init(46, without, asked).reply.toString('hex')).toBe(reply('2d000000', EXTENDED, '90000000'));
  expect(init(46, flags).reply.toString('hex')).toBe(reply('2d000000', EXTENDED, '90000000'));
});

test('what was agreed is told', () => {
  expect(init(31, 0n).agreed).toMatchObject({ minor: 31, resend: false, mmapWithDirectIo: false });
  expect(init(38, LOW | bit(36)).agreed).toMatchObject({ minor: 38, resend: false, mmapWithDirectIo: true });
  expect(init(47, HIGH | LOW).agreed).toMatchObject({
    minor: 47,
    resend: true,
    mmapWithDirectIo: true,
    strategy: 'extent-maps',
  });
});

test.each([
  ['7.30', encodeRequest(KERNEL_OP.init, 0n, 2n, initIn(30, 0n)), /speaks FUSE 7\.30; 7\.31 or newer/],
  ['6.40', encodeRequest(KERNEL_OP.init, 0n, 2n, initIn(40, 0n, 6)), /speaks FUSE 6\.40/],
  ['8.0', encodeRequest(KERNEL_OP.init, 0n, 2n, initIn(0, 0n, 8)), /speaks FUSE 8\.0/],
  ['another request', encodeRequest(KERNEL_OP.statfs, 1n, 2n, initIn(45, 0n)), /is no INIT/],
  ['a truncated one', encodeRequest(KERNEL_OP.init, 0n, 2n, initIn(45, 0n).subarray(0, 15)), /is no INIT/],
])('%s is no kernel to speak to', (_what, request, message) => {
  expect(() => answerInit(request, DEVDAX)).toThrow(
    expect.objectContaining({ code: 'mount-failed', message: expect.stringMatching(message) }),
  );
});

test('a request cut short is seen as such on the descriptor as well', () => {
  const pair = socketPair();
  writeSync(pair.kernel, encodeRequest(KERNEL_OP.init, 0n, 2n, Buffer.alloc(0)));
  expect(() => negotiate(pair.server, DEVDAX)).toThrow(/is no INIT/);
  pair.close();
});
