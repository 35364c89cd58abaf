import { renameSync } from 'node:fs';
import type { Info } from '../../src/operations/info';
import { DEVICE_UUID, FS_UUID, GIB, OWNER_UUID, SECOND_DEVICE_UUID, writeImage } from '../support/images';
import { CLIENT, famfsOk } from '../support/run';
import { writeRange } from '../support/run-device';
import { filledDevices } from '../support/run-devices';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

test('tells what superblock and log say, further devices among it', async () => {
  const device = scratch.path('device.img');
  writeImage(device);
  const info = (await famfsOk(['info', '--json', device])).json<Info>();
  expect(info).toMatchObject({
    device,
    deviceKind: 'file',
    uuid: FS_UUID,
    ownerUuid: OWNER_UUID,
    role: 'owner',
    superblockVersion: 48,
    format: '2.2',
    allocUnit: 2 ** 21,
    log: { offset: 2 ** 21, length: 2 ** 23, entries: 13, capacity: 15_420, notShown: 0 },
    files: 10,
    directories: 2,
    mounts: [],
  });
  expect(info.devices).toEqual([
    { index: 0, uuid: DEVICE_UUID, size: info.recorded.size, path: device },
    {
      index: 1,
      uuid: SECOND_DEVICE_UUID,
      size: 8 * GIB,
      path: process.env.FAMFS_DEVICES,
    },
  ]);
});

test('as text, of a mount, on a client', async () => {
  const { device, mount } = await scratch.mountedDevice('4g');
  const run = await famfsOk(['info', mount], { host: CLIENT });
  expectQuiet(run);
  expect(run.stdout).toMatch(new RegExp(`^device +${device} \\(file\\)\n`));
  expect(run.stdout).toMatch(/this host is a client/);
  expect(run.stdout).toMatch(new RegExp(`^mounted on +${mount}$`, 'm'));
});

test('of several devices tells where each is, or what is wrong with it', async () => {
  const paths = await filledDevices(scratch);
  const rows = async (...args: string[]) => {
    const { stdout } = await famfsOk(['info', ...args, paths[0]]);
    return [...stdout.matchAll(/^device (\d) +(.*), [0-9a-f-]{36}, (.*)$/gm)].map((row) => row.slice(1));
  };
  expect(await rows()).toEqual(paths.map((path, index) => [String(index), '4.0 GiB', path]));
  writeRange(paths[1], 0, Buffer.alloc(200));
  renameSync(paths[2], `${paths[2]}.moved`);
  expect(await rows()).toEqual([
    ['0', '4.0 GiB', paths[0]],
    ['1', '4.0 GiB', `damaged: ${paths[1]}`],
    ['2', '4.0 GiB', 'missing'],
  ]);
  expect((await rows('--device', `${paths[2]}.moved`))[2]).toEqual(['2', '4.0 GiB', `${paths[2]}.moved`]);
  const { devices } = (await famfsOk(['info', '--json', paths[0]])).json<Info>();
  expect(devices[1]).toMatchObject({ index: 1, trouble: 'damaged', path: paths[1] });
});

test('what is no famfs is an error', async () => {
  const path = put(scratch.path('noise'), Buffer.alloc(2 ** 23));
  await expectFailure(['info', path], { status: 1, code: 'not-famfs', says: [path] });
});
