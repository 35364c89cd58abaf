import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as open from '../../../src/device/open';
import { check } from '../../../src/operations/check';
import { checkRead } from '../../../src/operations/check-read';
import type { Mount } from '../../../src/operations/mounts';
import * as mounts from '../../../src/operations/mounts';
import { writeImage } from '../../support/images';

jest.mock('../../../src/operations/mounts', () => ({ targetOf: jest.fn(), mountOfDevice: jest.fn() }));
jest.mock('../../../src/device/open', () => {
  const actual = jest.requireActual<typeof open>('../../../src/device/open');
  return { openDevice: jest.fn(actual.openDevice) };
});

let directory: string;
let device: string;
let mount: Mount;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-check-target-'));
  device = join(directory, 'device');
  mount = { id: '0-1', directory: '/somewhere', device, readOnly: true, uid: 0 };
  writeImage(device);
  jest.mocked(mounts.targetOf).mockReturnValue({ device });
  jest.mocked(mounts.mountOfDevice).mockReturnValue(undefined);
});

afterEach(() => rmSync(directory, { recursive: true }));

const openDescriptors = () => readdirSync('/proc/self/fd').length;

test('a mounted file system is checked by its mount, and says so', async () => {
  jest.mocked(mounts.targetOf).mockReturnValue({ device, mount });
  expect(await check('/somewhere')).toMatchObject({ device, mountedOn: '/somewhere' });
  jest.mocked(mounts.mountOfDevice).mockReturnValue({ ...mount, directory: '/elsewhere' });
  expect(await check('/somewhere')).toMatchObject({ mountedOn: '/somewhere' });
});

test('a mounted device is refused, with the way to check it', async () => {
  jest.mocked(mounts.mountOfDevice).mockReturnValue(mount);
  await expect(check(device)).rejects.toMatchObject({
    code: 'device-mounted',
    message: `${device}: mounted on /somewhere`,
    hint: 'check it there: famfs fsck /somewhere',
  });
});

test('the device is opened for reading alone', async () => {
  await check(device);
  expect(open.openDevice).toHaveBeenCalledWith(device, { writable: false });
});

test('nothing stays open', async () => {
  const path = join(directory, 'file');
  writeFileSync(path, 'x');
  const before = openDescriptors();
  await check(device);
  await expect(check(device, { signal: AbortSignal.abort() })).rejects.toThrow();
  await checkRead(path);
  await expect(checkRead(directory)).rejects.toThrow();
  expect(openDescriptors()).toBe(before);
});
