import { join } from 'node:path';
import { expectClear } from '../support/run-expect';
import { noise, put } from '../support/run-files';
import { type Guest, rigAll } from './rig/rig';
import { DAX, MOUNT, mountIn, sumsHere, sumsIn } from './support';

/** b takes the file system over from a, who is paused as if dead, and comes back. */
const rig = rigAll();
/** More than famfs cp takes up in one batch, so that it is between two appends when the first files are seen. */
const MANY = 1100;
let a: Guest;
let b: Guest;
let many: string;
let report: string;

beforeAll(async () => {
  many = join(rig.root, 'many');
  for (let i = 0; i < MANY; i++) put(join(many, `f${i}`), noise(64 + i, i));
  report = put(join(rig.root, 'report'), noise(100_000));
  [a, b] = await Promise.all([rig.boot('a'), rig.boot('b')]);
  await a.famfsOk('mkfs', '-q', DAX);
  await Promise.all([mountIn(a), mountIn(b)]);
});

/** Fails unless a directory of the file system holds some of the many files, whole, and not all. */
async function expectSomeOfMany(guest: Guest): Promise<string[]> {
  const sums = (await sumsIn(guest, `${MOUNT}/many`)).split('\n').filter((line) => line !== '');
  expect(sums.length).toBeGreaterThan(0);
  expect(sums.length).toBeLessThan(MANY);
  expect((await sumsHere(many)).split('\n')).toEqual(expect.arrayContaining(sums));
  return sums;
}

test('an owner that was paused between two appends, and taken over from meanwhile, is refused the next', async () => {
  const copy = a.start(`famfs cp -q -r ${many} ${MOUNT}`);
  await b.ok(`until [ -e ${MOUNT}/many/f0 ]; do sleep 0.05; done`);
  await a.pause();
  const before = await expectSomeOfMany(b);
  expect((await b.famfs('mkdir', '--json', `${MOUNT}/too-early`)).json()).toMatchObject({
    error: { code: 'not-owner' },
  });
  expect((await b.famfsOk('owner', '--take', '--force', '--json', DAX)).json()).toMatchObject({
    role: 'owner',
    ownerUuid: b.uuid,
    formerOwnerUuid: a.uuid,
    taken: true,
    formerOwnerWrites: false,
  });
  await b.famfsOk('cp', '-q', report, MOUNT);
  await a.resume();
  const run = await copy.done;
  expect(run).toMatchObject({ status: 1, stdout: '' });
  expectClear(run.stderr, { says: [DAX, `the host with system UUID ${b.uuid} became its owner`] });
  expect(await expectSomeOfMany(b)).toEqual(before);
});

test('nothing of the new owner was harmed, and it goes on', async () => {
  await b.ok(`cmp ${report} ${MOUNT}/report`);
  expect((await b.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
  await b.famfsOk('cp', '-q', '-r', '--resume', many, MOUNT);
  expect(await sumsIn(b, `${MOUNT}/many`)).toBe(await sumsHere(many));
  expect((await b.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
});

test('the former owner sees all of it, and is a client', async () => {
  expect(await sumsIn(a, MOUNT)).toBe(await sumsIn(b, MOUNT));
  expect((await a.famfs('mkdir', '--json', `${MOUNT}/more`)).json()).toMatchObject({
    error: { code: 'not-owner' },
  });
  expect((await a.famfsOk('owner', '--json', DAX)).json()).toMatchObject({
    role: 'client',
    ownerUuid: b.uuid,
  });
});
