import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDevice } from '../../src/device/open';
import { SUPERBLOCK } from '../../src/log/layout';
import type { Takeover } from '../../src/operations/owner';
import { mkdir } from '../support/images';
import { BIN, CLIENT, famfs, famfsOk, OWNER } from '../support/run';
import { appendUnseen, loggedPaths, readOnDevice, readRange } from '../support/run-device';
import { codesOf, expectClean, expectFailure, fsck } from '../support/run-expect';
import { scratchEach } from '../support/run-scratch';
import { inNamespace, until } from '../support/run-server';

const scratch = scratchEach();
const OTHER = '5e0b7a54-96c1-4c09-8f3e-2b1d6a7c4f03';
const { crc, ownerUuid } = SUPERBLOCK.fields;

const take = (device: string) => ['owner', '--take', '--force', '--no-sync', device];
const superblockOf = (device: string) => readRange(device, 0, SUPERBLOCK.bytes);

function store(path: string, offset: number, bytes: Buffer): void {
  const device = openDevice(path, { writable: true, noSync: true });
  device.store(offset, bytes);
  device.close();
}

describe('who the owner is', () => {
  test('is told of a device, on the owner and on a client', async () => {
    const device = await scratch.makeDevice('4g');
    const { superblock } = readOnDevice(device);
    const common = { device, uuid: superblock.uuid, ownerUuid: OWNER };
    const here = (await famfsOk(['owner', '--json', device])).json();
    expect(here).toEqual({ ...common, systemUuid: OWNER, role: 'owner' });
    const there = (await famfsOk(['owner', '--json', device], { host: CLIENT })).json();
    expect(there).toEqual({ ...common, systemUuid: CLIENT, role: 'client' });
    const text = await famfsOk(['owner', device], { host: CLIENT });
    expect(text.stdout).toBe(`owner      ${OWNER}\nthis host  ${CLIENT} (a client)\n`);
  });

  test('is told of a mount and a path in it', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await famfsOk(['mkdir', `${mount}/a`]);
    for (const target of [mount, `${mount}/a`])
      expect((await famfsOk(['owner', '--json', target])).json()).toMatchObject({ device, role: 'owner' });
  });

  const SCRIPT =
    'mkdir -p /opt/famfs; mount -t tmpfs none /opt/famfs; printf %s "$1" > /opt/famfs/hosts; shift; "$@"';
  const withHosts = (hosts: string, args: readonly string[]) =>
    inNamespace(SCRIPT, [hosts, join(BIN, 'famfs'), ...args], { host: CLIENT });

  test.each([
    ['a line for it', `# hosts\n${OTHER} other\n${OWNER}\track1-node2  # the first\n`],
    ['upper case, and no newline', `${OWNER.toUpperCase()} rack1-node2`],
    ['lines that cannot be read', `x\n\n${OWNER}\n${OWNER} two words\n ${OWNER} rack1-node2`],
  ])('is told by name: /opt/famfs/hosts with %s', async (_what, hosts) => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const shown = await withHosts(hosts, ['owner', device]);
    expect(shown.stdout).toContain(`${OWNER} (rack1-node2)\n`);
    const refused = await withHosts(hosts, ['mkdir', `${mount}/a`]);
    expect(refused.stderr).toContain(`is a client; the owner is rack1-node2 (${OWNER})`);
    expect(refused.stderr).toContain('run this on the owner: rack1-node2\n');
  });

  test('is told by UUID alone where the file names others, or has control characters', async () => {
    const device = await scratch.makeDevice('4g');
    for (const hosts of [`${OTHER} other\n`, `${OWNER} \u001b[31mred\n`]) {
      const shown = await withHosts(hosts, ['owner', '--json', device]);
      expect(JSON.parse(shown.stdout)).not.toHaveProperty('ownerName');
    }
  });
});

describe('taking over', () => {
  test('makes this host the owner, and the other one a client', async () => {
    const device = await scratch.makeDevice('4g');
    const before = readOnDevice(device).superblock;
    const taken = (await famfsOk([...take(device), '--json'], { host: CLIENT })).json<Takeover>();
    expect(taken).toMatchObject({
      taken: true,
      formerOwnerUuid: OWNER,
      formerOwnerWrites: false,
      ownerUuid: CLIENT,
      role: 'owner',
      remount: [],
    });
    expect(readOnDevice(device).superblock).toEqual({
      ...before,
      crc: expect.any(Number),
      ownerUuid: CLIENT,
    });
    const mount = await scratch.mounted(device, [], { host: CLIENT });
    await famfsOk(['mkdir', `${mount}/a`], { host: CLIENT });
    await expectFailure(['mkdir', `${mount}/b`], {
      status: 1,
      code: 'not-owner',
      says: [CLIENT],
      hint: `/opt/famfs/system_uuid holds ${CLIENT}`,
    });
    expect(loggedPaths(device)).toEqual(['a']);
  });

  test('is refused without --force, and changes nothing', async () => {
    const device = await scratch.makeDevice('4g');
    const before = superblockOf(device);
    const failure = { status: 2, code: 'usage', says: [OWNER, 'alive'], hint: '--force' } as const;
    await expectFailure(['owner', '--take', device], failure, { host: CLIENT });
    await expectFailure(['owner', '--force', device], { status: 2, code: 'usage', says: ['--take'] });
    expect(superblockOf(device).equals(before)).toBe(true);
  });

  test.each([[[]], [['--force']]])('of what one owns %j changes nothing and succeeds', async (more) => {
    const device = await scratch.makeDevice('4g');
    const before = superblockOf(device);
    const run = await famfsOk(['owner', '--take', ...more, device]);
    expect(run.stdout).toBe(`${device}: owned by this host already\n`);
    expect(superblockOf(device).equals(before)).toBe(true);
  });

  test('where it is mounted lets verbs go on at once, and says what needs another mount', async () => {
    const device = await scratch.makeDevice('4g');
    const mount = await scratch.mounted(device, [], { host: CLIENT });
    const run = await famfsOk(take(mount), { host: CLIENT });
    expect(run.stdout).toContain(`${device}: owned by this host now, and no more by ${OWNER}\n`);
    expect(run.stdout).toContain(`${mount}: files here may be written as before until it is unmounted`);
    await famfsOk(['creat', '-s', '1', `${mount}/file`], { host: CLIENT });
    await expectClean(mount);
  });

  test('waits for a verb on this host that holds the lock', async () => {
    const path = await scratch.makeDevice('4g');
    const device = openDevice(path, { writable: true, noSync: true });
    expect(device.tryLock()).toBe(true);
    const done = famfs(take(path), { host: CLIENT });
    await sleep(1500);
    expect(readOnDevice(path).superblock.ownerUuid).toBe(OWNER);
    device.close();
    expect(await done).toMatchObject({ status: 0, stderr: expect.stringContaining('waiting for the lock') });
    expect(readOnDevice(path).superblock.ownerUuid).toBe(CLIENT);
  });

  test('tells when the log grew meanwhile', async () => {
    const device = await scratch.makeDevice('4g');
    const done = famfs([...take(device), '--json'], { host: CLIENT });
    await until('it is taken', () => ownerUuid.get(superblockOf(device), 0) === CLIENT);
    appendUnseen(device, mkdir('by-the-former-owner'));
    const run = await done;
    expect(run.json()).toMatchObject({ taken: true, formerOwnerWrites: true });
    expect(run.stderr).toContain('the former owner is alive');
  });
});

describe('a takeover that was cut off', () => {
  /** What storeOwner leaves when the power fails: its checksum, and so many bytes of the owner's UUID. */
  function cutOff(device: string, stored: number): void {
    const bytes = superblockOf(device);
    const whole = Buffer.from(bytes);
    ownerUuid.set(whole, 0, CLIENT);
    crc.seal(whole, 0);
    whole.copy(bytes, crc.offset, crc.offset, crc.offset + crc.length);
    whole.copy(bytes, ownerUuid.offset, ownerUuid.offset, ownerUuid.offset + stored);
    store(device, 0, bytes);
  }

  test.each([0, 8])(
    'with %d bytes of the UUID stored is named by fsck and mended by doing it again',
    async (stored) => {
      const device = await scratch.makeDevice('4g');
      cutOff(device, stored);
      expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-crc']);
      const failure = { status: 1, code: 'bad-superblock', says: ['sb-crc'] } as const;
      await expectFailure(take(device), failure, { host: OTHER });
      await expectFailure(
        ['owner', '--take', device],
        { status: 2, code: 'usage', says: [] },
        { host: CLIENT },
      );
      const again = (await famfsOk([...take(device), '--json'], { host: CLIENT })).json<Takeover>();
      expect(again).toMatchObject({ taken: true, role: 'owner', ownerUuid: CLIENT });
      expect(again).not.toHaveProperty('formerOwnerUuid');
      await expectClean(device);
    },
  );

  test('is not what a superblock with other damage is taken for', async () => {
    const device = await scratch.makeDevice('4g');
    store(device, SUPERBLOCK.fields.uuid.offset, randomBytes(16));
    const before = superblockOf(device);
    await expectFailure(
      take(device),
      { status: 1, code: 'bad-superblock', says: ['sb-crc'] },
      { host: CLIENT },
    );
    expect(superblockOf(device).equals(before)).toBe(true);
  });
});
