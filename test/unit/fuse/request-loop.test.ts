import { readSync, truncateSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { FamfsError } from '../../../src/errors';
import { type ReplyBody, RequestLoop } from '../../../src/fuse/request-loop';
import { SharedState } from '../../../src/fuse/shared-state';
import type { WorkerPage } from '../../../src/fuse/worker-page';
import { MIN_LOG_LENGTH } from '../../../src/log/layout';
import { FuseImages, inoOf } from '../../support/fuse-image';
import { RecordingLogger } from '../../support/fuse-kernel';
import { socketPair } from '../../support/fuse-socket';
import { decodeMessage, encodeRequest, KERNEL_OP, readIn, writeIn } from '../../support/fuse-structs';
import { TYPICAL } from '../../support/images';

const images = new FuseImages();
const FILE = inoOf(TYPICAL.file);
const { EIO, ENOSPC } = constants.errno;
const NOTHING = Buffer.alloc(0);

/** A loop whose requests are answered by `handle`. */
function loopWith(handle: () => ReplyBody) {
  const pair = socketPair();
  const shared = SharedState.create(MIN_LOG_LENGTH);
  const logger = new RecordingLogger();
  let caughtUp = 0;
  let closed = 0;
  const server = {
    handle,
    catchUpWithOthers: () => caughtUp++,
    unreadable: () => new FamfsError('device-io', 'bad page'),
    close: () => closed++,
  };
  const page = shared.workers[0] as WorkerPage;
  const loop = new RequestLoop(pair.server, server, shared, page, logger);
  const send = (opcode: number, unique = 4n) =>
    void writeSync(pair.kernel, encodeRequest(opcode, 1n, unique, NOTHING));
  const receive = () => {
    const bytes = Buffer.alloc(4096);
    return decodeMessage(bytes.subarray(0, readSync(pair.kernel, bytes, 0, bytes.length, null)));
  };
  return { loop, pair, shared, page, logger, send, receive, caughtUp: () => caughtUp, closed: () => closed };
}

test('runs until DESTROY, which is answered', () => {
  const { closed, loop, page, pair, receive, send } = loopWith(() => []);
  for (const unique of [4n, 6n]) send(KERNEL_OP.statfs, unique);
  send(KERNEL_OP.destroy, 8n);
  loop.run();
  expect([receive(), receive(), receive()].map(({ unique }) => unique)).toEqual([4n, 6n, 8n]);
  expect(page.ready).toBe(true);
  expect(page.served).toBe(3);
  expect(closed()).toBe(1);
  pair.close();
});

test('runs until the other end is gone', () => {
  const { closed, loop, pair } = loopWith(() => []);
  pair.hangUp();
  loop.run();
  expect(closed()).toBe(1);
  pair.close();
});

test('a read that ends without a request has it look at the shared state, and go on', () => {
  const { caughtUp, loop, pair } = loopWith(() => []);
  expect(loop.step()).toBe(true); // the socket's own time limit is EAGAIN
  expect(caughtUp()).toBe(1);
  pair.close();
});

test('takes nothing while it is paused, and notes which pause that is', () => {
  const { loop, page, pair, receive, send, shared } = loopWith(() => {
    expect(page.inHand).toMatchObject({ unique: 4n, opcode: KERNEL_OP.statfs, node: 1 });
    return [];
  });
  // The pause ends when it was seen for the third time.
  let looks = 0;
  Object.defineProperty(shared, 'pause', { get: () => (looks++ < 3 ? 9 : 0) });
  send(KERNEL_OP.statfs);
  expect(loop.step()).toBe(true);
  expect(page.paused).toBe(9);
  expect(looks).toBeGreaterThan(3);
  expect(receive().error).toBe(0);
  pair.close();
});

test.each([
  ['an error of the device', new FamfsError('device-io', 'bad page'), EIO, true],
  [
    'a full file system beneath',
    new FamfsError('device-io', 'full', undefined, { cause: Object.assign(new Error(), { code: 'ENOSPC' }) }),
    ENOSPC,
    false,
  ],
  ['a defect that FamfsError tells of', new FamfsError('internal', 'bad range'), EIO, false],
  ['any other defect', new TypeError('undefined is no function'), EIO, false],
])('%s is an errno and a line in the log', (_what, error, errno, failsDevice) => {
  const { loop, logger, pair, receive, send, shared } = loopWith(() => {
    throw error;
  });
  send(KERNEL_OP.read);
  expect(loop.step()).toBe(true);
  expect(receive()).toMatchObject({ error: -errno, unique: 4n, length: 16 });
  expect(shared.deviceFailed).toBe(failsDevice);
  expect(logger.lines).toEqual([expect.stringContaining(`error opcode 15, inode 1: errno ${errno}`)]);
  pair.close();
});

test('a device that loses its pages fails: data is EIO from then on, names stay', () => {
  const device = images.device();
  const kernel = images.kernel(device);
  const read = () => kernel.ask(KERNEL_OP.read, FILE, readIn(0n, 4096)).error;
  expect(read()).toBe(0);
  // The pages that were brought in are gone now, which only writev finds out.
  truncateSync(device, 2 ** 20);
  expect(read()).toBe(-EIO);
  expect(kernel.shared.deviceFailed).toBe(true);
  expect(read()).toBe(-EIO);
  expect(kernel.ask(KERNEL_OP.write, FILE, writeIn(0n, Buffer.from('x'))).error).toBe(-EIO);
  expect(kernel.ask(KERNEL_OP.fsync, FILE, Buffer.alloc(16)).error).toBe(-EIO);
  expect(kernel.ask(KERNEL_OP.getattr, FILE, Buffer.alloc(16)).error).toBe(0);
  expect(kernel.ask(KERNEL_OP.lookup, 1, Buffer.from('data\0')).error).toBe(0);
});

test('another file system made over this one: its bytes are not served, names stay', () => {
  const kernel = images.kernel(images.device());
  kernel.shared.freeze('other-file-system');
  expect(kernel.ask(KERNEL_OP.read, FILE, readIn(0n, 4096)).error).toBe(-EIO);
  expect(kernel.ask(KERNEL_OP.write, FILE, writeIn(0n, Buffer.from('x'))).error).toBe(-EIO);
  expect(kernel.ask(KERNEL_OP.getattr, FILE, Buffer.alloc(16)).error).toBe(0);
});
