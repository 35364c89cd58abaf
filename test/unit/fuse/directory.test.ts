import { closeSync, openSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import type { LogEntry } from '../../../src/log/entry';
import { encodeHeader } from '../../../src/log/header';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET } from '../../../src/log/layout';
import { FuseImages, inoOf } from '../../support/fuse-image';
import type { TestKernel } from '../../support/fuse-kernel';
import { type Dirent, decodeDirents, KERNEL_OP, readIn } from '../../support/fuse-structs';
import { file, mkdir, Space } from '../../support/images';

const images = new FuseImages();
const [ROOT, META] = [1, 2];
/** What an entry with a name of 79 bytes takes: of READDIR, and of READDIRPLUS. */
const ROOM = { readdir: 104, readdirplus: 232 } as const;
type Kind = keyof typeof ROOM;

function readdir(kernel: TestKernel, kind: Kind, ino: number, cookie: bigint, size: number): Dirent[] {
  const body = kernel.do(KERNEL_OP[kind], ino, readIn(cookie, size));
  expect(body.length).toBeLessThanOrEqual(size);
  return decodeDirents(body, kind === 'readdirplus');
}

/** Reads a directory to its end; `sizes` are those of the buffers, used in turn. */
function readAll(
  kernel: TestKernel,
  kind: Kind,
  ino: number,
  sizes: readonly number[],
  between = () => {},
): Dirent[] {
  const dirents: Dirent[] = [];
  for (let i = 0; ; i++) {
    const found = readdir(kernel, kind, ino, dirents.at(-1)?.offset ?? 0n, sizes[i % sizes.length] as number);
    if (found.length === 0) return dirents;
    dirents.push(...found);
    between();
  }
}

const name = fc
  .uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 77 })
  .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0x2f ? 0x5f : byte))))
  .filter((bytes) => !['.', '..'].includes(bytes.toString('latin1')));

test('whatever the buffers, every entry comes once, in log order, with the attributes that LOOKUP tells', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { maxLength: 30, selector: (bytes) => bytes.toString('latin1') }),
      fc.constantFrom<Kind>('readdir', 'readdirplus'),
      fc.array(fc.nat(2000), { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.boolean()),
      (names, kind, extra, coin) => {
        const space = new Space();
        const children = names.map((bytes): LogEntry => {
          const path = Buffer.concat([Buffer.from('d/'), bytes]);
          return coin.next().value ? mkdir(path) : file(path, 1, space.simple(1));
        });
        const kernel = images.kernel(images.device([mkdir('d'), ...children, mkdir('other')]));
        const sizes = extra.map((bytes) => ROOM[kind] + bytes);
        const found = readAll(kernel, kind, inoOf(0), sizes);
        expect(found.map((dirent) => dirent.name)).toEqual([
          '.',
          '..',
          ...names.map((bytes) => bytes.toString('latin1')),
        ]);
        expect(found.slice(2).map(({ ino }) => Number(ino))).toEqual(names.map((_, i) => inoOf(1 + i)));
        for (const { entry, ino, name: child, type } of found.slice(2)) {
          const body = kernel.do(KERNEL_OP.lookup, inoOf(0), Buffer.from(`${child}\0`, 'latin1'));
          expect(body.readBigUInt64LE(0)).toBe(ino);
          expect(type).toBe((body.readUInt32LE(40 + 60) & 0o170000) >> 12);
          if (entry) expect(entry.nodeid).toBe(ino);
        }
        kernel.close();
      },
    ),
    { numRuns: 60 },
  );
});

test('a directory goes on from any entry that was read', () => {
  const kernel = images.kernel(images.device([mkdir('a'), mkdir('b'), mkdir('c')]));
  const all = readAll(kernel, 'readdir', ROOT, [4096]);
  all.forEach(({ offset }, i) => {
    expect(readdir(kernel, 'readdir', ROOT, offset, 4096)).toEqual(all.slice(i + 1));
  });
});

test('what is appended meanwhile comes last, and once', () => {
  const entries = Array.from({ length: 20 }, (_, i) => mkdir(`directory-${i}`));
  const device = images.device(entries);
  const claim = (nextIndex: number) => {
    const fd = openSync(device, 'r+');
    writeSync(fd, encodeHeader(DEFAULT_LOG_LENGTH, { nextSeqnum: nextIndex, nextIndex }), 0, 48, LOG_OFFSET);
    closeSync(fd);
  };
  claim(5);
  const kernel = images.kernel(device);
  let known = 5;
  const found = readAll(kernel, 'readdir', ROOT, [ROOM.readdir], () => {
    known = Math.min(known + 1, entries.length);
    claim(known);
    kernel.do(KERNEL_OP.statfs, ROOT); // has the log looked at
  });
  expect(found.map(({ name: child }) => child)).toEqual([
    '.',
    '..',
    '.meta',
    ...entries.map((_, i) => `directory-${i}`),
  ]);
});

test('a cookie of another directory, or of none, is the end: what is elsewhere does not show', () => {
  const kernel = images.kernel(images.device([mkdir('a'), mkdir('a/secret'), mkdir('a/too'), mkdir('b')]));
  const [inA] = readAll(kernel, 'readdir', inoOf(0), [4096]).slice(2);
  const cookies = [inA?.offset ?? 0n, 3n, 19n, 2n ** 31n, 2n ** 32n + 3n, 2n ** 63n, 2n ** 64n - 1n];
  for (const cookie of cookies) {
    expect(readdir(kernel, 'readdir', inoOf(3), cookie, 4096)).toEqual([]);
    expect(readdir(kernel, 'readdirplus', META, cookie, 4096)).toEqual([]);
  }
});

test('a buffer of more than the server sends is as good as one of 1 MiB', () => {
  const kernel = images.kernel(images.device([mkdir('a')]));
  expect(readdir(kernel, 'readdir', ROOT, 0n, 2 ** 32 - 1).map((dirent) => dirent.name)).toEqual([
    '.',
    '..',
    '.meta',
    'a',
  ]);
});
