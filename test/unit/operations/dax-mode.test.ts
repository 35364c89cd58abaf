import { rmSync } from 'node:fs';
import { openDevice } from '../../../src/device/open';
import { FamfsError } from '../../../src/errors';
import { withDaxMode } from '../../../src/operations/dax-mode';
import { DaxTree } from '../../support/dax-tree';

let tree: DaxTree | undefined;
let said: string[];

beforeEach(() => {
  said = [];
});

afterEach(() => {
  tree?.remove();
  tree = undefined;
});

/** What comes of an operation on the device of a tree that asks for devdax: its result, or its error. */
async function attempt(of: DaxTree, path = of.node): Promise<unknown> {
  tree = of;
  const options = { setDaxMode: 'devdax', onModeChange: (message: string) => said.push(message) } as const;
  return withDaxMode(path, options, async () => ({ done: true }), of.places).catch((error: unknown) => error);
}

const refused = (code: string, message: RegExp, hint: RegExp) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });

const DRIVERS = ['device_dax', 'fsdev_dax', 'kmem'];
const untouched = (of: DaxTree) =>
  DRIVERS.every((driver) => ['bind', 'unbind', 'new_id'].every((file) => of.written(driver, file) === ''));

test('a device in mode devdax is left alone, and so is any without the option', async () => {
  const devdax = new DaxTree({ driver: 'device_dax' });
  expect(await attempt(devdax)).toEqual({ done: true });
  expect(untouched(devdax)).toBe(true);
  devdax.remove();
  tree = new DaxTree({ driver: 'fsdev_dax' });
  expect(await withDaxMode(tree.node, {}, async () => ({ done: true }), tree.places)).toEqual({ done: true });
  expect(untouched(tree)).toBe(true);
  expect(said).toEqual([]);
});

test('what is mounted, open or online is refused before anything is written', async () => {
  const mounted = new DaxTree({ driver: 'fsdev_dax' });
  mounted.put('proc/9/mountinfo', `36 25 0:42 / /mnt/famfs rw - famfs ${mounted.node} rw\n`);
  mounted.link('proc/9/ns/mnt', 'mnt:[1]');
  expect(await attempt(mounted)).toEqual(
    refused('device-mounted', /mounted on \/mnt\/famfs/, /umount \/mnt\/famfs/),
  );
  expect(untouched(mounted)).toBe(true);
  mounted.remove();

  const open = new DaxTree({ driver: 'fsdev_dax' });
  open.put('proc/9/comm', 'daemon\n');
  open.link('proc/9/fd/0', open.node);
  expect(await attempt(open)).toEqual(
    refused('dax-mode', /process 9 \(daemon\) has it open/, /end that process/),
  );
  expect(untouched(open)).toBe(true);
  open.remove();

  const online = new DaxTree({ driver: 'kmem' });
  online.memoryBlock(34, 'online');
  expect(await attempt(online)).toEqual(
    refused('dax-mode', /memory of this host/, /daxctl offline-memory dax0\.0/),
  );
  expect(untouched(online)).toBe(true);
});

test('a driver that the kernel does not have, and one that famfs does not know', async () => {
  const without = new DaxTree({ driver: 'fsdev_dax' });
  rmSync(without.path('sys/bus/dax/drivers/device_dax'), { recursive: true });
  expect(await attempt(without)).toEqual(refused('dax-mode', /no driver device_dax/, /modprobe device_dax/));
  without.remove();
  const strange = new DaxTree({ driver: 'strange', drivers: [...DRIVERS, 'strange'] });
  expect(await attempt(strange)).toEqual(
    refused('dax-mode', /in mode unknown \(driver strange\)/, /^run daxctl/),
  );
  expect(untouched(strange)).toBe(true);
});

test('a kernel that does not do what it is told: the device goes back, and work does not begin', async () => {
  const of = new DaxTree({ driver: 'fsdev_dax' });
  expect(await attempt(of)).toEqual(refused('dax-mode', /device_dax does not take it/, /dmesg/));
  expect(of.written('fsdev_dax', 'unbind')).toBe('dax0.0');
  expect(of.written('fsdev_dax', 'remove_id')).toBe('dax0.0');
  expect(of.written('device_dax', 'bind')).toBe('dax0.0');
  expect(of.written('fsdev_dax', 'bind')).toBe('dax0.0');
  expect(said).toEqual([]);
});

test('what is missing, and what is no DAX device', async () => {
  const of = new DaxTree({ driver: 'fsdev_dax' });
  expect(await attempt(of, of.path('missing'))).toMatchObject({ code: 'no-device' });
  expect(await attempt(of, of.path('sys/devices/dax0.0/size'))).toEqual(
    refused('no-device', /not a DAX device/, /leave --set-daxmode out/),
  );
  expect(await attempt(of, '/dev/zero')).toMatchObject({ code: 'no-device' });
  expect(untouched(of)).toBe(true);
  expect(() => openDevice('/dev/zero', { writable: false })).toThrow(FamfsError);
});
