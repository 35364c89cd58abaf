import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET } from '../../src/log/layout';
import type { CheckReport } from '../../src/operations/check';
import type { DeviceMap } from '../../src/operations/device-map';
import { GIB, makeImage, writeImage } from '../support/images';
import { famfsOk, shell, succeeded } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const TIB = 1024 * GIB;
const HALF = TIB / 2;
/** Superblock and log. */
const METADATA = LOG_OFFSET + DEFAULT_LOG_LENGTH;

describe('a device of 1 TiB, which takes some MiB of the disk', () => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice('1t'));
    await famfsOk(['creat', '--no-sync', '--size', '512g', `${mount}/half`]);
    for (let i = 0; i < 50; i++) put(scratch.path('source', `file-${i}`), `contents ${i}`.repeat(1000));
    await famfsOk(['cp', '--no-sync', '--recursive', scratch.path('source'), mount]);
  });

  test('holds a file of 512 GiB, and others behind it', async () => {
    expect(statSync(`${mount}/half`).size).toBe(HALF);
    succeeded(await shell(`diff -r '${scratch.path('source')}' '${mount}/source'`));
    const { stdout } = await famfsOk(['getmap', '--json', `${mount}/source/file-49`]);
    expect(JSON.parse(stdout).files[0].map.extents[0].offset).toBeGreaterThan(HALF);
    expect(statSync(device).blocks * 512).toBeLessThan(256 * 2 ** 20);
  });

  test('is read and written at the end of that file', () => {
    const at = HALF - 5000;
    const text = Buffer.from('the last bytes'.padEnd(5000, '.'));
    const fd = openSync(`${mount}/half`, 'r+');
    try {
      expect(writeSync(fd, text, 0, text.length, at)).toBe(text.length);
      const read = Buffer.alloc(8192);
      expect(readSync(fd, read, 0, read.length, at)).toBe(text.length);
      expect(read.subarray(0, text.length).equals(text)).toBe(true);
      expect(readSync(fd, read, 0, read.length, HALF - 2 ** 30)).toBe(read.length);
      expect(read.every((byte) => byte === 0)).toBe(true);
    } finally {
      closeSync(fd);
    }
  });

  test('is checked, shown and told', async () => {
    const report = (await famfsOk(['fsck', '--json', mount])).json<CheckReport>();
    expect(report).toMatchObject({ deviceBytes: TIB, errors: 0, warnings: 0, contents: { files: 51 } });
    const map = (await famfsOk(['map', '--json', mount])).json<DeviceMap>();
    expect(map).toMatchObject({ deviceBytes: TIB, problems: [] });
    expect(map.runs.reduce((sum, { length }) => sum + length, 0)).toBe(TIB);
    const { stdout } = succeeded(await shell(`stat -f -c '%b %S' '${mount}'`));
    const [blocks, bytes] = stdout.split(' ').map(Number);
    expect((blocks as number) * (bytes as number)).toBe(TIB - METADATA);
    const full = await famfsOk(['df', '--json', mount]);
    expect(JSON.parse(full.stdout).filesystems[0]).toMatchObject({ size: TIB });
  });
});

describe('logs', () => {
  const scratch = scratchAll();

  test('of 16 GiB, the longest, are used', async () => {
    const { device, mount } = await scratch.mountedDevice('1t', ['--loglen', '16g']);
    await famfsOk(['creat', '--no-sync', '--size', '1m', `${mount}/file`]);
    expect(statSync(`${mount}/file`).size).toBe(2 ** 20);
    const report = (await famfsOk(['fsck', '--json', mount])).json<CheckReport>();
    expect(report).toMatchObject({ errors: 0, contents: { entries: 1, capacity: 31_580_641 } });
    expect(statSync(device).blocks * 512).toBeLessThan(64 * 2 ** 20);
  });

  test('of more cannot be mounted, and are read without it', async () => {
    const device = scratch.path('long.img');
    writeImage(device, makeImage({ deviceSize: TIB, logLength: 32 * GIB }));
    await expectFailure(['mount', device, scratch.directory('mnt')], {
      status: 1,
      code: 'mount-failed',
      says: [device, `log of ${32 * GIB} bytes`],
      hint: 'without a mount',
    });
    expect((await famfsOk(['ls', device])).stdout).not.toBe('');
  });
});
