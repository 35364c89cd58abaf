import { constants } from 'node:os';
import { SHORTEST_BODY } from '../../../src/fuse/protocol';
import { FuseImages, inoOf } from '../../support/fuse-image';
import type { TestKernel } from '../../support/fuse-kernel';
import { cString, encodeRequest, KERNEL_OP, pack, readIn, writeIn } from '../../support/fuse-structs';
import { TYPICAL } from '../../support/images';

/** Requests that no kernel sends: each gets its errno, and the loop goes on. */

const images = new FuseImages();
const { EINVAL, ENOENT } = constants.errno;
const FILE = BigInt(inoOf(TYPICAL.file));

/** Has a request served as it is, and then one that is sound, to see that nothing is out of step. */
function serve(kernel: TestKernel, request: Buffer, hasReply = true) {
  kernel.send(request);
  expect(kernel.loop.step()).toBe(true);
  const reply = hasReply ? kernel.receive() : undefined;
  expect(kernel.do(KERNEL_OP.statfs, 1)).toHaveLength(80);
  return reply;
}

test.each([...SHORTEST_BODY])('opcode %d with a body of less than %d bytes is EINVAL', (opcode, shortest) => {
  const kernel = images.kernel(images.device(), {
    minor: 46,
    facts: { deviceKind: 'devdax', fmap: 'v4' },
    flags: 2n ** 64n - 1n,
  });
  // What a longer request left in the buffer must not be taken for a part of a shorter one.
  serve(kernel, encodeRequest(opcode, FILE, 6n, Buffer.alloc(shortest + 100, 0x41)));
  for (const length of new Set([0, 1, shortest - 1])) {
    expect(serve(kernel, encodeRequest(opcode, FILE, 8n, Buffer.alloc(length)))).toMatchObject({
      error: -EINVAL,
      unique: 8n,
      length: 16,
    });
  }
});

test.each([
  ['0', 0],
  ['less than a header', 39],
  ['one less', 55],
  ['one more', 57],
  ['2^32 - 1', 2 ** 32 - 1],
])('a length of %s in the header is EINVAL', (_what, length) => {
  const kernel = images.kernel(images.device());
  const request = encodeRequest(KERNEL_OP.getattr, FILE, 8n, Buffer.alloc(16), length);
  expect(serve(kernel, request)).toMatchObject({ error: -EINVAL, unique: 8n });
});

test.each([1, 15])('%d bytes are too few to be answered', (length) => {
  const kernel = images.kernel(images.device());
  const request = encodeRequest(KERNEL_OP.getattr, FILE, 8n, Buffer.alloc(0)).subarray(0, length);
  serve(kernel, request, false);
  expect(kernel.logger.lines[0]).toBe(`error a request of ${length} bytes: shorter than its header`);
});

test.each([16, 39])('%d bytes are no header, but tell whom to answer', (length) => {
  const kernel = images.kernel(images.device());
  const request = encodeRequest(KERNEL_OP.getattr, FILE, 8n, Buffer.alloc(0)).subarray(0, length);
  expect(serve(kernel, request)).toMatchObject({ error: -EINVAL, unique: 8n, length: 16 });
});

test('requests with a unique of 0 are not answered: that would be a notification', () => {
  const kernel = images.kernel(images.device());
  const request = encodeRequest(KERNEL_OP.getattr, FILE, 0n, Buffer.alloc(16));
  serve(kernel, request, false);
  serve(kernel, request.subarray(0, 20), false);
  serve(kernel, encodeRequest(4096, FILE, 0n, Buffer.alloc(0)), false);
});

test.each([
  ['FORGET', KERNEL_OP.forget],
  ['BATCH_FORGET', KERNEL_OP.batchForget],
  ['INTERRUPT', KERNEL_OP.interrupt],
])('%s is never answered, whatever is wrong with it', (_what, opcode) => {
  const kernel = images.kernel(images.device());
  serve(kernel, encodeRequest(opcode, FILE, 8n, Buffer.alloc(8)), false);
  serve(kernel, encodeRequest(opcode, 2n ** 63n, 8n, Buffer.alloc(0)), false);
  serve(kernel, encodeRequest(opcode, FILE, 8n, pack(2 ** 32 - 1, 0), 9), false);
});

describe('names', () => {
  const lookup = (name: Buffer, node = 1n) =>
    serve(images.kernel(images.device()), encodeRequest(KERNEL_OP.lookup, node, 8n, name))?.error;

  test('must end with NUL', () => {
    expect(lookup(Buffer.from('data'))).toBe(-EINVAL);
    expect(lookup(Buffer.alloc(4000, 0x61))).toBe(-EINVAL);
    expect(lookup(cString('data'))).toBe(0);
  });

  test('with a NUL or a slash inside, without a byte, or of any length are just not there', () => {
    expect(lookup(cString('da\0ta'))).toBe(-ENOENT);
    expect(lookup(cString('data\0'))).toBe(-ENOENT);
    expect(lookup(cString('data/one-byte'))).toBe(-ENOENT);
    expect(lookup(cString(Buffer.alloc(2 ** 20, 0x61)))).toBe(-ENOENT);
    expect(lookup(cString(''))).toBe(-EINVAL);
    for (const name of ['.', '..', 'DATA', 'data ']) expect(lookup(cString(name))).toBe(-ENOENT);
  });
});

test('a WRITE that claims more than a message can have takes nothing', () => {
  const kernel = images.kernel(images.device());
  const before = kernel.do(KERNEL_OP.read, FILE, readIn(0n, 4096));
  for (const size of [5, 2 ** 20, 2 ** 31, 2 ** 32 - 1]) {
    const request = encodeRequest(KERNEL_OP.write, FILE, 8n, writeIn(0n, Buffer.from('data'), size));
    expect(serve(kernel, request)?.error).toBe(-EINVAL);
  }
  expect(kernel.do(KERNEL_OP.read, FILE, readIn(0n, 4096))).toEqual(before);
});
