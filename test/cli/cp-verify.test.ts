import type { CopyResult } from '../../src/operations/copy-options';
import { famfsOk, shell } from '../support/run';
import { copyPlace } from '../support/run-copy';
import { expectSameTree, noise, put } from '../support/run-files';

const place = copyPlace();
const { cp, fresh, scratch } = place;

/**
 * Two files in the mount that share their space: what is copied to both is overwritten by whichever is copied last, so
 * the other one differs from its source when it is read back.
 */
async function sharing(bytes: Buffer): Promise<[string, string]> {
  const [one, other] = [fresh(), fresh()];
  await famfsOk(['cp', '--no-sync', put(scratch.path(scratch.unique('shared')), bytes), one]);
  await famfsOk(['clone', '--no-sync', one, other]);
  return [one, other];
}

test('--verify tells the file and the offset where it is not what was copied', async () => {
  const before = noise(3_000_000, 1);
  const [one, other] = await sharing(before);
  const changed = Buffer.from(before);
  changed.writeUInt8(before.readUInt8(2_345_678) ^ 1, 2_345_678);
  const sources = [one, other].map((target, at) => {
    const name = target.slice(place.mount.length + 1);
    return put(scratch.path('from', name), at === 0 ? before : changed);
  });
  const run = await cp(['--verify', '--json', '--threads', '1', ...sources, place.mount]);
  const says = `${sources[0]}: ${one.slice(place.mount.length + 1)} differs from it at offset 2345678 when read back`;
  expect(run.status).toBe(3);
  expect(run.json<CopyResult>()).toMatchObject({
    overwritten: 1,
    failures: [{ source: sources[0], code: 'differs', message: says }],
  });
  expect(run.stderr.split('\n')[0]).toBe(`famfs: ${says}`);
});

test('without --verify nobody looks', async () => {
  const [one, other] = await sharing(Buffer.from('before'));
  const sources = [one, other].map((target, at) =>
    put(scratch.path('unseen', target.slice(place.mount.length + 1)), `after${at}`),
  );
  expect(await cp(['--threads', '1', ...sources, place.mount])).toMatchObject({ status: 0, stderr: '' });
});

test('more files than a process may have open are verified a part at a time', async () => {
  const source = scratch.directory('many');
  for (let i = 0; i < 200; i++) put(`${source}/f${i}`, noise(1000, i));
  const to = fresh();
  const run = await shell(`ulimit -n 96; $FAMFS cp --verify --no-sync --json -rT ${source} ${to}`);
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.json()).toMatchObject({ directories: 1, files: 200, failures: [] });
  expectSameTree(source, to);
});
