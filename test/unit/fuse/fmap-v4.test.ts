import { constants } from 'node:os';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET, MIB } from '../../../src/log/layout';
import { FuseImages, inoOf } from '../../support/fuse-image';
import type { KernelOptions } from '../../support/fuse-kernel';
import { KERNEL_OP, pack } from '../../support/fuse-structs';
import { addDaxdev, file, GIB, mkdir, SECOND_DEVICE_UUID } from '../../support/images';

/** The fmap messages, version 4, byte for byte as their tables say. No kernel with them was there to try. */

const images = new FuseImages();
const DATA = LOG_OFFSET + DEFAULT_LOG_LENGTH;
const { EIO, EISDIR, ENODEV, ENOENT, ENOSYS, EINVAL } = constants.errno;
const FMAP_KERNEL: KernelOptions = {
  minor: 46,
  flags: 0xffff_ffff_ffff_ffffn,
  facts: { deviceKind: 'devdax', fmap: 'v4' },
};
const at = (mib: number, length: number, devindex = 0) => ({ devindex, offset: DATA + mib * MIB, length });

const entries = () => [
  file('two-extents', 5 * MIB + 1, { kind: 'simple', extents: [at(100, 4 * MIB), at(50, 2 * MIB)] }),
  file('striped', 9 * MIB, {
    kind: 'interleaved',
    chunkSize: 2 * MIB,
    strips: [at(200, 6 * MIB), at(220, 6 * MIB)],
  }),
  addDaxdev(1, 8 * GIB, SECOND_DEVICE_UUID),
  file('remote', 4 * MIB, { kind: 'simple', extents: [at(0, 4 * MIB, 1)] }),
  mkdir('directory'),
  file('long-chunks', MIB, { kind: 'interleaved', chunkSize: 4 * GIB, strips: [at(300, 4 * GIB)] }),
];

/** File type and version are bytes 0 and 2..3. */
const header = (fileType: number, extentType: number, extents: number, size: number) =>
  pack(fileType | (1 << 16), extentType, extents, 0, BigInt(size), 0n);
const extent = (offset: number, length: number) => pack(0, 0, BigInt(offset), BigInt(length));

describe('GET_FMAP', () => {
  const kernel = () => images.kernel(images.device(entries(), { deviceSize: 16 * GIB }), FMAP_KERNEL);

  test('of a simple file', () => {
    expect(kernel().do(KERNEL_OP.getFmap, inoOf(0))).toEqual(
      Buffer.concat([
        header(0, 0, 2, 5 * MIB + 1),
        extent(DATA + 100 * MIB, 4 * MIB),
        extent(DATA + 50 * MIB, 2 * MIB),
      ]),
    );
  });

  test('of a striped file', () => {
    expect(kernel().do(KERNEL_OP.getFmap, inoOf(1))).toEqual(
      Buffer.concat([
        header(0, 1, 1, 9 * MIB),
        pack(2, 2 * MIB, BigInt(9 * MIB), 0n),
        extent(DATA + 200 * MIB, 6 * MIB),
        extent(DATA + 220 * MIB, 6 * MIB),
      ]),
    );
  });

  test('of the superblock and of the log', () => {
    expect(kernel().do(KERNEL_OP.getFmap, 3)).toEqual(
      Buffer.concat([header(1, 0, 1, 2 * MIB), extent(0, 2 * MIB)]),
    );
    expect(kernel().do(KERNEL_OP.getFmap, 4)).toEqual(
      Buffer.concat([header(2, 0, 1, 8 * MIB), extent(2 * MIB, 8 * MIB)]),
    );
  });

  test('of what has none', () => {
    const asked = kernel();
    const errors = [inoOf(2), inoOf(3), inoOf(4), inoOf(5), 2n ** 63n].map(
      (ino) => asked.ask(KERNEL_OP.getFmap, ino).error,
    );
    expect(errors).toEqual([-ENOENT, -EIO, -EISDIR, -EIO, -ENOENT]);
  });
});

test('GET_DAXDEV names the device, and none that is not there', () => {
  const device = images.device(entries(), { deviceSize: 16 * GIB });
  const kernel = images.kernel(device, FMAP_KERNEL);
  const reply = kernel.do(KERNEL_OP.getDaxdev, 0, pack(0));
  expect(reply).toEqual(
    Buffer.concat([Buffer.alloc(24), Buffer.from(device), Buffer.alloc(256 - device.length)]),
  );
  expect(kernel.ask(KERNEL_OP.getDaxdev, 0, pack(1)).error).toBe(-ENODEV);
  expect(kernel.ask(KERNEL_OP.getDaxdev, 0, Buffer.alloc(3)).error).toBe(-EINVAL);
});

test('a second device is named, and extents are on it', () => {
  const uuid = crypto.randomUUID();
  const second = images.secondary(uuid, GIB);
  const strips = [at(0, 2 * MIB, 1), at(0, 2 * MIB, 0)];
  const device = images.device([
    addDaxdev(1, GIB, uuid),
    file('striped', 3 * MIB, { kind: 'interleaved', chunkSize: 2 * MIB, strips }),
    file('remote', 4 * MIB, { kind: 'simple', extents: [at(10, 4 * MIB, 1)] }),
  ]);
  const kernel = images.kernel(device, { ...FMAP_KERNEL, devices: [second] });
  expect(kernel.do(KERNEL_OP.getDaxdev, 0, pack(1))).toEqual(
    Buffer.concat([pack(1, 0, 0n, 0n), Buffer.from(second), Buffer.alloc(256 - second.length)]),
  );
  expect(kernel.ask(KERNEL_OP.getDaxdev, 0, pack(2)).error).toBe(-ENODEV);
  expect(kernel.do(KERNEL_OP.getFmap, inoOf(1))).toEqual(
    Buffer.concat([
      header(0, 1, 1, 3 * MIB),
      pack(2, 2 * MIB, BigInt(3 * MIB), 0n),
      pack(1, 0, BigInt(DATA), BigInt(2 * MIB)),
      extent(DATA, 2 * MIB),
    ]),
  );
  expect(kernel.do(KERNEL_OP.getFmap, inoOf(2))).toEqual(
    Buffer.concat([header(0, 0, 1, 4 * MIB), pack(1, 0, BigInt(DATA + 10 * MIB), BigInt(4 * MIB))]),
  );
});

test('opens say nothing of caches, which such a kernel does not use', () => {
  const kernel = images.kernel(images.device(entries(), { deviceSize: 16 * GIB }), FMAP_KERNEL);
  expect(kernel.do(KERNEL_OP.open, inoOf(0), pack(0, 0))).toEqual(Buffer.alloc(16));
});

test('other kernels use these opcodes for something else, and get ENOSYS', () => {
  const kernel = images.kernel(images.device(entries(), { deviceSize: 16 * GIB }), {
    ...FMAP_KERNEL,
    facts: { deviceKind: 'devdax' },
  });
  expect(kernel.agreed.strategy).toBe('plain');
  expect(kernel.ask(KERNEL_OP.getFmap, inoOf(0)).error).toBe(-ENOSYS);
  expect(kernel.ask(KERNEL_OP.getDaxdev, 0, pack(0)).error).toBe(-ENOSYS);
});
