import { chmodSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { GIB } from '../support/images';
import { CLIENT, commandOk, famfsOk, OWNER, type RunOptions } from '../support/run';
import { readRange } from '../support/run-device';
import { expectClean, expectFailure, type Failure } from '../support/run-expect';
import { exists, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const NOBODY: RunOptions = { uid: 65_534, gid: 65_534 };

/** A file of this size that a refused mkfs must leave as it is. */
const blank = (bytes = 4 * GIB): string => {
  const path = put(scratch.path('device.img'), '');
  truncateSync(path, bytes);
  return path;
};

/** Runs mkfs, which must fail and leave the first MiB of the device alone. */
async function refused(device: string, args: string[], failure: Failure, options?: RunOptions) {
  const before = readRange(device, 0, 2 ** 20);
  const { size } = statSync(device);
  await expectFailure(['mkfs', ...args, device], failure, options);
  expect(readRange(device, 0, 2 ** 20).equals(before)).toBe(true);
  expect(statSync(device).size).toBe(size);
}

describe('a bad log length', () => {
  test.each(['1', '4m', '11m', '12m', '0', '8388609', '32g'])('%s is refused', async (loglen) => {
    await refused(blank(), ['--loglen', loglen], {
      status: 2,
      code: 'usage',
      says: ['log length', 'power of two', '8 MiB', '16 GiB'],
      hint: '--loglen',
    });
  });

  test.each(['banana', '1e6', '0x800000', '8.3', '8q', '', '16777216t'])(
    '"%s" is no size',
    async (loglen) => {
      await refused(blank(), [`--loglen=${loglen}`], {
        status: 2,
        code: 'usage',
        says: [`"${loglen}"`, '--loglen'],
      });
    },
  );

  test('one that does not fit on the device', async () => {
    const device = blank();
    await refused(device, ['--loglen', '4g'], {
      status: 1,
      code: 'device-too-small',
      says: [device, '4294967296'],
      hint: '--loglen',
    });
  });
});

describe('a file system that is there', () => {
  test('is not made over without --force', async () => {
    const device = await scratch.makeDevice('4g');
    await refused(device, [], {
      status: 1,
      code: 'already-famfs',
      says: [device, 'this host'],
      hint: '--force',
    });
  });

  test('of another owner names that owner', async () => {
    const device = await scratch.makeDevice('4g', [], { host: CLIENT });
    await refused(device, [], { status: 1, code: 'already-famfs', says: [device, CLIENT], hint: '--force' });
  });

  test('is not wiped by --kill without --force', async () => {
    const device = await scratch.makeDevice('4g');
    await refused(device, ['--kill'], {
      status: 2,
      code: 'usage',
      says: [device, '--kill'],
      hint: '--force',
    });
    await expectClean(device);
  });

  test.each([['--force'], ['--kill', '--force']])(
    'is not touched while it is mounted: %s',
    async (...args) => {
      const { device, mount } = await scratch.mountedDevice('4g');
      await refused(device, args, {
        status: 1,
        code: 'device-mounted',
        says: [device, mount],
        hint: `umount ${mount}`,
      });
      await expectClean(mount);
    },
  );

  test('is known as mounted by another name of the device as well', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const link = scratch.path('link');
    await commandOk('ln', ['-s', device, link]);
    await refused(link, ['--force'], { status: 1, code: 'device-mounted', says: [link, mount] });
    const hard = scratch.path('hard');
    await commandOk('ln', [device, hard]);
    await refused(hard, ['--force'], { status: 1, code: 'device-mounted', says: [hard, mount] });
  });
});

describe('--create', () => {
  test('does not touch a file that exists', async () => {
    const device = put(scratch.path('device.img'), 'precious');
    await refused(device, ['--create', '8g'], {
      status: 1,
      code: 'exists',
      says: [device],
      hint: '--create',
    });
  });

  test('of too small a size leaves no file behind', async () => {
    const device = scratch.path('device.img');
    await expectFailure(['mkfs', '--create', '1g', device], {
      status: 1,
      code: 'device-too-small',
      says: [device, '4 GiB'],
      hint: '--small',
    });
    expect(exists(device)).toBe(false);
  });

  test('of a size that no file can have leaves no file behind', async () => {
    const device = scratch.path('device.img');
    await expectFailure(['mkfs', '--create', '8191t', device], {
      status: 1,
      code: 'no-device',
      says: [device, 'EFBIG'],
    });
    expect(exists(device)).toBe(false);
  });

  test('with a malformed system UUID leaves no file behind', async () => {
    const device = scratch.path('device.img');
    await expectFailure(
      ['mkfs', '--create', '4g', device],
      { status: 1, code: 'system-uuid', says: ['FAMFS_SYSTEM_UUID'] },
      { host: 'nonsense' },
    );
    expect(exists(device)).toBe(false);
  });

  test('in a directory that does not exist', async () => {
    const device = scratch.path('nowhere', 'device.img');
    await expectFailure(['mkfs', '--create', '4g', device], {
      status: 1,
      code: 'no-device',
      says: [device, 'ENOENT'],
    });
  });
});

describe('what is no device', () => {
  test('a missing one', async () => {
    const device = scratch.path('missing');
    await expectFailure(['mkfs', device], { status: 1, code: 'no-device', says: [device, 'no such'] });
    expect(exists(device)).toBe(false);
  });

  test('a directory', async () => {
    const says = [scratch.root, 'directory'];
    await expectFailure(['mkfs', scratch.root], { status: 1, code: 'no-device', says });
  });

  test('/dev/null', async () => {
    const says = ['/dev/null', 'not a devdax'];
    await expectFailure(['mkfs', '/dev/null'], { status: 1, code: 'no-device', says });
  });

  test('a named pipe, which must not make it wait', async () => {
    const pipe = scratch.path('pipe');
    await commandOk('mkfifo', [pipe]);
    await expectFailure(['mkfs', pipe], { status: 1, code: 'no-device', says: [pipe, 'neither'] });
  });

  test('a file with a directory for a name', async () => {
    const path = `${put(scratch.path('file'), '')}/device`;
    await expectFailure(['mkfs', path], { status: 1, code: 'no-device', says: [path, 'ENOTDIR'] });
  });

  test('an empty file', async () => {
    const device = blank(0);
    await refused(device, ['--small'], {
      status: 1,
      code: 'device-too-small',
      says: [device, '0 bytes'],
      hint: /choose a larger device$/,
    });
  });

  test('a file below 4 GiB', async () => {
    const device = blank(4 * GIB - 1);
    await refused(device, [], {
      status: 1,
      code: 'device-too-small',
      says: [device, '4294967295', '4 GiB'],
      hint: '--small',
    });
  });

  test('a file with no room for a file behind the log, with --small', async () => {
    const device = blank(12 * 2 ** 20 - 1);
    await refused(device, ['--small'], { status: 1, code: 'device-too-small', says: [device, '12582912'] });
  });
});

describe('permission and identity', () => {
  test('another user may not write the device', async () => {
    const device = blank();
    await refused(
      device,
      [],
      { status: 1, code: 'no-permission', says: [device, 'not allowed'], hint: 'root' },
      NOBODY,
    );
  });

  test('a device that is read-only by its file system', async () => {
    const device = blank();
    await commandOk('mount', ['--bind', device, device]);
    await commandOk('mount', ['-o', 'remount,ro,bind', device]);
    await refused(device, [], { status: 1, code: 'no-permission', says: [device, 'writing'] });
  });

  test('a user with access to the device needs nothing else', async () => {
    const device = blank();
    chmodSync(device, 0o666);
    await famfsOk(['mkfs', '--no-sync', device], NOBODY);
    await expectClean(device);
  });

  test.each(['nonsense', '', OWNER.slice(1), `${OWNER}0`, OWNER.replaceAll('-', ''), `{${OWNER}}`])(
    'the system UUID "%s" is refused',
    async (host) => {
      const failure = { status: 1, code: 'system-uuid', says: ['FAMFS_SYSTEM_UUID', 'not a UUID'] } as const;
      await refused(blank(), [], failure, { host });
    },
  );
});

describe('usage', () => {
  test('no device', async () => {
    await expectFailure(['mkfs'], { status: 2, code: 'usage', says: ['DEVICE'], hint: '--help' });
  });

  test('an unknown flag', async () => {
    await refused(blank(), ['--nonsense'], {
      status: 2,
      code: 'usage',
      says: ['--nonsense'],
      hint: '--help',
    });
  });

  test('two devices, one of which is none', async () => {
    const other = scratch.path('other');
    writeFileSync(other, '');
    await refused(blank(), [other], { status: 1, code: 'device-too-small', says: [other] });
  });

  test('a flag without its value', async () => {
    await expectFailure(['mkfs', '--loglen'], { status: 2, code: 'usage', says: ['--loglen'] });
  });
});

describe('--set-daxmode', () => {
  test('of what is no DAX device', async () => {
    await refused(blank(), ['--set-daxmode', 'devdax'], {
      status: 1,
      code: 'no-device',
      says: ['not a DAX device'],
      hint: 'leave --set-daxmode out',
    });
  });

  test.each([
    ['another mode', ['--set-daxmode', 'famfs'], '--set-daxmode=famfs'],
    ['a file to be made', ['--set-daxmode', 'devdax', '--create', '4g'], '--create'],
  ])('with %s', async (_name, args, says) => {
    await refused(blank(), args, { status: 2, code: 'usage', says: [says] });
  });
});
