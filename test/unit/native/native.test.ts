import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writevSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bind, systemError } from '../../../src/native/bind';
import {
  addressOf,
  bufferAt,
  copyFromMemory,
  copyToMemory,
  isAccessible,
  mapShared,
  punchHole,
  unmap,
} from '../../../src/native/libc';
import { loadPmem } from '../../../src/native/libpmem';

const PAGE = 4096;
/** The first page of the address space is never mapped. */
const NOWHERE = 64;

let directory: string;
let path: string;
let fd: number;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-native-'));
  path = join(directory, 'file');
});

beforeEach(() => {
  writeFileSync(path, Buffer.alloc(4 * PAGE, 'abcdefgh'));
  fd = openSync(path, 'r+');
});

afterEach(() => closeSync(fd));
afterAll(() => rmSync(directory, { recursive: true }));

describe('memory', () => {
  test('an address is that of the bytes, wherever in its memory a Buffer begins', () => {
    const bytes = randomBytes(3 * PAGE);
    const address = addressOf(bytes);
    expect(address).toBeGreaterThan(PAGE);
    expect(addressOf(bytes.subarray(100))).toBe(address + 100);
    const copy = Buffer.alloc(50);
    expect(copyFromMemory(copy, address + 7)).toBe(true);
    expect(copy.equals(bytes.subarray(7, 57))).toBe(true);
  });

  test('a Buffer at an address is that memory, without a copy', () => {
    const address = mapShared(fd, 0, 4 * PAGE, true);
    const view = bufferAt(address, 4 * PAGE);
    expect(addressOf(view)).toBe(address);
    expect(view.toString('latin1', 8, 16)).toBe('abcdefgh');
    expect(copyToMemory(address + 8, Buffer.from('changed!'))).toBe(true);
    expect(view.toString('latin1', 8, 16)).toBe('changed!');
    expect(readFileSync(path).toString('latin1', 8, 16)).toBe('changed!');
    const out = openSync(join(directory, 'out'), 'w');
    expect(writevSync(out, [view.subarray(0, 16)])).toBe(16);
    closeSync(out);
    expect(readFileSync(join(directory, 'out'), 'latin1')).toBe('abcdefghchanged!');
    unmap(address, 4 * PAGE);
  });

  test('a mapping for reading cannot be stored to', () => {
    const address = mapShared(fd, PAGE, PAGE, false);
    expect(copyToMemory(address, Buffer.from('x'))).toBe(false);
    expect(copyFromMemory(Buffer.alloc(8), address)).toBe(true);
    unmap(address, PAGE);
    expect(copyFromMemory(Buffer.alloc(8), address)).toBe(false);
  });

  test('what is not there is false, and no signal', () => {
    expect(copyFromMemory(Buffer.alloc(8), NOWHERE)).toBe(false);
    expect(copyToMemory(NOWHERE, Buffer.alloc(8))).toBe(false);
    expect(isAccessible(NOWHERE, 8)).toBe(false);
  });

  test('isAccessible looks at every page of the range, and at no other', () => {
    const address = mapShared(fd, 0, 8 * PAGE, true);
    expect(isAccessible(address, 4 * PAGE)).toBe(true);
    expect(isAccessible(address + 4 * PAGE - 1, 1)).toBe(true);
    expect(isAccessible(address + 4 * PAGE - 1, 2)).toBe(false);
    expect(isAccessible(address, 8 * PAGE)).toBe(false);
    unmap(address, 8 * PAGE);
  });

  test('the processor caches of a mapping are flushed', () => {
    const pmem = loadPmem();
    expect(loadPmem()).toBe(pmem);
    expect(process.env.PMEM_NO_CLWB).toBe('1');
    const address = mapShared(fd, 0, 4 * PAGE, true);
    pmem.copy(address + PAGE, address + 1, 7);
    pmem.flush(address, 4 * PAGE);
    pmem.drain();
    expect(bufferAt(address + PAGE, 8).toString('latin1')).toBe('bcdefghh');
    expect([-1, 0, 1]).toContain(pmem.hasAutoFlush());
    expect(typeof pmem.isPmem(address, PAGE)).toBe('boolean');
    expect(typeof pmem.hasHardwareDrain()).toBe('boolean');
    unmap(address, 4 * PAGE);
  });
});

describe('errors of the system', () => {
  test('carry the name of the errno and the call', () => {
    expect(systemError('mmap', 12)).toMatchObject({
      code: 'ENOMEM',
      errno: -12,
      syscall: 'mmap',
      message: 'ENOMEM: not enough memory, mmap',
    });
    expect(systemError('mmap', 999)).toMatchObject({ code: 'errno 999' });
  });

  test('are thrown by the calls', () => {
    expect(() => mapShared(fd, 1, PAGE, true)).toThrow(
      expect.objectContaining({ code: 'EINVAL', syscall: 'mmap' }),
    );
    expect(() => mapShared(-1, 0, PAGE, true)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    expect(() => punchHole(fd, 0, 0)).toThrow(
      expect.objectContaining({ code: 'EINVAL', syscall: 'fallocate' }),
    );
    const reader = openSync(path, 'r');
    expect(() => punchHole(reader, 0, PAGE)).toThrow(expect.objectContaining({ code: 'EBADF' }));
    closeSync(reader);
  });
});

test('a hole reads as zeros, and the size stays', () => {
  punchHole(fd, 10, 2 * PAGE);
  const expected = Buffer.alloc(4 * PAGE, 'abcdefgh').fill(0, 10, 10 + 2 * PAGE);
  expect(readFileSync(path).equals(expected)).toBe(true);
  punchHole(fd, 3 * PAGE, 100 * PAGE);
  expect(readFileSync(path)).toHaveLength(4 * PAGE);
});

test('a library that is missing is an error that names its package', () => {
  const library = { soname: 'libnosuchthing.so.9', debianPackage: 'libnosuchthing9' };
  expect(() => bind(library, { nothing: { returns: 'void', takes: [] } })).toThrow(
    expect.objectContaining({
      code: 'no-library',
      message: expect.stringContaining('libnosuchthing.so.9 cannot be loaded'),
      hint: 'install it: apt-get install libnosuchthing9',
    }),
  );
});
