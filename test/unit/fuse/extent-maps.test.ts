import { constants } from 'node:os';
import fc from 'fast-check';
import { extentsOfFile, MOST_EXTENTS } from '../../../src/fuse/maps/extents';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET, MIB } from '../../../src/log/layout';
import type { FileMap } from '../../../src/types';
import { FuseImages, inoOf, locate } from '../../support/fuse-image';
import type { KernelOptions, TestKernel } from '../../support/fuse-kernel';
import { KERNEL_OP, type Message, pack } from '../../support/fuse-structs';
import { addDaxdev, file, GIB, mkdir, SECOND_DEVICE_UUID, Space } from '../../support/images';

/** Extent maps, protocol 7.47, byte for byte as their tables say. No kernel with them was there to try. */

const images = new FuseImages();
const DATA = LOG_OFFSET + DEFAULT_LOG_LENGTH;
const DEVICE_ID = 2n ** 32n;
const KERNEL_7_47: KernelOptions = {
  minor: 47,
  flags: 0xffff_ffff_ffff_ffffn,
  facts: { deviceKind: 'devdax' },
};
const OPEN_READ_ONLY = pack(0, 0);
const PLAIN_FLAGS = 0x41; // DIRECT_IO, PARALLEL_DIRECT_WRITES
const refusal = (code: keyof typeof constants.errno) =>
  Object.assign(new Error(code), { code, errno: -constants.errno[code] });

const remote: FileMap = { kind: 'simple', extents: [{ devindex: 1, offset: 64 * MIB, length: 4 * MIB }] };

function entries() {
  const space = new Space();
  return [
    file('two-extents', 5 * MIB + 1, {
      kind: 'simple',
      extents: [
        { devindex: 0, offset: DATA + 100 * MIB, length: 4 * MIB },
        { devindex: 0, offset: DATA + 50 * MIB, length: 2 * MIB },
      ],
    }),
    file('striped', 9 * MIB, {
      kind: 'interleaved',
      chunkSize: 2 * MIB,
      strips: [0, 1].map((i) => ({ devindex: 0, offset: DATA + (200 + 20 * i) * MIB, length: 6 * MIB })),
    }),
    addDaxdev(1, 8 * GIB, SECOND_DEVICE_UUID),
    file('remote', 4 * MIB, remote),
    file('empty', 0, space.simple(0)),
    mkdir('directory'),
  ];
}

const open = (kernel: TestKernel, ino: number) => kernel.do(KERNEL_OP.open, ino, OPEN_READ_ONLY);

/** An extent of a map as the table has it: offset, length, device, address, reserved. */
const extent = (offset: number, length: number, address: number) =>
  pack(BigInt(offset), BigInt(length), DEVICE_ID, BigInt(address), 0n, 0n);

/** A whole notification: header with code 11, map header, extents. */
function mapOf(ino: number, ...extents: Buffer[]): Buffer {
  const length = 16 + 32 + 48 * extents.length;
  return Buffer.concat([pack(length, 11, 0n), pack(BigInt(ino), extents.length, 1, 0n, 0n), ...extents]);
}

describe('the messages', () => {
  test('the device is registered once, as a device with an id of the server', () => {
    const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
    expect(kernel.agreed.strategy).toBe('extent-maps');
    expect(kernel.ioctls).toHaveLength(1);
    const { argument, request } = kernel.ioctls[0] as (typeof kernel.ioctls)[0];
    expect(request).toBe(((1 << 30) | (16 << 16) | (229 << 8) | 1) >>> 0);
    expect(argument).toHaveLength(16);
    expect(argument.readInt32LE(0)).toBeGreaterThan(2);
    expect(argument.subarray(4)).toEqual(pack(0x40000001, DEVICE_ID));
  });

  test('a file of two extents: its last page is the end', () => {
    const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
    open(kernel, inoOf(0));
    const tail = MIB + 4096;
    expect(kernel.notifications[0]?.bytes).toEqual(
      mapOf(inoOf(0), extent(0, 4 * MIB, DATA + 100 * MIB), extent(4 * MIB, tail, DATA + 50 * MIB)),
    );
  });

  test('a striped file: an extent a chunk', () => {
    const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
    open(kernel, inoOf(1));
    const [first, second] = [DATA + 200 * MIB, DATA + 220 * MIB];
    expect(kernel.notifications[0]?.bytes).toEqual(
      mapOf(
        inoOf(1),
        extent(0, 2 * MIB, first),
        extent(2 * MIB, 2 * MIB, second),
        extent(4 * MIB, 2 * MIB, first + 2 * MIB),
        extent(6 * MIB, 2 * MIB, second + 2 * MIB),
        extent(8 * MIB, MIB, first + 4 * MIB),
      ),
    );
  });

  test('OPEN is answered with the 64-bit id and no other way to do it', () => {
    const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
    expect(open(kernel, inoOf(0))).toEqual(pack(0n, 0x40000080, 0, BigInt(inoOf(0))));
  });
});

describe('what is described', () => {
  test('a file once, whoever opens it', () => {
    const device = images.device(entries());
    const kernel = images.kernel(device, KERNEL_7_47);
    const other = images.kernel(device, { ...KERNEL_7_47, shared: kernel.shared });
    for (const each of [kernel, kernel, other]) expect(open(each, inoOf(0))).toHaveLength(24);
    expect([...kernel.notifications, ...other.notifications]).toHaveLength(1);
  });

  test('not the files of .meta, what is empty, or what is on a device that is not there', () => {
    const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
    for (const ino of [3, 4, inoOf(3), inoOf(4)]) {
      expect(open(kernel, ino)).toEqual(pack(0n, PLAIN_FLAGS, 0));
    }
    expect(kernel.notifications).toEqual([]);
    expect(kernel.ask(KERNEL_OP.open, inoOf(5), OPEN_READ_ONLY).error).toBe(-constants.errno.EISDIR);
  });

  test('not what takes too many extents', () => {
    const chunk = 4096;
    const striped = (chunks: number, place: number) =>
      file(`${chunks}`, chunks * chunk, {
        kind: 'interleaved',
        chunkSize: chunk,
        strips: [0, 1].map((i) => ({ devindex: 0, offset: DATA + (place + 8 * i) * MIB, length: 4 * MIB })),
      });
    const device = images.device([striped(1638, 0), striped(1639, 16)], { allocUnit: 4096 });
    const kernel = images.kernel(device, KERNEL_7_47);
    expect(open(kernel, inoOf(0))).toHaveLength(24);
    expect(kernel.notifications[0]?.length).toBe(16 + 32 + 1638 * 48);
    expect(open(kernel, inoOf(1))).toHaveLength(16);
    expect(kernel.notifications).toHaveLength(1);
  });

  test('nothing of a file system that was made over another, or of a device that failed', () => {
    for (const harm of ['freeze', 'fail'] as const) {
      const kernel = images.kernel(images.device(entries()), KERNEL_7_47);
      if (harm === 'freeze') kernel.shared.freeze('other-file-system');
      else kernel.shared.failDevice(0);
      expect(kernel.ask(KERNEL_OP.open, inoOf(0), OPEN_READ_ONLY).error).toBe(-constants.errno.EIO);
      expect(kernel.notifications).toEqual([]);
    }
  });
});

describe('a secondary device', () => {
  /** An image with a file on device 1 alone and one on both, and device 1. */
  const both = (kernelOptions: KernelOptions = {}) => {
    const uuid = crypto.randomUUID();
    const second = images.secondary(uuid, GIB);
    const image = images.device([
      addDaxdev(1, GIB, uuid),
      file('remote', 4 * MIB, remote),
      file('striped', 4 * MIB, {
        kind: 'interleaved',
        chunkSize: 2 * MIB,
        strips: [
          { devindex: 1, offset: 100 * MIB, length: 2 * MIB },
          { devindex: 0, offset: DATA + 200 * MIB, length: 2 * MIB },
        ],
      }),
      file('here', MIB, { kind: 'simple', extents: [{ devindex: 0, offset: DATA, length: 2 * MIB }] }),
    ]);
    return { kernel: images.kernel(image, { ...KERNEL_7_47, devices: [second], ...kernelOptions }), second };
  };
  const REMOTE = inoOf(1);
  const STRIPED = inoOf(2);
  const HERE = inoOf(3);
  const extentOn = (index: number, offset: number, length: number, address: number) =>
    pack(BigInt(offset), BigInt(length), DEVICE_ID + BigInt(index), BigInt(address), 0n, 0n);

  test('is registered with the id of its index, and files are described on it', () => {
    const { kernel } = both();
    expect(kernel.ioctls.map(({ argument }) => argument.subarray(4))).toEqual([
      pack(0x40000001, DEVICE_ID),
      pack(0x40000001, DEVICE_ID + 1n),
    ]);
    for (const ino of [REMOTE, STRIPED]) expect(open(kernel, ino)).toHaveLength(24);
    expect(kernel.notifications.map(({ bytes }) => bytes)).toEqual([
      mapOf(REMOTE, extentOn(1, 0, 4 * MIB, 64 * MIB)),
      mapOf(STRIPED, extentOn(1, 0, 2 * MIB, 100 * MIB), extentOn(0, 2 * MIB, 2 * MIB, DATA + 200 * MIB)),
    ]);
  });

  test('is offered once', () => {
    const { kernel } = both();
    kernel.watch.look();
    expect(kernel.ioctls).toHaveLength(2);
  });

  test('that the kernel does not take has its files served plainly, and no others', () => {
    let calls = 0;
    const { kernel } = both({
      onIoctl: () => {
        if (++calls === 2) throw refusal('EBUSY');
      },
    });
    expect(kernel.agreed.strategy).toBe('extent-maps');
    for (const ino of [REMOTE, STRIPED]) expect(open(kernel, ino)).toEqual(pack(0n, PLAIN_FLAGS, 0));
    expect(open(kernel, HERE)).toHaveLength(24);
    expect(kernel.supervisorLogger.lines).toEqual([
      'warn the kernel does not take device 1 (EBUSY): its files are served plainly',
    ]);
  });

  test('that failed has none of its files opened any more', () => {
    const { kernel } = both();
    kernel.shared.failDevice(1);
    const errors = [REMOTE, STRIPED, HERE].map(
      (ino) => kernel.ask(KERNEL_OP.open, ino, OPEN_READ_ONLY).error,
    );
    expect(errors).toEqual([-constants.errno.EIO, -constants.errno.EIO, 0]);
  });
});

describe('a kernel that refuses', () => {
  const refusing = (code: keyof typeof constants.errno, when: (message: Message) => boolean = () => true) =>
    images.kernel(images.device(entries()), {
      ...KERNEL_7_47,
      onNotify: (message) => {
        if (when(message)) throw refusal(code);
      },
    });

  test('the device: all is plain, and says why', () => {
    const kernel = images.kernel(images.device(entries()), {
      ...KERNEL_7_47,
      onIoctl: () => {
        throw refusal('EOPNOTSUPP');
      },
    });
    expect(kernel.agreed).toMatchObject({
      strategy: 'plain',
      reason: 'the kernel does not take the device: EOPNOTSUPP',
    });
    expect(open(kernel, inoOf(0))).toEqual(pack(0n, PLAIN_FLAGS, 0));
    expect(kernel.notifications).toEqual([]);
  });

  test('the first map: all is plain from then on, told once', () => {
    const kernel = refusing('EINVAL');
    for (const ino of [inoOf(0), inoOf(1), inoOf(0)]) expect(open(kernel, ino)).toHaveLength(16);
    expect(kernel.notifications).toHaveLength(1);
    expect(kernel.shared.mapsErrno).toBe(constants.errno.EINVAL);
    expect(kernel.logger.lines.filter((line) => line.startsWith('warn'))).toEqual([
      'warn the kernel takes no file maps (EINVAL): all files are served plainly',
    ]);
  });

  test('a later map: that file is plain for good, since the kernel allows no mixture', () => {
    let refuses = true;
    const kernel = refusing('ENOMEM', ({ body }) => refuses && body.readBigUInt64LE(0) === BigInt(inoOf(1)));
    expect(open(kernel, inoOf(0))).toHaveLength(24);
    expect(open(kernel, inoOf(1))).toHaveLength(16);
    refuses = false;
    expect(open(kernel, inoOf(1))).toHaveLength(16);
    expect(open(kernel, inoOf(0))).toHaveLength(24);
    expect(kernel.shared.mapsErrno).toBe(0);
    expect(kernel.logger.lines.filter((line) => line.startsWith('warn'))).toEqual([
      `warn the kernel does not take the map of inode ${inoOf(1)} (ENOMEM): it is served plainly`,
    ]);
  });

  test('a map that is there already: another worker was faster', () => {
    const kernel = refusing('EEXIST');
    expect(open(kernel, inoOf(0))).toHaveLength(24);
    expect(kernel.logger.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });
});

describe('extents', () => {
  const simple = fc
    .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 16 })
    .map((pages) => new Space({ allocUnit: 4096 }).simple(...pages.map((count) => count * 4096)));
  const interleaved = fc
    .tuple(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 12, max: 15 }), fc.integer({ min: 1, max: 9 }))
    .map(([strips, shift, chunks]): FileMap => {
      const space = new Space({ allocUnit: 4096 });
      return space.interleaved(chunks * 2 ** shift * strips, strips, 2 ** shift);
    });

  test('say of every page where it is, in order and without gaps', () => {
    fc.assert(
      fc.property(fc.oneof(simple, interleaved), fc.double({ min: 0, max: 1, noNaN: true }), (map, part) => {
        const total = (map.kind === 'simple' ? map.extents : map.strips).reduce(
          (sum, e) => sum + e.length,
          0,
        );
        const size = Math.max(1, Math.floor(total * part));
        const extents = extentsOfFile(map, size) ?? [];
        let end = 0;
        for (const { address, length, offset } of extents) {
          expect(offset).toBe(end);
          for (let at = 0; at < length; at += 4096) expect(address + at).toBe(locate(map, offset + at));
          end += length;
        }
        expect(end).toBe(Math.ceil(size / 4096) * 4096);
      }),
    );
  });

  test('that are no whole pages make no map', () => {
    const odd = { devindex: 0, offset: DATA + 512, length: 4096 };
    expect(extentsOfFile({ kind: 'simple', extents: [odd] }, 10)).toBeUndefined();
  });

  test('a file in one piece that is striped over one strip stays in one piece', () => {
    const strip = { devindex: 0, offset: DATA, length: 16 * GIB };
    const map: FileMap = { kind: 'interleaved', chunkSize: 2 * MIB, strips: [strip] };
    expect(extentsOfFile(map, 16 * GIB)).toEqual([
      { offset: 0, length: 16 * GIB, devindex: 0, address: DATA },
    ]);
    expect(16 * GIB).toBeGreaterThan(MOST_EXTENTS * 2 * MIB);
  });
});
