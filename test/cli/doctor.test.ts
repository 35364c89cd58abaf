import { chownSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { release } from 'node:os';
import { type DoctorReport, examineHost } from '../../src/operations/doctor';
import type { DoctorCheck } from '../../src/operations/doctor-check';
import { kernelCheck, nodeCheck, otherUsersCheck } from '../../src/operations/doctor-system';
import { isServer, serverIn } from '../../src/server-place';
import { famfs, OWNER } from '../support/run';
import { expectFailure, expectNoTrace } from '../support/run-expect';
import { exists, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { runDirectoryOf, until } from '../support/run-server';

const scratch = scratchEach();

async function doctor(options: Parameters<typeof famfs>[1] = {}): Promise<DoctorReport> {
  return (await famfs(['doctor', '--json'], options)).json<DoctorReport>();
}

const about = ({ checks }: DoctorReport, name: DoctorCheck['name']) =>
  checks.filter((check) => check.name === name);

test('a line for each check, and the same in JSON', async () => {
  const report = await doctor();
  const { status, stdout, stderr } = await famfs(['doctor']);
  expect({ status, stderr }).toEqual({ status: stdout.includes('\n0 errors, ') ? 0 : 1, stderr: '' });
  expectNoTrace(stdout);
  for (const { level, message } of report.checks) {
    if (!message.includes('/tmp/')) expect(stdout).toContain(`${level.padEnd(7)}  ${message}\n`);
  }
  expect(stdout).toMatch(/\n\d+ errors?, \d+ warnings?\n$/);
});

test('the facts of this host', async () => {
  const report = await doctor();
  expect(about(report, 'node')).toEqual([
    { name: 'node', level: 'ok', message: `Node.js ${process.versions.node}` },
  ]);
  expect(about(report, 'kernel')[0]?.message).toContain(release());
  expect(about(report, 'fuse')).toMatchObject([{ level: 'ok' }]);
  expect(about(report, 'libfuse')).toMatchObject([{ level: 'ok' }]);
  expect(about(report, 'system-uuid')[0]?.message).toContain(OWNER);
});

test('a system UUID that is none is an error, and one that is missing is not made', async () => {
  const bad = await famfs(['doctor', '--json'], { host: 'nobody' });
  expect(bad.status).toBe(1);
  expect(about(bad.json<DoctorReport>(), 'system-uuid')).toMatchObject([
    { level: 'error', message: 'FAMFS_SYSTEM_UUID: not a UUID: "nobody"', hint: expect.any(String) },
  ]);
  expect((await famfs(['doctor'], { host: 'nobody' })).stdout).toContain('error    FAMFS_SYSTEM_UUID');
});

test('--quiet says what is wrong alone', async () => {
  const { stdout } = await famfs(['doctor', '--quiet'], { host: 'nobody' });
  expect(stdout).toContain('error    FAMFS_SYSTEM_UUID');
  expect(stdout).not.toMatch(/^ok/m);
});

test('a mount whose server answers, and one whose server died', async () => {
  const { mount, device } = await scratch.mountedDevice('4g');
  const of = (report: DoctorReport) =>
    about(report, 'mount').filter(({ message }) => message.includes(mount));
  expect(of(await doctor())).toEqual([
    { name: 'mount', level: 'ok', message: `${mount}: the server of ${device} answers` },
  ]);
  const pid = serverIn(await runDirectoryOf(mount)) as number;
  process.kill(pid, 'SIGKILL');
  await until('the server is dead', () => !isServer(pid));
  const report = await doctor();
  expect(of(report)).toMatchObject([{ level: 'error', hint: expect.stringContaining('famfs umount') }]);
  expect((await famfs(['doctor'])).status).toBe(1);
});

test('what a dead server left in the run directory', async () => {
  const user = { uid: 65_534, gid: 65_534, env: { XDG_RUNTIME_DIR: scratch.path('run') } };
  put(scratch.path('run/famfs/0-99/server.json'), JSON.stringify({ pid: 2 ** 30 }));
  chownSync(scratch.path('run/famfs'), user.uid, user.gid);
  expect(about(await doctor(user), 'leftover')).toMatchObject([
    { level: 'warning', message: expect.stringContaining(scratch.path('run/famfs/0-99')) },
  ]);
  expect(exists(scratch.path('run/famfs/0-99/server.json'))).toBe(true);
});

test('a user without rights is told what root would have to do', async () => {
  const report = await doctor({ uid: 65_534, gid: 65_534 });
  expect(about(report, 'other-users')).toHaveLength(1);
  expect(report.errors).toBe(report.checks.filter(({ level }) => level === 'error').length);
});

test('an unknown flag is refused', async () => {
  await expectFailure(['doctor', '--nonsense'], { status: 2, code: 'usage', says: ['--nonsense'] });
});

describe('DAX devices', () => {
  function dax(
    name: string,
    facts: { size?: string; align?: string; driver?: string; node?: boolean },
  ): void {
    const directory = scratch.directory('sys/bus/dax/devices', name);
    put(`${directory}/size`, `${facts.size ?? 4 * 2 ** 30}\n`);
    put(`${directory}/align`, `${facts.align ?? 2 * 2 ** 20}\n`);
    if (facts.driver) symlinkSync(`../../drivers/${facts.driver}`, `${directory}/driver`);
    if (facts.node !== false) put(scratch.path('dev', name), '');
  }

  const examine = () =>
    examineHost({
      sysfs: scratch.path('sys'),
      dev: scratch.path('dev'),
      fuseConf: scratch.path('fuse.conf'),
    });

  test('each with its mode, size, alignment, rights, and what to do', async () => {
    dax('dax0.0', { driver: 'device_dax' });
    dax('dax1.0', { driver: 'kmem' });
    dax('dax2.0', {});
    dax('dax3.0', { driver: 'fsdev_dax' });
    dax('dax4.0', { driver: 'device_dax', node: false });
    dax('dax5.0', { driver: 'device_dax', size: '12345' });
    dax('dax6.0', { driver: 'device_dax', size: 'garbage' });
    dax('dax7.0', { driver: 'strange' });
    const report = await examine();
    expect(report.devices[0]).toEqual({
      path: scratch.path('dev/dax0.0'),
      mode: 'devdax',
      size: 4 * 2 ** 30,
      align: 2 * 2 ** 20,
      driver: 'device_dax',
      access: 'read-write',
    });
    expect(about(report, 'dax').map(({ level }) => level)).toEqual([
      'ok',
      'warning',
      'warning',
      'warning',
      'error',
      'error',
      'error',
      'warning',
    ]);
    expect(report.devices.map(({ mode }) => mode)).toEqual([
      'devdax',
      'system-ram',
      'disabled',
      'famfs',
      'devdax',
      'devdax',
      'devdax',
      'unknown',
    ]);
    const [, kmem, unbound, fsdev, , , , strange] = about(report, 'dax');
    const byHand = (name: string) => `run daxctl reconfigure-device --mode=devdax ${name}`;
    const byFlag = 'give famfs mkfs or famfs mount --set-daxmode devdax';
    expect(kmem?.hint).toBe(`daxctl offline-memory dax1.0, then ${byFlag}, or ${byHand('dax1.0')}`);
    expect(kmem?.message).toContain('in mode system-ram (driver kmem): it is memory of this host');
    expect(unbound?.message).toContain('disabled (no driver): it cannot be opened');
    expect(unbound?.hint).toBe(`${byFlag}, or ${byHand('dax2.0')}`);
    expect(fsdev?.message).toContain('in mode famfs (driver fsdev_dax): the kernel alone may use it');
    expect(fsdev?.hint).toBe(`${byFlag}, or ${byHand('dax3.0')}`);
    expect(strange?.message).toContain('in mode unknown (driver strange)');
    expect(strange?.hint).toBe(byHand('dax7.0'));
  });

  test('none', async () => {
    mkdirSync(scratch.path('sys'));
    expect(about(await examine(), 'dax')).toMatchObject([{ level: 'ok' }]);
  });
});

test('versions', () => {
  expect(nodeCheck('20.14.1').level).toBe('error');
  expect(nodeCheck('20.15.0').level).toBe('ok');
  expect(kernelCheck('4.19.0-x').level).toBe('error');
  expect(kernelCheck('5.15.0-101-generic').level).toBe('warning');
  expect(kernelCheck('6.6.1').level).toBe('ok');
  expect(kernelCheck('10.0').level).toBe('ok');
});

test('user_allow_other in fuse.conf, and in a comment', () => {
  const conf = put(scratch.path('fuse.conf'), '# user_allow_other\n');
  expect(otherUsersCheck(conf).message).toContain('no user_allow_other');
  put(conf, '# mounts\nuser_allow_other\n');
  expect(otherUsersCheck(conf)).toMatchObject({ level: 'ok', message: expect.stringContaining('may mount') });
  expect(readFileSync(conf, 'utf8')).toContain('mounts');
});
