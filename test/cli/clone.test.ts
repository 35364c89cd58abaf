import { readFileSync } from 'node:fs';
import type { CloneResult } from '../../src/operations/clone';
import { CLIENT, famfs, famfsOk } from '../support/run';
import { fileOnDevice } from '../support/run-device';
import { codesOf, expectFailure, fsck } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('16g'));
  const source = put(scratch.path('source'), 'shared bytes', 0o640);
  await famfsOk(['cp', '--no-sync', source, `${mount}/plain`]);
  await famfsOk(['cp', '--no-sync', '-N', '3', '-B', '4', source, `${mount}/striped`]);
});

test.each(['plain', 'striped'])('a clone of a %s file has its bytes and map', async (name) => {
  const run = await famfs(['clone', '--no-sync', '--json', `${mount}/${name}`, `${mount}/${name}-twin`]);
  expect(run.status).toBe(0);
  expect(run.stderr).toMatch(/^famfs: .* cross-linked; famfs fsck will report ext-overlap\n$/);
  const original = fileOnDevice(device, name);
  expect(run.json<CloneResult>()).toMatchObject({
    path: `${name}-twin`,
    map: original.map,
    size: original.size,
  });
  expect(fileOnDevice(device, `${name}-twin`)).toMatchObject({ map: original.map, mode: 0o640 });
  expect(readFileSync(`${mount}/${name}-twin`, 'utf8')).toBe('shared bytes');
});

test('fsck then reports the overlap, and files can still be added, elsewhere', async () => {
  expect(codesOf((await fsck(mount, 4)).findings)).toContain('ext-overlap');
  const before = (await fsck(mount, 4)).findings.length;
  await famfsOk(['creat', '--no-sync', '-s', '3m', `${mount}/after`]);
  expect((await fsck(mount, 4)).findings).toHaveLength(before);
});

test('refusals', async () => {
  const clone = (from: string, to: string) => ['clone', '--no-sync', from, to];
  const failure = (code: 'exists' | 'not-found' | 'source' | 'not-mounted') => ({
    status: 1,
    code,
    says: [],
  });
  await expectFailure(clone(`${mount}/plain`, `${mount}/striped`), failure('exists'));
  await expectFailure(clone(`${mount}/nope`, `${mount}/x`), failure('not-found'));
  await expectFailure(clone(mount, `${mount}/x`), failure('source'));
  await expectFailure(clone(`${mount}/.meta/.log`, `${mount}/x`), failure('source'));
  await expectFailure(clone(scratch.path('source'), `${mount}/x`), failure('not-mounted'));
  const client = { status: 1, code: 'not-owner', says: [CLIENT] } as const;
  await expectFailure(clone(`${mount}/plain`, `${mount}/x`), client, { host: CLIENT });
});
