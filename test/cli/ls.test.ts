import { FILE_BODY } from '../../src/log/layout';
import type { ListResult } from '../../src/operations/list';
import { damage, entryField, file, makeImage, mkdir, Space, writeImage } from '../support/images';
import { famfsOk, shell } from '../support/run';
import { writeAlmostFull } from '../support/run-device';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll, scratchEach } from '../support/run-scratch';

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

describe('a typical file system', () => {
  const scratch = scratchAll();
  let device: string;

  beforeAll(() => {
    device = scratch.path('typical.img');
    writeImage(device);
  });

  test('the root, sorted, without .meta', async () => {
    const run = await famfsOk(['ls', device]);
    expectQuiet(run);
    expect(lines(run.stdout)).toEqual([
      'big',
      'data',
      'empty',
      'odd',
      'one-unit',
      'striped',
      'striped-by-one',
    ]);
  });

  test.each(['data', '/data/', './data/deep/..', '../../data'])(
    'PATH %s is inside the device',
    async (path) => {
      expect(lines((await famfsOk(['ls', device, path])).stdout)).toEqual(['deep', 'one-byte', 'remote']);
    },
  );

  test('-R lists paths from the root', async () => {
    expect(lines((await famfsOk(['ls', '-R', device, 'data'])).stdout)).toEqual([
      'data/deep',
      'data/deep/Größe “1”: é',
      'data/deep/two-extents',
      'data/one-byte',
      'data/remote',
    ]);
  });

  test('-l tells permissions, owner and size, -h sizes for people', async () => {
    const long = (await famfsOk(['ls', '-l', device])).stdout;
    expect(long).toMatch(/^drwxr-xr-x +0 +0 +0 data$/m);
    expect(long).toMatch(/^-rwsr-xr-x +1000 +1001 +2097153 odd$/m);
    expect((await famfsOk(['ls', '-lh', device])).stdout).toMatch(/ 50\.0 MiB big$/m);
  });

  test('--map tells extents and strips, also of files on devices that are not there', async () => {
    const { stdout } = await famfsOk(['ls', '-R', '--map', device]);
    expect(stdout).toMatch(/ data\/remote\n {2}extent 0: device 1, offset 67108864, length 4194304\n/);
    expect(stdout).toMatch(/ striped\n {2}interleaved over 4, chunks of 2097152\n {2}strip 0: device 0, /);
  });

  test('--json, and --jsonl line by line, say the same', async () => {
    const { entries } = (await famfsOk(['ls', '--json', '-R', '--map', device])).json<ListResult>();
    expect(entries).toHaveLength(12);
    expect(entries[0]).toMatchObject({ path: 'big', kind: 'file', mode: '0644', size: 50 * 2 ** 20 });
    const { stdout } = await famfsOk(['ls', '--jsonl', '-R', '--map', device]);
    expect(lines(stdout).map((line) => JSON.parse(line))).toEqual(entries);
  });

  test('a file is listed as itself, .meta when it is named', async () => {
    expect((await famfsOk(['ls', device, 'data/one-byte'])).stdout).toBe('one-byte\n');
    expect(lines((await famfsOk(['ls', device, '.meta'])).stdout)).toEqual(['.log', '.superblock']);
  });

  test('what is not there is an error', async () => {
    await expectFailure(['ls', device, 'nope'], { status: 1, code: 'not-found', says: ['nope', device] });
    await expectFailure(['ls', scratch.path('none')], { status: 1, code: 'no-device', says: ['none'] });
    await expectFailure(['ls', scratch.root], { status: 1, code: 'not-mounted', says: [scratch.root] });
  });
});

describe('a mount', () => {
  const scratch = scratchEach();

  test('is listed by its directory, by paths in it and by links to it', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const source = scratch.directory('source');
    put(`${source}/a/file`, 'x');
    await famfsOk(['cp', '-r', '--no-sync', source, mount]);
    const linked = await shell(
      `ln -s mnt-link-target ${scratch.path('x')}; ln -s ${mount}/source ${scratch.path('link')}`,
    );
    expect(linked.status).toBe(0);
    for (const args of [
      [mount, 'source/a'],
      [`${mount}/source/a`],
      [scratch.path('link'), 'a'],
      [device, 'source/a'],
    ]) {
      expect((await famfsOk(['ls', ...args])).stdout).toBe('file\n');
    }
    await expectFailure(['ls', `${mount}/nope`], { status: 1, code: 'not-found', says: ['nope'] });
  });

  test('whose device holds another file system by now is refused', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const other = await scratch.makeDevice('4g');
    const moved = await shell(`mv ${device} ${device}.old && mv ${other} ${device}`);
    expect(moved.status).toBe(0);
    await expectFailure(['ls', mount], { status: 1, code: 'not-mounted', says: [mount] });
  });
});

describe('a damaged log', () => {
  const scratch = scratchEach();

  test('shows what is good and how much is not', async () => {
    const space = new Space();
    const image = makeImage({
      entries: [mkdir('d'), file('d/good', 5, space.simple(5)), file('bad', 5, space.simple(5))],
    });
    damage(image, entryField(2, FILE_BODY, 'size'), 7, { reseal: false });
    const device = scratch.path('device.img');
    writeImage(device, image);
    const run = await famfsOk(['ls', '-R', device]);
    expect(run.stdout).toBe('d\nd/good\n');
    expect(run.stderr).toMatch(/^famfs: 1 entry of the log is damaged and not shown/);
    expect((await famfsOk(['ls', '--json', device])).json<ListResult>().notShown).toBe(1);
  });

  test('names with control characters are shown escaped', async () => {
    const image = makeImage({ entries: [file(Buffer.from([0x61, 0x0a, 0xff]), 0, new Space().simple(1))] });
    const device = scratch.path('device.img');
    writeImage(device, image);
    expect((await famfsOk(['ls', device])).stdout).toBe('a\\x0a\\xff\n');
  });

  test('a log header that is gone is an error', async () => {
    const device = scratch.path('device.img');
    writeImage(device);
    const wiped = await shell(
      `dd if=/dev/zero of=${device} bs=8 count=1 seek=262144 conv=notrunc status=none`,
    );
    expect(wiped.status).toBe(0);
    await expectFailure(['ls', device], { status: 1, code: 'bad-log', says: ['log-magic'] });
  });
});

describe('a full log', () => {
  const scratch = scratchEach();

  test('is listed line by line, until the reader goes away', async () => {
    const device = scratch.path('full.img');
    writeAlmostFull(device, 0);
    const run = await shell(`$FAMFS ls -l ${device} | head -n 1; echo \${PIPESTATUS[0]}`);
    expect(run.stdout).toMatch(/ d0\n141\n$/);
    expect(run.stderr).toBe('');
    expect(lines((await famfsOk(['ls', device])).stdout)).toHaveLength(15_420);
  });
});
