import { command, famfs, famfsOk } from '../support/run';
import { expectClean } from '../support/run-expect';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf } from '../support/run-server';

const scratch = scratchEach();
const ROUNDS = 5;
const AT_ONCE = 3;

test('of several famfs mount on one directory at the same time, one mounts and the others say so', async () => {
  const devices = await Promise.all(Array.from({ length: AT_ONCE }, () => scratch.makeDevice('4g')));
  const at = scratch.directory('mnt');
  for (let round = 0; round < ROUNDS; round++) {
    const runs = await Promise.all(
      devices.map((device, i) =>
        famfs(['mount', '--json', '--no-sync', '--log-file', scratch.path(`log${i}`), device, at]),
      ),
    );
    const refused = runs.filter(({ status }) => status !== 0);
    expect(refused).toHaveLength(AT_ONCE - 1);
    for (const run of refused)
      expect(run.json()).toMatchObject({ error: { code: 'already-mounted', exitStatus: 1 } });
    expect(mountsBelow(scratch.root).filter((mount) => mount === at)).toHaveLength(1);
    await famfsOk(['mkdir', '--no-sync', `${at}/round${round}`]);
    await famfsOk(['umount', at]);
    expect(mountsBelow(scratch.root)).toEqual([]);
    expect((await command('pgrep', ['-f', `server.cjs supervisor .*${at}`])).status).toBe(1);
  }
  for (const device of devices) await expectClean(device);
});

test('of several famfs umount of one directory at the same time, the others say that nothing is mounted', async () => {
  const device = await scratch.makeDevice('4g');
  for (let round = 0; round < ROUNDS; round++) {
    const at = await scratch.mounted(device);
    const runs = await Promise.all(Array.from({ length: AT_ONCE }, () => famfs(['umount', '--json', at])));
    const refused = runs.filter(({ status }) => status !== 0);
    expect(refused.length).toBeLessThan(AT_ONCE);
    for (const run of refused) expect(run.json()).toMatchObject({ error: { code: 'not-mounted' } });
  }
});

test('mounts that come while others go keep what is known of their servers', async () => {
  const lanes = Array.from({ length: 3 }, async (_, lane) => {
    const [device, at] = [await scratch.makeDevice('4g'), scratch.directory(`lane${lane}`)];
    for (let round = 0; round < 10; round++) {
      const log = scratch.path(`lane${lane}.log`);
      await famfsOk(['mount', '--no-sync', '--workers', '1', '--log-file', log, device, at]);
      expect((await statusOf(at)).device).toBe(device);
      await famfsOk(['umount', at]);
    }
  });
  await Promise.all(lanes);
});
