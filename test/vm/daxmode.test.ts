import type { DoctorReport } from '../../src/operations/doctor';
import type { FormatResult } from '../../src/operations/format';
import type { MountResult } from '../../src/operations/mount';
import type { Run } from '../support/run';
import { programForOthers } from '../support/run-program';
import { type Guest, rigAll } from './rig/rig';

/** Modes of a DAX device, as a kernel that has the driver fsdev_dax makes them. */
const rig = rigAll();

const DEVICE = '/dev/dax0.0';
const DRIVERS = '/sys/bus/dax/drivers';
const MEMORY = '/sys/devices/system/memory';
const SET = ['--set-daxmode', 'devdax'];

let guest: Guest;
/** The directory of the program for users other than root: the machine has the files of this one. */
let bin: string;

beforeAll(async () => {
  bin = programForOthers();
  guest = await rig.boot('a', 'new');
  await guest.ok('modprobe fsdev_dax; modprobe kmem; mkdir /mnt/famfs');
});

/** The name of the driver that has the device; nothing for none. */
async function driver(): Promise<string> {
  const { stdout } = await guest.ok('basename "$(readlink /sys/bus/dax/devices/dax0.0/driver)"');
  return stdout.trim();
}

/** Takes the device from its driver and gives it to another one, or to none, as daxctl does it. */
async function give(to: 'device_dax' | 'fsdev_dax' | 'kmem' | ''): Promise<void> {
  const from = await driver();
  if (from !== '') {
    await guest.ok(`cd ${DRIVERS}/${from}; echo -n dax0.0 >unbind; echo -n dax0.0 >remove_id`);
  }
  if (to !== '') await guest.ok(`echo -n dax0.0 >${DRIVERS}/${to}/new_id`);
  expect(await driver()).toBe(to);
}

/** What doctor says of the device. */
async function diagnosis() {
  const report = (await guest.famfsOk('doctor', '--json')).json<DoctorReport>();
  const check = report.checks.find(({ name }) => name === 'dax');
  return { mode: report.devices[0]?.mode, level: check?.level, message: check?.message, hint: check?.hint };
}

function expectRefused(run: Run, ...says: string[]): void {
  expect(run.status).toBe(1);
  expect(run.stdout).toBe('');
  for (const text of says) expect(run.stderr).toContain(text);
  expect(run.stderr).not.toMatch(/ENXIO|ENODEV|EINVAL|EBUSY/);
}

const switched = (mode: string) => `${DEVICE}: switched from mode ${mode} to devdax\n`;
const back = (mode: string) => `${DEVICE}: put back to mode ${mode}\n`;

describe('in mode devdax', () => {
  test('doctor finds nothing wrong, and mkfs has nothing to switch', async () => {
    expect(await driver()).toBe('device_dax');
    expect(await diagnosis()).toMatchObject({ mode: 'devdax', level: 'ok' });
    const run = await guest.famfsOk('mkfs', '--json', '--force', ...SET, DEVICE);
    expect(run.json<FormatResult>()).not.toHaveProperty('switchedFrom');
    expect(run.stderr).toBe('');
  });
});

describe('in mode famfs', () => {
  beforeEach(() => give('fsdev_dax'));

  test('doctor names the mode, and what does not switch it is refused', async () => {
    const { hint, ...rest } = await diagnosis();
    expect(rest).toEqual({
      mode: 'famfs',
      level: 'warning',
      message: expect.stringContaining('in mode famfs (driver fsdev_dax)'),
    });
    expect(hint).toContain('--set-daxmode devdax');
    for (const verb of [
      ['mkfs', '--force', DEVICE],
      ['mount', DEVICE, '/mnt/famfs'],
      ['info', DEVICE],
    ]) {
      expectRefused(await guest.famfs(...verb), 'in mode famfs', 'daxctl reconfigure-device');
    }
    expect(await driver()).toBe('fsdev_dax');
  });

  test('mkfs switches it, and it stays', async () => {
    const run = await guest.famfsOk('mkfs', '--json', '--force', ...SET, DEVICE);
    expect(run.json<FormatResult>()).toMatchObject({ device: DEVICE, switchedFrom: 'famfs' });
    expect(run.stderr).toContain(switched('famfs'));
    expect(await driver()).toBe('device_dax');
    await guest.famfsOk('fsck', DEVICE);
  });

  test('a mkfs that is refused puts it back', async () => {
    const run = await guest.famfs('mkfs', ...SET, DEVICE);
    expectRefused(run, switched('famfs'), back('famfs'), 'add --force');
    expect(await driver()).toBe('fsdev_dax');
  });

  test('mount switches it', async () => {
    const run = await guest.famfsOk('mount', '--json', '--workers', '1', ...SET, DEVICE, '/mnt/famfs');
    expect(run.json<MountResult>()).toMatchObject({ device: DEVICE, switchedFrom: 'famfs' });
    expect(run.stderr).toContain(switched('famfs'));
    await guest.famfsOk('umount', '/mnt/famfs');
    expect(await driver()).toBe('device_dax');
  });

  test('a server that cannot mount has it put back', async () => {
    const library = '"$(realpath "$(ldconfig -p | awk \'/libfuse3.so.3/ { print $NF; exit }\')")"';
    await guest.ok(`mount --bind /dev/null ${library}`);
    const run = await guest.famfs('mount', ...SET, DEVICE, '/mnt/famfs');
    await guest.ok(`umount ${library}`);
    expectRefused(run, switched('famfs'), back('famfs'), 'libfuse3');
    expect(await driver()).toBe('fsdev_dax');
  });

  test('in use, by a process or a mount in another name space, it is left alone', async () => {
    const user = guest.start(`exec sleep 1000 <${DEVICE}`);
    await guest.ok('until pgrep -x sleep; do sleep 0.1; done');
    const open = await guest.famfs('mkfs', '--force', ...SET, DEVICE);
    await guest.ok('pkill -x sleep');
    await user.done;
    expectRefused(open, '(sleep) has it open', 'end that process');

    const away = guest.start(`exec unshare -m sh -c 'mount -t tmpfs ${DEVICE} /mnt/famfs; exec sleep 1000'`);
    await guest.ok('until pgrep -x sleep; do sleep 0.1; done');
    const mounted = await guest.famfs('mkfs', '--force', ...SET, DEVICE);
    await guest.ok('pkill -x sleep');
    await away.done;
    expectRefused(mounted, 'mounted on /mnt/famfs', 'umount /mnt/famfs');
    expect(await driver()).toBe('fsdev_dax');
  });

  test('for others than root, and where sysfs is read-only', async () => {
    const famfs = `famfs mkfs --force ${SET.join(' ')} ${DEVICE}`;
    const user = await guest.run(
      `chmod 666 ${DEVICE}; setpriv --reuid 65534 --regid 65534 --clear-groups env FAMFS_SYSTEM_UUID=${guest.uuid} ${process.execPath} ${bin}/${famfs}`,
    );
    expectRefused(user, 'EACCES', 'only root changes modes');
    const readOnly = await guest.run(`exec unshare -m sh -c 'mount -o remount,bind,ro /sys; ${famfs}'`);
    expectRefused(readOnly, 'EROFS', 'change the mode on the host');
    expect(await driver()).toBe('fsdev_dax');
  });
});

describe('disabled', () => {
  beforeEach(() => give(''));

  test('doctor says so, verbs refuse it, mkfs switches it, and a refused one disables it again', async () => {
    expect(await diagnosis()).toMatchObject({ mode: 'disabled', level: 'warning' });
    expectRefused(await guest.famfs('mkfs', DEVICE), 'disabled (no driver)', '--set-daxmode devdax');
    expectRefused(await guest.famfs('mkfs', ...SET, DEVICE), back('disabled'), 'add --force');
    expect(await driver()).toBe('');
    const run = await guest.famfsOk('mkfs', '--json', '--force', ...SET, DEVICE);
    expect(run.json<FormatResult>().switchedFrom).toBe('disabled');
    expect(await driver()).toBe('device_dax');
  });
});

describe('in mode system-ram', () => {
  /** A block of memory that lies in the device. */
  let block: string;

  beforeEach(async () => {
    await guest.ok(`echo offline >${MEMORY}/auto_online_blocks`);
    await give('kmem');
    const { stdout } = await guest.ok(`grep -l offline ${MEMORY}/memory*/state | tail -n 1`);
    block = stdout.trim();
  });

  test('with memory online it is left alone', async () => {
    await guest.ok(`echo online_movable >${block}`);
    expect(await diagnosis()).toMatchObject({ mode: 'system-ram', level: 'warning' });
    const run = await guest.famfs('mkfs', '--force', ...SET, DEVICE);
    expectRefused(run, 'memory of this host that is online', 'daxctl offline-memory dax0.0');
    expect(await driver()).toBe('kmem');
    await guest.ok(`echo offline >${block}`);
  });

  test('with all of it offline, mkfs switches it', async () => {
    expectRefused(await guest.famfs('mkfs', DEVICE), 'in mode system-ram (driver kmem)', 'offline-memory');
    expectRefused(await guest.famfs('mkfs', ...SET, DEVICE), back('system-ram'), 'add --force');
    expect(await driver()).toBe('kmem');
    const run = await guest.famfsOk('mkfs', '--json', '--force', ...SET, DEVICE);
    expect(run.json<FormatResult>().switchedFrom).toBe('system-ram');
    expect(await driver()).toBe('device_dax');
    await guest.famfsOk('fsck', DEVICE);
  });
});
