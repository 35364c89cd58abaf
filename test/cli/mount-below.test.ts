import { rmSync, symlinkSync } from 'node:fs';
import { commandOk, famfsOk } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { namesIn } from '../support/run-files';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf } from '../support/run-server';

const scratch = scratchEach();
let primary: string;
let secondary: string;
let at: string;

/** A file system whose secondary device is in the directory to mount on. */
beforeEach(async () => {
  primary = await scratch.makeDevice('4g');
  at = scratch.directory('mnt');
  secondary = scratch.path('mnt/secondary');
  await commandOk('truncate', ['-s', '256m', secondary]);
  await famfsOk(['device', 'add', '--no-sync', primary, secondary]);
});

test('a mount that would hide its own device is refused', async () => {
  const device = await scratch.makeDevice('4g');
  symlinkSync(device, scratch.path('mnt/link'));
  const refused = (path: string, hidden: string) =>
    ({
      status: 2,
      code: 'usage',
      says: [`${path}: the device ${hidden} is in this directory`],
      hint: 'mount on a directory',
    }) as const;
  await expectFailure(['mount', device, scratch.root], refused(scratch.root, device));
  await expectFailure(['mount', primary, at], refused(at, secondary));
  expect(mountsBelow(scratch.root)).toEqual([]);
  await scratch.mounted(scratch.path('mnt/link'), [], { at });
});

test('a device that is gone is not looked for in the mount', async () => {
  rmSync(secondary);
  const link = scratch.path('link');
  symlinkSync(at, link);
  await scratch.mounted(primary, ['--degraded', '--device', `${link}/other`], { at });
  expect(namesIn(at)).toEqual([]);
  const { devices } = await statusOf(at);
  expect(devices.map(({ trouble }) => trouble)).toEqual([null, 'missing']);
});
