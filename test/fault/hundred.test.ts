import { readFileSync } from 'node:fs';
import { famfs } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { expectClean } from '../support/run-expect';
import { namesIn, noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const EACH = 50;
const SLOW = 600_000;

test('a hundred mkdirs and copies at once are all done, each once', async () => {
  const { device, mount } = await scratch.mountedDevice('16g');
  const source = scratch.directory('source');
  const names = Array.from({ length: EACH }, (_, i) => `f${i}`);
  for (const [i, name] of names.entries()) put(`${source}/${name}`, noise(10_000 + i, i + 1));
  const runs = await Promise.all(
    names.flatMap((name) => [
      famfs(['mkdir', '--no-sync', `${mount}/d-${name}`], { timeout: SLOW }),
      famfs(['cp', '--no-sync', `${source}/${name}`, `${mount}/${name}`], { timeout: SLOW }),
    ]),
  );
  expect(runs.filter(({ status }) => status !== 0)).toEqual([]);
  expect(namesIn(mount)).toEqual([...names, ...names.map((name) => `d-${name}`)].sort());
  const differing = names.filter(
    (name) => !readFileSync(`${mount}/${name}`).equals(readFileSync(`${source}/${name}`)),
  );
  expect(differing).toEqual([]);
  expect(readOnDevice(device).counters).toEqual({ nextSeqnum: 2 * EACH, nextIndex: 2 * EACH });
  await expectClean(mount);
});
