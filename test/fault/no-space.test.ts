import { rmSync, statSync, truncateSync } from 'node:fs';
import { GIB } from '../support/images';
import { commandOk, famfs, famfsOk } from '../support/run';
import { codesOf, expectClean, expectClear, expectFailure, fsck } from '../support/run-expect';
import { exists, expectContents, expectSameTree, namesIn, noise, put } from '../support/run-files';
import { plantTree } from '../support/run-kill';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

/** A device of 8 GiB on a tmpfs of a size that does not hold it, mounted. */
async function cramped(megabytes: number): Promise<{ device: string; mount: string; backing: string }> {
  const backing = scratch.directory('backing');
  await commandOk('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', backing]);
  const device = `${backing}/device.img`;
  await famfsOk(['mkfs', '--create', '8g', device]);
  return { device, mount: await scratch.mounted(device, [], { at: scratch.directory('mnt') }), backing };
}

describe('the file system that holds the device is full', () => {
  test.each(['1', '4'])('cp with %s threads says so, and shows only whole files', async (threads) => {
    const { device, mount, backing } = await cramped(64);
    const source = scratch.path('source');
    for (let i = 0; i < 40; i++) put(`${source}/f${i}`, noise(4 * 2 ** 20, i));
    const to = `${mount}/to`;
    const run = await famfs(['cp', '-rT', '--threads', threads, source, to]);
    expect(run).toMatchObject({ status: 1, signal: null, stdout: '' });
    expectClear(run.stderr, { says: [device, 'ENOSPC'], hint: 'full' });
    await expectClean(mount);
    if (exists(to)) expectContents(source, to);
    await commandOk('mount', ['-o', 'remount,size=400m', backing]);
    await famfsOk(['cp', '-rT', '--resume', source, to]);
    expectSameTree(source, to);
    await expectClean(mount);
  });

  test('JSON has the code', async () => {
    const { mount } = await cramped(16);
    const from = put(scratch.path('source'), noise(30 * 2 ** 20));
    const run = await famfs(['cp', '--json', from, `${mount}/x`]);
    expect(run.status).toBe(1);
    expect(run.json()).toMatchObject({ error: { code: 'device-io', exitStatus: 1 } });
    expect(namesIn(mount)).toEqual([]);
  });

  test('mkdir and creat fail whole, and what was there is sound', async () => {
    const { mount, backing } = await cramped(16);
    const free = Number((await commandOk('df', ['--output=avail', '-B1', backing])).stdout.split('\n')[1]);
    put(`${backing}/filler`, Buffer.alloc(free));
    const made: string[] = [];
    let failed = false;
    for (let i = 0; i < 40 && !failed; i++) {
      const name = `directory${i}`;
      const { status, stderr } = await famfs(['mkdir', `${mount}/${name}`]);
      if (status === 0) made.push(name);
      else {
        failed = true;
        expect(status).toBe(1);
        expectClear(stderr, { says: ['ENOSPC'], hint: 'full' });
      }
    }
    expect(failed).toBe(true);
    const failure = { status: 1, code: 'device-io', says: ['ENOSPC'], hint: 'full' } as const;
    await expectFailure(['creat', '-s', '1m', `${mount}/file`], failure);
    expect(namesIn(mount)).toEqual(made.sort());
    expect((await expectClean(mount)).contents?.entries).toBe(made.length);
    rmSync(`${backing}/filler`);
    await famfsOk(['creat', '-s', '1m', `${mount}/file`]);
    await expectClean(mount);
  });

  test('mkfs says so and leaves no file system', async () => {
    const backing = scratch.directory('backing');
    await commandOk('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', backing]);
    const device = `${backing}/device.img`;
    truncateSync(put(device, ''), 8 * GIB);
    put(`${backing}/filler`, Buffer.alloc(2 ** 20 - 4096));
    const failure = { status: 1, code: 'device-io', says: [device, 'ENOSPC'], hint: 'full' } as const;
    await expectFailure(['mkfs', device], failure);
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-magic']);
  });
});

describe('a device file that was truncated while it was not mounted', () => {
  /** A file system with a tree in it, not mounted. */
  async function filled(): Promise<string> {
    const { device, mount } = await scratch.mountedDevice();
    const source = plantTree(scratch.path('source'), 40, 4);
    await famfsOk(['cp', '--no-sync', '-rT', source, `${mount}/tree`]);
    await famfsOk(['umount', mount]);
    return device;
  }

  test('in the middle of the files: fsck names them, and mount serves the others', async () => {
    const device = await filled();
    truncateSync(device, 50 * 2 ** 20);
    const { errors, findings } = await fsck(device, 4);
    expect(new Set(codesOf(findings))).toEqual(new Set(['ext-beyond-device', 'sb-device-size']));
    expect(findings.every((found) => found.code !== 'ext-beyond-device' || found.path !== undefined)).toBe(
      true,
    );
    const at = scratch.directory('again');
    const { stderr } = await famfsOk(['mount', '--log-file', scratch.path('log'), device, at]);
    expect(stderr).toContain(`famfs: ${errors} log entries are damaged and not served`);
    expectContents(scratch.path('source'), `${at}/tree`);
    const failure = {
      status: 1,
      code: 'bad-log',
      says: [device, 'ext-beyond-device'],
      hint: 'fsck',
    } as const;
    await expectFailure(['mkdir', `${at}/x`], failure);
  });

  test('in the log: fsck says so, and mount refuses', async () => {
    const device = await filled();
    truncateSync(device, 6 * 2 ** 20);
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-device-size', 'sb-log-beyond-device']);
    await expectFailure(['mount', device, scratch.directory('again')], {
      status: 1,
      code: 'bad-superblock',
      says: [device, 'sb-log-beyond-device'],
      hint: 'fsck',
    });
  });

  test('to nothing: there is no file system', async () => {
    const device = await filled();
    truncateSync(device, 0);
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-magic']);
    await expectFailure(['mount', device, scratch.directory('again')], {
      status: 1,
      code: 'not-famfs',
      says: [device],
      hint: 'mkfs',
    });
  });

  test('and made longer again: the files that lost their bytes read as zeros, the log is whole', async () => {
    const device = await filled();
    const { size } = statSync(device);
    truncateSync(device, 50 * 2 ** 20);
    truncateSync(device, size);
    await expectClean(device);
  });
});
