import { famfs, famfsOk } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean } from '../support/run-expect';
import { exists, expectSameTree, namesIn, put } from '../support/run-files';
import { plantTree } from '../support/run-kill';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

test('two copies into one mount', async () => {
  const { mount } = await scratch.mountedDevice();
  const [one, two] = [plantTree(scratch.path('one'), 200, 4, 1), plantTree(scratch.path('two'), 200, 4, 2)];
  const runs = await Promise.all([
    famfs(['cp', '--no-sync', '-r', one, mount]),
    famfs(['cp', '--no-sync', '-r', two, mount]),
  ]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  expectSameTree(one, `${mount}/one`);
  expectSameTree(two, `${mount}/two`);
  await expectClean(mount);
});

test('twenty mkdirs at once', async () => {
  const { device, mount } = await scratch.mountedDevice();
  const names = Array.from({ length: 20 }, (_, i) => `directory${i}`);
  const runs = await Promise.all(names.map((name) => famfs(['mkdir', '--no-sync', `${mount}/${name}`])));
  expect(runs.map(({ status }) => status)).toEqual(names.map(() => 0));
  expect(namesIn(mount)).toEqual(names.sort());
  expect(readOnDevice(device).counters).toEqual({ nextSeqnum: 20, nextIndex: 20 });
  await expectClean(mount);
});

test('of several that make the same name one wins', async () => {
  const { mount } = await scratch.mountedDevice();
  const runs = await Promise.all(
    Array.from({ length: 6 }, () => famfs(['mkdir', '--no-sync', '--json', `${mount}/same`])),
  );
  expect(runs.map(({ status }) => status).sort()).toEqual([0, 1, 1, 1, 1, 1]);
  for (const run of runs.filter(({ status }) => status === 1)) {
    expect(run.json()).toMatchObject({ error: { code: 'exists' } });
  }
  await expectClean(mount);
});

test('mkdir -p, creat and cp of all kinds, with fsck looking on', async () => {
  const { mount } = await scratch.mountedDevice();
  const source = plantTree(scratch.path('source'), 100, 2);
  const file = put(scratch.path('file'), 'contents');
  const work = [0, 1, 2].flatMap((i) => [
    famfs(['mkdir', '--no-sync', '-p', `${mount}/a/b/c${i}`]),
    famfs(['creat', '--no-sync', '-s', '5m', `${mount}/creat${i}`]),
    famfs(['cp', '--no-sync', file, `${mount}/cp${i}`]),
    famfs(['cp', '--no-sync', '-rT', source, `${mount}/tree${i}`]),
    famfs(['fsck', mount]),
    famfs(['logplay', mount]),
  ]);
  const runs = await Promise.all(work);
  expect(runs.filter(({ status }) => status !== 0)).toEqual([]);
  for (const i of [0, 1, 2]) {
    expectSameTree(source, `${mount}/tree${i}`);
    expect(exists(`${mount}/a/b/c${i}`)).toBe(true);
  }
  await expectClean(mount);
});

test('two mkfs of one device: one makes it, the other finds it made', async () => {
  const device = await scratch.makeDevice('4g');
  await famfsOk(['mkfs', '--kill', '--force', device]);
  const runs = await Promise.all([1, 2, 3].map(() => famfs(['mkfs', '--json', device])));
  expect(runs.map(({ status }) => status).sort()).toEqual([0, 1, 1]);
  for (const run of runs.filter(({ status }) => status === 1)) {
    expect(run.json()).toMatchObject({ error: { code: 'already-famfs' } });
  }
  await expectClean(device);
});

test('two mounts of one device at the same time: both serve', async () => {
  const device = await scratch.makeDevice('4g');
  const mounts = await Promise.all([1, 2].map(() => scratch.mounted(device)));
  const [first, second] = mounts as [string, string];
  await famfsOk(['creat', '--no-sync', '-s', '10', `${first}/file`]);
  expect(exists(`${second}/file`)).toBe(true);
});
