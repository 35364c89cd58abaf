import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { bufferAt, mapShared, unmap } from '../../src/native/libc';
import { famfsOk } from '../support/run';
import { noise, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

/** What readers see of a file that `famfs cp` overwrites in place, on the device and below what the kernel cached. */
const SIZE = 100_000;
const scratch = scratchAll();

describe.each(['none', 'open', 'always'])('with cache=%s', (cache) => {
  let file: string;
  let fd: number;

  beforeEach(async () => {
    const device = await scratch.makeDevice('4g');
    const mount = await scratch.mounted(device, ['-o', `cache=${cache}`]);
    file = join(mount, 'file');
    await famfsOk(['cp', '--no-sync', put(scratch.path(scratch.unique('old')), noise(SIZE, 1)), file]);
    fd = openSync(file, 'r');
  });

  afterEach(() => closeSync(fd));

  const overwrite = () =>
    famfsOk(['cp', '--no-sync', put(scratch.path(scratch.unique('new')), noise(SIZE, 2)), file]);

  const readAll = (): Buffer => {
    const bytes = Buffer.alloc(SIZE);
    expect(readSync(fd, bytes, 0, SIZE, 0)).toBe(SIZE);
    return bytes;
  };

  test('a descriptor that was open before reads the new bytes, and so does who opens it later', async () => {
    expect(readAll().equals(noise(SIZE, 1))).toBe(true);
    await overwrite();
    expect(readAll().equals(noise(SIZE, 2))).toBe(true);
    expect(readFileSync(file).equals(noise(SIZE, 2))).toBe(true);
  });

  test('a mapping that was there before shows the new bytes', async () => {
    const address = mapShared(fd, 0, SIZE, false);
    try {
      const view = bufferAt(address, SIZE);
      expect(view.equals(noise(SIZE, 1))).toBe(true);
      await overwrite();
      expect(view.equals(noise(SIZE, 2))).toBe(true);
    } finally {
      unmap(address, SIZE);
    }
  });
});
