import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk, famfsOk, shell, succeeded } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { type Created, creat, deviceOffset, pattern, readAt, writeAt } from './helpers';

const MIB = 2 ** 20;
const SIZE = 37 * MIB + 12_345;
const CHUNK = 2 * MIB;

describe('an interleaved file', () => {
  const scratch = scratchAll();
  const contents = pattern(SIZE, 4);
  let device: string;
  let mount: string;
  let path: string;
  let created: Created;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice('16g'));
    path = join(mount, 'striped');
    created = await creat(path, SIZE, ['-N', '4', '-B', '8', '-C', '2m']);
  });

  test('has four strips in four of the eight parts of the device', () => {
    if (created.map.kind !== 'interleaved') throw new Error('not interleaved');
    const { chunkSize, strips } = created.map;
    expect(chunkSize).toBe(CHUNK);
    expect(strips.map(({ length }) => length)).toEqual(Array(4).fill(5 * CHUNK));
    const parts = strips.map(({ offset }) => Math.floor(offset / (2 * 2 ** 30)));
    expect(new Set(parts).size).toBe(4);
    expect(Math.max(...parts)).toBeLessThan(8);
  });

  test('reads as zeros at first', () => {
    expect(readFileSync(path).equals(Buffer.alloc(SIZE))).toBe(true);
  });

  test('takes writes of odd sizes at odd places, by dd', async () => {
    const source = join(scratch.root, 'pattern');
    const fd = openSync(source, 'w');
    closeSync(fd);
    writeAt(source, 0, contents);
    const half = 19 * MIB;
    // The second half first, in pieces that no chunk is a multiple of.
    const script = `
      dd if='${source}' of='${path}' conv=notrunc iflag=skip_bytes,fullblock oflag=seek_bytes bs=777777 skip=${half} seek=${half} &&
      dd if='${source}' of='${path}' conv=notrunc iflag=count_bytes,fullblock bs=1234567 count=${half}`;
    succeeded(await shell(script));
    expect(readFileSync(path).equals(contents)).toBe(true);
  });

  const sameEverywhere = () => {
    test.each([
      ['across the first chunk end', CHUNK - 3, 7],
      ['a chunk at an odd place', 12_345, CHUNK],
      ['many chunks', 3 * CHUNK - 1, 11 * CHUNK + 2],
      ['from the last strip to the first', 4 * CHUNK - 100, 200],
      ['the last bytes and what is behind', SIZE - 1000, 5000],
    ])('dd reads %s', async (_what, offset, length) => {
      const out = scratch.path('out');
      const where = ['iflag=skip_bytes,count_bytes', `skip=${offset}`, `count=${length}`];
      await commandOk('dd', [`if=${path}`, `of=${out}`, 'bs=54321', ...where]);
      expect(readFileSync(out).equals(contents.subarray(offset, offset + length))).toBe(true);
    });

    test('reads of every size and place', () => {
      const fd = openSync(path, 'r');
      try {
        for (
          let offset = 0, length = 1;
          offset < SIZE;
          offset += length, length = (length * 7 + 13) % (5 * MIB)
        ) {
          const bytes = Buffer.alloc(length);
          const count = readSync(fd, bytes, 0, length, offset);
          expect(count).toBe(Math.min(length, SIZE - offset));
          expect(bytes.subarray(0, count).equals(contents.subarray(offset, offset + count))).toBe(true);
        }
      } finally {
        closeSync(fd);
      }
    });

    test('the device has each chunk where the map says', () => {
      for (let position = 0; position < SIZE; position += CHUNK) {
        const length = Math.min(CHUNK, SIZE - position);
        const bytes = readAt(device, deviceOffset(created.map, position), length);
        expect(bytes.equals(contents.subarray(position, position + length))).toBe(true);
      }
    });

    test('cmp and a mapping agree', async () => {
      await commandOk('cmp', [path, scratch.path('pattern')]);
      const script =
        'import mmap,sys;f=open(sys.argv[1],"rb");m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ);sys.exit(m[:]!=open(sys.argv[2],"rb").read())';
      await commandOk('python3', ['-c', script, path, scratch.path('pattern')]);
    });
  };

  describe('as written', sameEverywhere);

  describe('after an unmount and a mount', () => {
    beforeAll(async () => {
      await famfsOk(['umount', mount]);
      await scratch.mounted(device, [], { at: mount });
    });

    sameEverywhere();
  });
});
