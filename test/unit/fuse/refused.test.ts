import { constants } from 'node:os';
import type { LogEntry } from '../../../src/log/entry';
import { FuseImages, inoOf } from '../../support/fuse-image';
import { cString, KERNEL_OP, pack, readIn, setattrIn, writeIn } from '../../support/fuse-structs';
import { TYPICAL, typicalEntries } from '../../support/images';

/** What is refused, with the errno that programs expect. */

const images = new FuseImages();
const FILE = inoOf(TYPICAL.file);
const DIRECTORY = inoOf(TYPICAL.mkdir);
const REMOTE = inoOf(TYPICAL.remoteFile);
/** An entry that adds a device makes no inode. */
const DEAD = inoOf(TYPICAL.addDaxdev);
const [ROOT, SUPERBLOCK, LOG] = [1, 3, 4];
const [O_WRONLY, O_RDWR, O_TRUNC] = [1, 2, 0o1000];
const NAME = cString('new');
const TWO_NAMES = Buffer.concat([cString('old'), cString('new')]);
const NOTHING = Buffer.alloc(0);

type Errno = keyof typeof constants.errno;
const errorOf = (code: Errno) => -constants.errno[code];

const whatever: readonly (readonly [string, number, number, Buffer, Errno])[] = [
  ['CREATE', KERNEL_OP.create, ROOT, Buffer.concat([Buffer.alloc(16), NAME]), 'EPERM'],
  ['MKNOD', KERNEL_OP.mknod, ROOT, Buffer.concat([Buffer.alloc(16), NAME]), 'EPERM'],
  ['TMPFILE', KERNEL_OP.tmpfile, ROOT, Buffer.concat([Buffer.alloc(16), cString('/')]), 'EOPNOTSUPP'],
  ['MKDIR', KERNEL_OP.mkdir, ROOT, Buffer.concat([Buffer.alloc(8), NAME]), 'EPERM'],
  ['SYMLINK', KERNEL_OP.symlink, ROOT, TWO_NAMES, 'EPERM'],
  ['LINK', KERNEL_OP.link, ROOT, Buffer.concat([pack(BigInt(FILE)), NAME]), 'EPERM'],
  ['UNLINK', KERNEL_OP.unlink, ROOT, NAME, 'EPERM'],
  ['RMDIR', KERNEL_OP.rmdir, ROOT, NAME, 'EPERM'],
  ['RENAME', KERNEL_OP.rename, ROOT, Buffer.concat([pack(1n), TWO_NAMES]), 'EPERM'],
  ['RENAME2', KERNEL_OP.rename2, ROOT, Buffer.concat([pack(1n, 0, 0), TWO_NAMES]), 'EPERM'],
  ['FALLOCATE', KERNEL_OP.fallocate, FILE, Buffer.alloc(32), 'EOPNOTSUPP'],
];
const unsupported: readonly (readonly [string, number])[] = [
  ['READLINK', KERNEL_OP.readlink],
  ['SETXATTR', KERNEL_OP.setxattr],
  ['GETXATTR', KERNEL_OP.getxattr],
  ['LISTXATTR', KERNEL_OP.listxattr],
  ['REMOVEXATTR', KERNEL_OP.removexattr],
  ['BMAP', KERNEL_OP.bmap],
  ['IOCTL', KERNEL_OP.ioctl],
  ['POLL', KERNEL_OP.poll],
  ['LSEEK', KERNEL_OP.lseek],
  ['COPY_FILE_RANGE', KERNEL_OP.copyFileRange],
  ['STATX', KERNEL_OP.statx],
  ['GET_FMAP', KERNEL_OP.getFmap],
  ['a second INIT', KERNEL_OP.init],
  ['opcode 0', 0],
  ['opcode 63', 63],
  ['opcode 4096', 4096],
  ['opcode 2^32 - 1', 2 ** 32 - 1],
];

test.each([
  ...whatever,
  ...unsupported.map(([name, opcode]) => [name, opcode, FILE, Buffer.alloc(64), 'ENOSYS'] as const),
  ['LOOKUP of what is not there', KERNEL_OP.lookup, ROOT, NAME, 'ENOENT'],
  ['LOOKUP in a file', KERNEL_OP.lookup, FILE, NAME, 'ENOTDIR'],
  ['OPEN of a directory', KERNEL_OP.open, DIRECTORY, pack(0, 0), 'EISDIR'],
  ['OPEN with O_TRUNC', KERNEL_OP.open, FILE, pack(O_RDWR | O_TRUNC, 0), 'EPERM'],
  ['OPEN of the log for writing', KERNEL_OP.open, LOG, pack(O_RDWR, 0), 'EPERM'],
  ['OPEN of the superblock for writing', KERNEL_OP.open, SUPERBLOCK, pack(O_WRONLY, 0), 'EPERM'],
  ['OPENDIR of a file', KERNEL_OP.opendir, FILE, pack(0, 0), 'ENOTDIR'],
  ['READ of a directory', KERNEL_OP.read, DIRECTORY, readIn(0n, 1), 'EISDIR'],
  ['READ of what is on a device that is not there', KERNEL_OP.read, REMOTE, readIn(0n, 1), 'EIO'],
  ['READ of more than is allowed', KERNEL_OP.read, FILE, readIn(0n, 2 ** 20 + 1), 'EINVAL'],
  ['WRITE to a directory', KERNEL_OP.write, DIRECTORY, writeIn(0n, NAME), 'EISDIR'],
  ['WRITE to the log', KERNEL_OP.write, LOG, writeIn(0n, NAME), 'EPERM'],
  ['WRITE of more than comes', KERNEL_OP.write, FILE, writeIn(0n, NAME, 5), 'EINVAL'],
  ['WRITE of less than comes', KERNEL_OP.write, FILE, writeIn(0n, NAME, 3), 'EINVAL'],
  ['READDIR of a file', KERNEL_OP.readdir, FILE, readIn(0n, 4096), 'ENOTDIR'],
  ['READDIR without room', KERNEL_OP.readdir, ROOT, readIn(0n, 0), 'EINVAL'],
  ['READDIR with too little room', KERNEL_OP.readdir, ROOT, readIn(0n, 31), 'EINVAL'],
  ['SETATTR of the log', KERNEL_OP.setattr, LOG, setattrIn({ valid: 1, mode: 0 }), 'EPERM'],
] as const)('%s', (_what, opcode, node, body, code) => {
  const kernel = images.kernel(images.device());
  expect(kernel.ask(opcode, node, body).error).toBe(errorOf(code));
  expect(kernel.shared.deviceFailed).toBe(false);
});

test.each([
  ['0', 0n],
  ['of an entry that makes no inode', BigInt(DEAD)],
  ['behind the last', BigInt(inoOf(typicalEntries().length))],
  ['2^32 + 1', 2n ** 32n + 1n],
  ['2^53', 2n ** 53n],
  ['2^63', 2n ** 63n],
  ['2^64 - 1', 2n ** 64n - 1n],
])('inode number %s is none', (_what, node) => {
  const kernel = images.kernel(images.device());
  const requests: readonly (readonly [number, Buffer])[] = [
    [KERNEL_OP.lookup, NAME],
    [KERNEL_OP.getattr, Buffer.alloc(16)],
    [KERNEL_OP.setattr, setattrIn({ valid: 1 })],
    [KERNEL_OP.open, pack(0, 0)],
    [KERNEL_OP.opendir, pack(0, 0)],
    [KERNEL_OP.read, readIn(0n, 100)],
    [KERNEL_OP.write, writeIn(0n, NAME)],
    [KERNEL_OP.readdir, readIn(0n, 4096)],
    [KERNEL_OP.readdirplus, readIn(5n, 4096)],
    [KERNEL_OP.fsync, Buffer.alloc(16)],
    [KERNEL_OP.fsyncdir, Buffer.alloc(16)],
    [KERNEL_OP.flush, Buffer.alloc(24)],
    [KERNEL_OP.access, Buffer.alloc(8)],
  ];
  for (const [opcode, body] of requests) expect(kernel.ask(opcode, node, body).error).toBe(errorOf('ENOENT'));
  // The kernel does not look at these answers, and what was opened must be closed.
  expect(kernel.ask(KERNEL_OP.release, node, Buffer.alloc(24)).error).toBe(0);
  expect(kernel.ask(KERNEL_OP.releasedir, node, Buffer.alloc(24)).error).toBe(0);
  expect(kernel.ask(KERNEL_OP.statfs, node, NOTHING).error).toBe(0);
});

test('a file that another has the path of has no inode, but its bytes are there', () => {
  const entry = typicalEntries()[TYPICAL.file] as LogEntry;
  const kernel = images.kernel(images.device([entry, entry]));
  expect(kernel.ask(KERNEL_OP.read, inoOf(0), readIn(0n, 10)).body).toHaveLength(10);
  expect(kernel.ask(KERNEL_OP.read, inoOf(1), readIn(0n, 10)).error).toBe(errorOf('ENOENT'));
});

describe('a mount that is read-only', () => {
  test('opens nothing for writing', () => {
    const kernel = images.kernel(images.device(), { config: { readOnly: true } });
    expect(kernel.ask(KERNEL_OP.open, FILE, pack(O_RDWR, 0)).error).toBe(errorOf('EROFS'));
    expect(kernel.ask(KERNEL_OP.open, FILE, pack(0, 0)).error).toBe(0);
  });
});

test('refusals are told of in the log with what to do instead', () => {
  const kernel = images.kernel(images.device());
  kernel.ask(KERNEL_OP.mkdir, ROOT, Buffer.concat([Buffer.alloc(8), NAME]));
  expect(kernel.logger.lines).toEqual([
    'info refused (opcode 9, inode 1: errno 1): directories are made by famfs mkdir, which logs them',
  ]);
});
