import { constants } from 'node:os';
import { UNIQUE_RESEND } from '../../../src/fuse/protocol';
import { FuseImages, inoOf } from '../../support/fuse-image';
import type { TestKernel } from '../../support/fuse-kernel';
import {
  cString,
  decodeAttr,
  decodeDirents,
  encodeRequest,
  KERNEL_OP,
  pack,
  readIn,
  setattrIn,
  writeIn,
} from '../../support/fuse-structs';
import { file, mkdir, Space } from '../../support/images';

/** Every struct of a reply, byte for byte. */

const images = new FuseImages();
const FOREVER = 2n ** 31n;
const MIB = 2 ** 20;
const [S_IFREG, S_IFDIR] = [0o100000, 0o040000];
const { EFBIG, EPERM } = constants.errno;
/** 1,700,000,000,123 ms since 1970. */
const MOUNTED = [1_700_000_000n, 123_000_000] as const;

const entries = () => {
  const space = new Space();
  return [
    file('file', 5 * MIB, space.simple(2 * MIB, 4 * MIB), { uid: 1000, gid: 1001, mode: 0o4640 }),
    mkdir('directory', 0o750),
    mkdir('directory/deeper'),
  ];
};
const kernelOn = (options = {}) => images.kernel(images.device(entries()), options);

/** struct fuse_attr: ino, size, blocks, times, nanoseconds, mode, nlink, uid, gid, rdev, blksize, flags. */
function attr(
  ino: number,
  size: number,
  blocks: number,
  mode: number,
  [nlink, uid, gid]: readonly number[],
): Buffer {
  const [seconds, nanoseconds] = MOUNTED;
  return Buffer.concat([
    pack(BigInt(ino), BigInt(size), BigInt(blocks), seconds, seconds, seconds),
    pack(
      nanoseconds,
      nanoseconds,
      nanoseconds,
      mode,
      nlink as number,
      uid as number,
      gid as number,
      0,
      4096,
      0,
    ),
  ]);
}

const FILE_ATTR = attr(inoOf(0), 5 * MIB, (6 * MIB) / 512, S_IFREG | 0o4640, [1, 1000, 1001]);
const DIRECTORY_ATTR = attr(inoOf(1), 4096, 0, S_IFDIR | 0o750, [3, 0, 0]);

/** struct fuse_entry_out: nodeid, generation, entry_valid, attr_valid, nanoseconds of both, attr. */
const entryOut = (ino: number, attrValid: bigint, attributes: Buffer) =>
  Buffer.concat([pack(BigInt(ino), 0n, FOREVER, attrValid, 0, 0), attributes]);

describe('attributes', () => {
  test('entry_out of a file and of a directory, whose link count may grow', () => {
    const kernel = kernelOn();
    expect(kernel.do(KERNEL_OP.lookup, 1, cString('file'))).toEqual(entryOut(inoOf(0), FOREVER, FILE_ATTR));
    expect(kernel.do(KERNEL_OP.lookup, 1, cString('directory'))).toEqual(
      entryOut(inoOf(1), 1n, DIRECTORY_ATTR),
    );
  });

  test('attr_out: attr_valid, nanoseconds, dummy, attr', () => {
    const kernel = kernelOn();
    const ask = (ino: number) => kernel.do(KERNEL_OP.getattr, ino, pack(0, 0, 0n));
    expect(ask(inoOf(0))).toEqual(Buffer.concat([pack(FOREVER, 0, 0), FILE_ATTR]));
    expect(ask(inoOf(1))).toEqual(Buffer.concat([pack(1n, 0, 0), DIRECTORY_ATTR]));
  });

  test('on a client files are read-only until their mode is changed', () => {
    const kernel = kernelOn({ config: { role: 'client' } });
    const modeNow = () => decodeAttr(kernel.do(KERNEL_OP.getattr, inoOf(0), pack(0, 0, 0n)), 16).mode;
    expect(modeNow()).toBe(S_IFREG | 0o4440);
    expect(kernel.ask(KERNEL_OP.open, inoOf(0), pack(1, 0)).error).toBe(-constants.errno.EROFS);
    kernel.do(KERNEL_OP.setattr, inoOf(0), setattrIn({ valid: 1, mode: S_IFREG | 0o600 }));
    expect(modeNow()).toBe(S_IFREG | 0o600);
    expect(kernel.ask(KERNEL_OP.open, inoOf(0), pack(1, 0)).error).toBe(0);
  });

  test('SETATTR changes what it names and answers with all of it', () => {
    const kernel = kernelOn();
    const atime = [-5n, 7] as const;
    const mtime = [2n ** 40n, 999_999_999] as const;
    const body = setattrIn({
      valid: 1 | 2 | 4 | 16 | 32,
      mode: 0o600,
      uid: 7,
      gid: 2 ** 32 - 1,
      atime,
      mtime,
    });
    const answer = kernel.do(KERNEL_OP.setattr, inoOf(0), body);
    expect(decodeAttr(answer, 16)).toMatchObject({
      mode: S_IFREG | 0o600,
      uid: 7,
      gid: 2 ** 32 - 1,
      atime: -5n,
      atimensec: 7,
      mtime: 2n ** 40n,
      mtimensec: 999_999_999,
      ctime: 2n ** 40n,
    });
    expect(kernel.do(KERNEL_OP.getattr, inoOf(0), pack(0, 0, 0n))).toEqual(answer);
  });

  test('times beyond all reason stay on their side of 1970', () => {
    const kernel = kernelOn();
    const change = (seconds: bigint) =>
      setattrIn({ valid: 16 | 32, atime: [seconds, 2 ** 32 - 1], mtime: [seconds, 0] });
    const far = decodeAttr(kernel.do(KERNEL_OP.setattr, inoOf(0), change(2n ** 63n - 1n)), 16);
    expect(far).toMatchObject({ atime: 2n ** 53n - 1n, mtime: 2n ** 53n - 1n, atimensec: 999_999_999 });
    const long = decodeAttr(kernel.do(KERNEL_OP.setattr, inoOf(0), change(-(2n ** 63n))), 16);
    expect(long).toMatchObject({ atime: -(2n ** 53n - 1n), mtime: -(2n ** 53n - 1n) });
  });

  test('"now" is the time of the server', () => {
    const kernel = kernelOn();
    const before = BigInt(Math.floor(Date.now() / 1000));
    const answer = decodeAttr(
      kernel.do(KERNEL_OP.setattr, inoOf(0), setattrIn({ valid: 16 | 32 | 128 | 256 })),
      16,
    );
    expect(answer.mtime - before).toBeLessThan(5n);
    expect(answer.atime).toBeGreaterThanOrEqual(before);
  });
});

describe('files', () => {
  test.each([
    ['none', true, 0x41],
    ['none', false, 0],
    ['open', true, 0],
    ['always', true, 2],
  ] as const)('open_out with cache=%s, mmap under direct I/O %s', (cache, mmapWithDirectIo, flags) => {
    const kernel = kernelOn({ config: { cache, mmapWithDirectIo } });
    expect(kernel.do(KERNEL_OP.open, inoOf(0), pack(0, 0))).toEqual(pack(0n, flags, 0));
    expect(kernel.do(KERNEL_OP.opendir, inoOf(1), pack(0, 0))).toEqual(pack(0n, 0, 0));
  });

  test('READ is answered with the bytes alone, WRITE with write_out', () => {
    const kernel = kernelOn();
    const data = Buffer.from('written across two extents');
    const at = BigInt(2 * MIB - 10);
    expect(kernel.do(KERNEL_OP.write, inoOf(0), writeIn(at, data))).toEqual(pack(data.length, 0));
    expect(kernel.do(KERNEL_OP.read, inoOf(0), readIn(at - 2n, data.length + 4))).toEqual(
      Buffer.concat([Buffer.alloc(2), data, Buffer.alloc(2)]),
    );
    expect(kernel.page.bytesWritten).toBe(data.length);
    expect(kernel.page.bytesRead).toBe(data.length + 4);
  });

  describe('WRITE that is to take set-user-ID and set-group-ID bits away', () => {
    const KILL_SUIDGID = 4;
    const write = (kernel: TestKernel, flags: number) =>
      kernel.do(KERNEL_OP.write, inoOf(0), writeIn(0n, Buffer.from('x'), 1, flags));
    const modeNow = (kernel: TestKernel) =>
      decodeAttr(kernel.do(KERNEL_OP.getattr, inoOf(0), pack(0, 0, 0n)), 16).mode & 0o7777;
    const change = (kernel: TestKernel, mode: number) =>
      kernel.do(KERNEL_OP.setattr, inoOf(0), setattrIn({ valid: 1, mode: S_IFREG | mode }));

    test.each([
      [0o6777, 0o777],
      [0o2755, 0o755],
      [0o6767, 0o2767],
      [0o1777, 0o1777],
    ])('%o becomes %o', (before, after) => {
      const kernel = kernelOn();
      change(kernel, before);
      write(kernel, KILL_SUIDGID);
      expect(modeNow(kernel)).toBe(after);
    });

    test('one that is logged goes, and the kernel is told once that its attributes are old', () => {
      const kernel = kernelOn();
      write(kernel, 1);
      expect(modeNow(kernel)).toBe(0o4640);
      expect(kernel.notifications).toEqual([]);
      write(kernel, KILL_SUIDGID);
      write(kernel, KILL_SUIDGID);
      expect(modeNow(kernel)).toBe(0o640);
      expect(kernel.notifications.map(({ body, error, unique }) => [error, unique, body])).toEqual([
        [2, 0n, pack(BigInt(inoOf(0)), -1n, 0n)],
      ]);
    });

    test('a kernel that does not know the inode does not mind', () => {
      const kernel = kernelOn({
        onNotify: () => {
          throw Object.assign(new Error('no inode'), { code: 'ENOENT' });
        },
      });
      write(kernel, KILL_SUIDGID);
      expect(modeNow(kernel)).toBe(0o640);
    });
  });

  test('the end of a file is the end of a read, and of a write', () => {
    const kernel = kernelOn();
    const read = (offset: bigint, size: number) => kernel.do(KERNEL_OP.read, inoOf(0), readIn(offset, size));
    const end = BigInt(5 * MIB);
    expect(read(end - 3n, 100)).toHaveLength(3);
    expect(read(end, 100)).toHaveLength(0);
    expect(read(2n ** 64n - 1n, 100)).toHaveLength(0);
    expect(read(0n, MIB)).toHaveLength(MIB);
    const write = (offset: bigint, size: number) =>
      kernel.ask(KERNEL_OP.write, inoOf(0), writeIn(offset, Buffer.alloc(size)));
    expect(write(end - 3n, 10).body).toEqual(pack(3, 0));
    expect(write(end, 0).body).toEqual(pack(0, 0));
    expect(write(end, 1).error).toBe(-EFBIG);
    expect(write(2n ** 64n - 1n, 1).error).toBe(-EFBIG);
    expect(write(2n ** 64n - 1n, 0).body).toEqual(pack(0, 0));
  });

  test('truncating to the size that a file has changes nothing; to any other is refused', () => {
    const kernel = kernelOn();
    const truncate = (ino: number, size: bigint) =>
      kernel.ask(KERNEL_OP.setattr, ino, setattrIn({ valid: 8, size })).error;
    expect(truncate(inoOf(0), BigInt(5 * MIB))).toBe(0);
    expect(truncate(inoOf(0), 0n)).toBe(-EPERM);
    expect(truncate(inoOf(0), 2n ** 64n - 1n)).toBe(-EPERM);
    expect(truncate(inoOf(1), 0n)).toBe(-constants.errno.EISDIR);
    expect(truncate(4, BigInt(8 * MIB))).toBe(-EPERM);
  });
});

test('statfs_out: blocks, bfree, bavail, files, ffree, bsize, namelen, frsize', () => {
  const blocks = (bytes: number) => BigInt(bytes / 4096);
  const total = 4096 * MIB - 10 * MIB;
  const space = [total, total - 6 * MIB, total - 6 * MIB].map(blocks);
  expect(kernelOn().do(KERNEL_OP.statfs, 1)).toEqual(
    Buffer.concat([pack(...space, 15420n, 15417n, 4096, 79, 4096, 0), Buffer.alloc(24)]),
  );
});

describe('directories', () => {
  /** struct fuse_dirent: ino, cookie, length of the name, type, the name, padded to 8 bytes. */
  function dirent(ino: number, cookie: number, type: number, name: string): Buffer {
    const bytes = Buffer.concat([
      pack(BigInt(ino), BigInt(cookie), name.length, type),
      Buffer.from(name),
      Buffer.alloc(7),
    ]);
    return bytes.subarray(0, bytes.length - (bytes.length % 8));
  }
  const [DIR, REG] = [4, 8];

  test('dirents of the root', () => {
    expect(kernelOn().do(KERNEL_OP.readdir, 1, readIn(0n, 4096))).toEqual(
      Buffer.concat([
        dirent(1, 1, DIR, '.'),
        dirent(1, 2, DIR, '..'),
        dirent(2, 4, DIR, '.meta'),
        dirent(inoOf(0), inoOf(0) + 2, REG, 'file'),
        dirent(inoOf(1), inoOf(1) + 2, DIR, 'directory'),
      ]),
    );
  });

  test('direntplus: an entry_out before each, all zero for "." and ".."', () => {
    const deeper = attr(inoOf(2), 4096, 0, S_IFDIR | 0o755, [2, 0, 0]);
    expect(kernelOn().do(KERNEL_OP.readdirplus, inoOf(1), readIn(0n, 4096))).toEqual(
      Buffer.concat([
        Buffer.alloc(128),
        dirent(inoOf(1), 1, DIR, '.'),
        Buffer.alloc(128),
        dirent(1, 2, DIR, '..'),
        entryOut(inoOf(2), 1n, deeper),
        dirent(inoOf(2), inoOf(2) + 2, DIR, 'deeper'),
      ]),
    );
  });

  test('the files of .meta', () => {
    const names = decodeDirents(kernelOn().do(KERNEL_OP.readdir, 2, readIn(0n, 4096)), false);
    expect(names.map(({ ino, name, type }) => [Number(ino), name, type])).toEqual([
      [2, '.', DIR],
      [1, '..', DIR],
      [3, '.superblock', REG],
      [4, '.log', REG],
    ]);
  });
});

describe('headers', () => {
  const statfs = (kernel: TestKernel, unique: bigint) => {
    kernel.send(encodeRequest(KERNEL_OP.statfs, 1n, unique, Buffer.alloc(0)));
    kernel.loop.step();
    return kernel.receive();
  };

  test('a request that is sent again is answered with the bit that says so', () => {
    const kernel = kernelOn();
    expect(UNIQUE_RESEND).toBe(2n ** 63n);
    for (const unique of [4n, 2n ** 63n + 4n, 2n ** 64n - 1n]) {
      const reply = statfs(kernel, unique);
      expect(reply.bytes.subarray(0, 16)).toEqual(pack(16 + 80, 0, unique));
      expect(kernel.page.inHand).toBeUndefined();
    }
  });

  test('an error is a header of 16 bytes', () => {
    const { bytes, unique } = kernelOn().ask(KERNEL_OP.unlink, 1, cString('file'));
    expect(bytes).toEqual(pack(16, -EPERM, unique));
  });

  test('success without a body is a header of 16 bytes', () => {
    const { bytes, unique } = kernelOn().ask(KERNEL_OP.flush, inoOf(0), Buffer.alloc(24));
    expect(bytes).toEqual(pack(16, 0, unique));
  });
});
