import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MappedFile } from '../../../src/device/mapped-file';
import { encodeHeader } from '../../../src/log/header';
import { MIB } from '../../../src/log/layout';
import { checkRead } from '../../../src/operations/check-read';
import { makeImage } from '../../support/images';

const WINDOW = 64 * MIB;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-check-read-'));
  path = join(directory, 'file');
});

afterEach(() => {
  jest.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

function sparse(size: number): void {
  writeFileSync(path, '');
  truncateSync(path, size);
}

/** Mappings show another byte than the file has, the `at`th of window `window`. */
function spoil(window: number, at: number): void {
  const read = MappedFile.prototype.read;
  let windows = -1;
  jest.spyOn(MappedFile.prototype, 'read').mockImplementation(function (this: MappedFile, target, from) {
    if (from === 0) windows += 1;
    const good = read.call(this, target, from);
    if (windows === window && at >= from && at < from + target.length) target[at - from]! ^= 1;
    return good;
  });
}

describe('a file', () => {
  test.each([0, 1, MIB, MIB + 1, WINDOW, WINDOW + MIB + 7])(
    'of %d bytes reads and maps the same',
    async (size) => {
      sparse(size);
      expect(await checkRead(path)).toEqual({ path, bytes: size, problems: [] });
    },
  );

  test.each([
    [0, 0],
    [0, 5],
    [0, MIB - 1],
    [0, MIB],
    [0, WINDOW - 1],
    [1, 0],
    [1, MIB + 6],
  ])('that differs in window %d at %d says so', async (window, at) => {
    sparse(WINDOW + MIB + 7);
    spoil(window, at);
    const differsAt = window * WINDOW + at;
    expect(await checkRead(path)).toEqual({ path, bytes: differsAt, differsAt, problems: [] });
  });

  test('with a bad page says where, and its mapping is closed', async () => {
    sparse(3 * MIB);
    const close = jest.spyOn(MappedFile.prototype, 'close');
    jest.spyOn(MappedFile.prototype, 'read').mockImplementation((_, at) => at < 2 * MIB);
    jest.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => Buffer.alloc(size));
    const message = `${path}: a mapped page at ${2 * MIB} or behind cannot be read`;
    await expect(checkRead(path)).rejects.toThrow(expect.objectContaining({ code: 'source', message }));
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('that is not there cannot be opened', async () => {
    const message = `${path}: cannot be opened: ENOENT`;
    const cause = expect.objectContaining({ code: 'ENOENT' });
    await expect(checkRead(path)).rejects.toThrow(
      expect.objectContaining({ code: 'source', message, cause }),
    );
  });

  test('that is a directory is refused', async () => {
    const message = `${directory}: not a regular file`;
    await expect(checkRead(directory)).rejects.toThrow(expect.objectContaining({ code: 'source', message }));
  });

  test('whose mapping fails tells the system error', async () => {
    sparse(10);
    const cause = Object.assign(new Error('EIO: bad'), { code: 'EIO' });
    const failing = (error: Error) =>
      jest.spyOn(MappedFile.prototype, 'read').mockImplementation(() => {
        throw error;
      });
    failing(cause);
    const message = `${path}: cannot be read: EIO: bad`;
    await expect(checkRead(path)).rejects.toThrow(
      expect.objectContaining({ code: 'source', message, cause }),
    );
    const defect = new RangeError('a defect');
    failing(defect);
    await expect(checkRead(path)).rejects.toThrow(defect);
  });
});

describe('a superblock', () => {
  const superblock = () => makeImage({ entries: [] }).store.read(0, 2 * MIB);

  test('that is sound has no problems, wherever the log ends', async () => {
    writeFileSync(path, superblock());
    expect(await checkRead(path, 'superblock')).toEqual({ path, bytes: 2 * MIB, problems: [] });
  });

  test('with a wrong byte has', async () => {
    const bytes = superblock();
    bytes[100]! ^= 1;
    writeFileSync(path, bytes);
    expect((await checkRead(path, 'superblock')).problems).toEqual([expect.stringMatching(/^sb-crc: \S/)]);
    expect((await checkRead(path)).problems).toEqual([]);
  });

  test('that ends early is read as far as it goes', async () => {
    writeFileSync(path, superblock().subarray(0, 20));
    const { bytes, problems } = await checkRead(path, 'superblock');
    expect(bytes).toBe(20);
    expect(problems.join('\n')).not.toContain('sb-magic');
    expect(problems.join('\n')).toContain('sb-crc');
  });
});

describe('a log', () => {
  test('that is sound has no problems', async () => {
    writeFileSync(path, encodeHeader(8 * MIB));
    truncateSync(path, 8 * MIB);
    expect(await checkRead(path, 'log')).toEqual({ path, bytes: 8 * MIB, problems: [] });
  });

  test('must be as long as its header says', async () => {
    writeFileSync(path, encodeHeader(16 * MIB));
    truncateSync(path, 8 * MIB);
    const { problems } = await checkRead(path, 'log');
    expect(problems[0]).toBe(`log-length: the header says ${16 * MIB}, the superblock ${8 * MIB}`);
  });

  test('is not judged as a superblock, nor the other way round', async () => {
    writeFileSync(path, Buffer.alloc(8 * MIB));
    expect((await checkRead(path, 'log')).problems[0]).toMatch(/^log-magic: /);
    expect((await checkRead(path, 'superblock')).problems[0]).toMatch(/^sb-magic: /);
  });
});
