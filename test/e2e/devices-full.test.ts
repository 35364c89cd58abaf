import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openDevice } from '../../src/library';
import { MIB } from '../../src/log/layout';
import type { Usage } from '../../src/operations/usage';
import { GIB } from '../support/images';
import { commandOk, famfsOk } from '../support/run';
import { fsck } from '../support/run-expect';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
const SIZES = { a: 4 * GIB, b: 8 * GIB, c: 16 * GIB };
const NAMES = ['plain-1', 'plain-2', 'plain-3', 'plain-4', 'plain-5', 'striped-1', 'striped-2', 'striped-3'];

let primary: string;
let mount: string;
/** SHA-256 of each of NAMES, as the mount has them. */
let sums: string[];

const usage = async (target: string) => {
  const { filesystems } = (await famfsOk(['df', '--json', target])).json<{ filesystems: Usage[] }>();
  return filesystems[0] as Usage;
};

/** Files without contents until nine tenths of all devices are taken, every third one of them striped. */
async function fill(): Promise<void> {
  for (let i = 0; ; i++) {
    const { size, used } = await usage(mount);
    const left = 0.9 * size - used;
    if (left <= 0) return;
    const bytes = Math.ceil(Math.min(left, (i % 3 === 0 ? 0.3 : 1) * GIB));
    const stripe = i % 3 === 0 ? ['-N', '3'] : [];
    await famfsOk(['creat', '--no-sync', '-s', String(bytes), ...stripe, join(mount, `fill-${i}`)]);
  }
}

beforeAll(async () => {
  const paths = Object.keys(SIZES).map((name) => scratch.path(name));
  for (const [name, size] of Object.entries(SIZES)) {
    await commandOk('truncate', ['-s', String(size), scratch.path(name)]);
  }
  await famfsOk(['mkfs', '--no-sync', ...paths]);
  primary = paths[0] as string;
  mount = await scratch.mounted(primary);
  for (const [i, name] of NAMES.entries()) {
    const stripe = name.startsWith('striped') ? ['-N', String(1 + (i % 3)), '-C', `${2 + 2 * (i % 2)}m`] : [];
    const contents = ['-s', `${3 + 4 * i}m`, '-r', '-S', String(i + 1)];
    await famfsOk(['creat', '--no-sync', '--policy', 'spread', ...contents, ...stripe, join(mount, name)]);
  }
  await fill();
  const { stdout } = await commandOk(
    'sha256sum',
    NAMES.map((name) => join(mount, name)),
  );
  sums = stdout
    .split('\n')
    .slice(0, NAMES.length)
    .map((line) => line.slice(0, 64));
}, 120_000);

test('nine tenths of three devices are taken, device by device as in all', async () => {
  const { devices, size, used } = await usage(mount);
  expect(size).toBe(28 * GIB);
  expect(used / size).toBeGreaterThan(0.9);
  expect(devices.map((device) => device.size)).toEqual(Object.values(SIZES));
  expect(devices.reduce((sum, device) => sum + (device.used ?? 0), 0)).toBe(used);
});

test('contents are those that were made, through the mount', async () => {
  const requests = NAMES.flatMap((name, i) => ['--multi', `${join(mount, name)},${i + 1}`]);
  await famfsOk(['verify', ...requests]);
  expect(new Set(sums).size).toBe(NAMES.length);
});

test('and the same straight from the devices, by the command line and by the library', async () => {
  await famfsOk(['umount', mount]);
  const { stdout } = await famfsOk(['digest', '--device', primary, ...NAMES]);
  expect(
    stdout
      .split('\n')
      .slice(0, NAMES.length)
      .map((line) => line.slice(0, 64)),
  ).toEqual(sums);
  for (const [i, name] of NAMES.entries()) {
    const catted = await commandOk('sh', [
      '-c',
      `'${process.execPath}' bin/famfs cat '${primary}' ${name} | sha256sum`,
    ]);
    expect(catted.stdout.slice(0, 64)).toBe(sums[i]);
    using famfs = openDevice(primary);
    using mapping = famfs.map(name);
    expect(mapping.length).toBe((3 + 4 * i) * MIB);
    expect(createHash('sha256').update(mapping.buffer).digest('hex')).toBe(sums[i]);
  }
});

test('fsck finds nothing, and what each device has adds up', async () => {
  const { contents, errors, warnings } = await fsck(primary, 0);
  expect({ errors, warnings }).toEqual({ errors: 0, warnings: 0 });
  const devices = contents?.space.devices ?? [];
  expect(devices.map((device) => device?.totalUnits)).toEqual(
    Object.values(SIZES).map((size) => size / (2 * MIB)),
  );
  expect(devices.reduce((sum, device) => sum + (device?.usedUnits ?? 0), 0)).toBe(contents?.space.usedUnits);
});
