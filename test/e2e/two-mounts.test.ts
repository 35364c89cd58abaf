import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckReport } from '../../src/operations/check';
import type { MountStatus } from '../../src/operations/status';
import { CLIENT, commandOk, famfs, famfsOk } from '../support/run';
import { expectFailure } from '../support/run-expect';
import { namesIn } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { statusOf, until } from '../support/run-server';

describe('two mounts of one device', () => {
  const scratch = scratchEach();
  let device: string;
  let first: string;

  beforeEach(async () => {
    device = await scratch.makeDevice('4g');
    first = await scratch.mounted(device);
  });

  test.each([
    ['the owner twice', undefined, 'owner'],
    ['owner and client', CLIENT, 'client'],
  ] as const)('%s: what is appended by one shows in the other at lookup', async (_what, host, role) => {
    const options = host === undefined ? {} : { host };
    const second = await scratch.mounted(device, ['--poll', '0'], options);
    expect((await statusOf(second)).role).toBe(role);
    await famfsOk(['mkdir', '--no-sync', join(first, 'a')]);
    await famfsOk(['creat', '--no-sync', '-s', '5000', join(first, 'a/file')]);
    expect(readFileSync(join(second, 'a/file'))).toEqual(Buffer.alloc(5000));
    expect(namesIn(second)).toEqual(['a']);
  });

  test('what is appended by one is known to the other within the poll interval', async () => {
    const second = await scratch.mounted(device, ['--poll', '1']);
    await famfsOk(['mkdir', '--no-sync', join(first, 'a')]);
    await until(
      'the second server knows of the entry',
      async () => (await statusOf(second)).log.entries === 1,
    );
  });

  test('both may append, and see what the other did', async () => {
    const second = await scratch.mounted(device);
    for (let round = 0; round < 4; round++) {
      const [here = '', there = ''] = round % 2 === 0 ? [first, second] : [second, first];
      await famfsOk(['mkdir', '--no-sync', join(here, `d${round}`)]);
      expect(existsSync(join(there, `d${round}`))).toBe(true);
    }
    expect(readdirSync(second).sort()).toEqual(readdirSync(first).sort());
  });

  test('a verb acts on the mount that its path is in', async () => {
    const second = await scratch.mounted(device, [], { host: CLIENT });
    const report = (await famfs(['fsck', '--json', second])).json<CheckReport>();
    expect(report.mountedOn).toBe(second);
    expect((await famfs(['fsck', '--json', first])).json<CheckReport>().mountedOn).toBe(first);
    expect((await famfsOk(['logplay', second])).stdout).toContain(`${second}: `);
    const { mounts } = (await famfs(['status', '--json'])).json<{ mounts: MountStatus[] }>();
    const here = mounts.filter((mount) => mount.device === device);
    expect(here.map(({ directory, server }) => [directory, server?.role])).toEqual([
      [first, 'owner'],
      [second, 'client'],
    ]);
  });

  test('umount ends one, and the other goes on', async () => {
    const second = await scratch.mounted(device);
    await famfsOk(['umount', first]);
    await famfsOk(['mkdir', '--no-sync', join(second, 'x')]);
    expect(namesIn(second)).toEqual(['x']);
    await famfsOk(['mkdir', '--no-sync', join(first, 'not-mounted')]).then(
      () => expect('created').toBe('refused'),
      (error: Error) => expect(error.message).toContain('not in a mounted famfs'),
    );
  });

  test('mkfs refuses while there is any mount', async () => {
    const second = await scratch.mounted(device);
    const failure = (mount: string) => ({ status: 1, code: 'device-mounted', says: [mount] }) as const;
    await expectFailure(['mkfs', '--force', device], failure(first));
    await famfsOk(['umount', first]);
    await expectFailure(['mkfs', '--force', device], failure(second));
    await famfsOk(['umount', second]);
    await famfsOk(['mkfs', '--no-sync', '--force', device]);
  });

  test('a bind mount counts as the mount it shows', async () => {
    const other = scratch.directory('bind');
    await commandOk('mount', ['--bind', first, other]);
    const { mounts } = (await famfs(['status', '--json'])).json<{ mounts: MountStatus[] }>();
    expect(mounts.filter((mount) => mount.device === device)).toHaveLength(1);
    expect((await statusOf(other)).directory).toBe(first);
    await commandOk('umount', [other]);
  });
});
