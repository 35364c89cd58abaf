import { join } from 'node:path';
import { noise, put } from '../support/run-files';
import { plantTree } from '../support/run-kill';
import { type Guest, rigAll } from './rig/rig';
import { DAX, MOUNT, mountIn, sumsHere, sumsIn } from './support';

/** Two hosts at one device: a made the file system and owns it, b is a client. */
const rig = rigAll();
/** More than famfs cp takes up in one batch, so that a copy under way is seen. */
const MANY = 1100;
let a: Guest;
let b: Guest;
let source: string;
let many: string;

beforeAll(async () => {
  source = plantTree(join(rig.root, 'source'), 10, 2);
  many = join(rig.root, 'many');
  for (let i = 0; i < MANY; i++) put(join(many, `d${i % 4}`, `f${i}`), noise(64 + i, i));
  [a, b] = await Promise.all([rig.boot('a'), rig.boot('b')]);
  await a.famfsOk('mkfs', '-q', DAX);
  await Promise.all([mountIn(a), mountIn(b)]);
});

describe('a client', () => {
  test('sees what the owner copies, without a command', async () => {
    await a.famfsOk('cp', '-q', '-r', source, MOUNT);
    expect(await sumsIn(b, `${MOUNT}/source`)).toBe(await sumsHere(source));
    expect((await b.famfsOk('info', '--json', DAX)).json()).toMatchObject({
      role: 'client',
      ownerUuid: a.uuid,
    });
  });

  test('sees what is written in place, once both flushed', async () => {
    const file = `${MOUNT}/source/large/l0`;
    await a.ok(`printf 'written by a' | dd of=${file} conv=notrunc status=none; famfs flush -q ${file}`);
    expect((await b.ok(`famfs flush -q ${file}; head -c 12 ${file}`)).stdout).toBe('written by a');
  });

  test.each([
    ['mkdir', ['mkdir', '--json', `${MOUNT}/new`]],
    ['cp', ['cp', '--json', '/bin/true', `${MOUNT}/new`]],
    ['creat', ['creat', '--json', '-s', '1m', `${MOUNT}/new`]],
  ])('is refused %s', async (_verb, words) => {
    const run = await b.famfs(...words);
    expect(run).toMatchObject({ status: 1 });
    expect(run.json()).toMatchObject({ error: { code: 'not-owner', exitStatus: 1 } });
  });

  test('is refused mkfs while it has it mounted, and later unless it is told to', async () => {
    expect((await b.famfs('mkfs', '--json', '--force', DAX)).json()).toMatchObject({
      error: { code: 'device-mounted', exitStatus: 1 },
    });
    await b.famfsOk('umount', MOUNT);
    expect((await b.famfs('mkfs', '--json', DAX)).json()).toMatchObject({
      error: { code: 'already-famfs', exitStatus: 1 },
    });
    await mountIn(b);
    expect((await b.ok(`ls ${MOUNT}`)).stdout).toBe('source\n');
  });
});

describe('the owner loses its power in the middle of a copy', () => {
  let before: string;
  let seen: number;

  beforeAll(async () => {
    before = await sumsIn(b, `${MOUNT}/source`);
    const copy = a.start(`famfs cp -q -r ${many} ${MOUNT}`);
    await b.ok(`until [ -e ${MOUNT}/many/d0/f0 ]; do sleep 0.05; done`);
    await a.kill();
    await expect(copy.done).rejects.toThrow('the machine ended');
  });

  test('the client goes on, and has whole files', async () => {
    expect(await sumsIn(b, `${MOUNT}/source`)).toBe(before);
    const sums = (await sumsIn(b, `${MOUNT}/many`)).split('\n').filter(Boolean);
    seen = sums.length;
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(MANY);
    expect((await sumsHere(many)).split('\n')).toEqual(expect.arrayContaining(sums));
  });

  test('the owner boots again: sound, and with the same files', async () => {
    a = await rig.boot('a');
    expect((await a.famfsOk('fsck', '--json', DAX)).json()).toMatchObject({ findings: [] });
    await mountIn(a);
    expect((await a.ok(`find ${MOUNT}/many -type f | wc -l`)).stdout).toBe(`${seen}\n`);
  });

  test('the copy is resumed, and the same on both', async () => {
    await a.famfsOk('cp', '-q', '-r', '--resume', many, MOUNT);
    const sums = await sumsHere(many);
    expect(await Promise.all([a, b].map((guest) => sumsIn(guest, `${MOUNT}/many`)))).toEqual([sums, sums]);
    expect((await a.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
  });
});

test('a client that loses its power while it reads does not concern the owner', async () => {
  const reads = b.start(`echo reading; while :; do cat ${MOUNT}/source/large/* > /dev/null; done`);
  await b.ok('sleep 1');
  await b.kill();
  await expect(reads.done).rejects.toThrow('the machine ended');
  await a.famfsOk('cp', '-q', '-r', join(source, 'large'), `${MOUNT}/after`);
  expect(await sumsIn(a, `${MOUNT}/after`)).toBe(await sumsHere(join(source, 'large')));
  expect((await a.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
  b = await rig.boot('b');
  await mountIn(b);
  expect(await sumsIn(b, `${MOUNT}/after`)).toBe(await sumsHere(join(source, 'large')));
});
