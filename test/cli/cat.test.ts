import { createHash } from 'node:crypto';
import {
  addDaxdev,
  file,
  GIB,
  makeImage,
  Space,
  TYPICAL,
  typicalEntries,
  writeImage,
} from '../support/images';
import { famfs, famfsOk, shell } from '../support/run';
import { expectClear } from '../support/run-expect';
import { noise, put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

const scratch = scratchAll();
const BYTES = noise(5 * 2 ** 20 + 123);
const sum = createHash('sha256').update(BYTES).digest('hex');
let device: string;
let mount: string;
let unmounted: string;

beforeAll(async () => {
  ({ device, mount } = await scratch.mountedDevice('16g'));
  const source = put(scratch.path('source'), BYTES);
  await famfsOk(['cp', '--no-sync', source, `${mount}/plain`]);
  await famfsOk(['cp', '--no-sync', '-N', '3', '-B', '4', '-C', '2m', source, `${mount}/striped`]);
  await famfsOk(['creat', '--no-sync', '-s', '0', `${mount}/empty`]);
  unmounted = scratch.path('copy.img');
  const copied = await shell(`cp --sparse=always ${device} ${unmounted}`);
  expect(copied.status).toBe(0);
});

describe.each(['plain', 'striped'])('a %s file', (name) => {
  test('from a device that is not mounted, from the mount, and by its path there', async () => {
    for (const args of [
      `${unmounted} ${name}`,
      `${mount} ${name}`,
      `${mount}/${name}`,
      `${device} ${name}`,
    ]) {
      const { stdout } = await shell(`$FAMFS cat ${args} | sha256sum`);
      expect(stdout).toBe(`${sum}  -\n`);
    }
  });

  test.each([
    [0, 1],
    [2 ** 21 - 3, 7],
    [2 ** 21, 2 ** 22],
    [BYTES.length - 1, 100],
    [BYTES.length, 5],
    [BYTES.length + 10, 5],
  ])('--offset %d --length %d', async (offset, length) => {
    const { stdout } = await shell(
      `$FAMFS cat --offset ${offset} --length ${length} ${unmounted} ${name} | sha256sum`,
    );
    const expected = createHash('sha256')
      .update(BYTES.subarray(offset, offset + length))
      .digest('hex');
    expect(stdout).toBe(`${expected}  -\n`);
  });
});

test('an empty file', async () => {
  expect(await famfsOk(['cat', unmounted, 'empty'])).toMatchObject({ stdout: '', stderr: '' });
});

test('a pipe that does not block, and whose reader is slow, gets all of it', async () => {
  const set = 'use Fcntl; fcntl(STDOUT, F_SETFL, O_NONBLOCK | O_WRONLY) or die; exec @ARGV';
  const run = await shell(
    `perl -e '${set}' $FAMFS cat ${unmounted} plain | (sleep 0.5; sha256sum); echo \${PIPESTATUS[0]}`,
  );
  expect(run).toMatchObject({ stdout: `${sum}  -\n0\n`, stderr: '' });
});

test('a reader that goes away ends it quietly with 141', async () => {
  const run = await shell(`$FAMFS cat ${unmounted} plain | head -c 1 >/dev/null; echo \${PIPESTATUS[0]}`);
  expect(run).toMatchObject({ stdout: '141\n', stderr: '' });
});

test('standard output that is full is an error', async () => {
  const run = await shell(`$FAMFS cat ${unmounted} plain > /dev/full`);
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^famfs: standard output: cannot be written: ENOSPC\n$/);
});

test('directories and what is not there are errors', async () => {
  for (const [path, says] of [
    ['/', /^famfs: \/: is a directory\n/],
    ['nope', /^famfs: nope: no such file/],
  ] as const) {
    const run = await famfs(['cat', unmounted, path]);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(says) });
  }
});

test('a file on a device that is not attached is an error', async () => {
  const typical = scratch.path('typical.img');
  const uuid = crypto.randomUUID();
  const entries = typicalEntries().with(TYPICAL.addDaxdev, addDaxdev(1, 8 * GIB, uuid));
  writeImage(typical, makeImage({ entries }));
  const run = await famfs(['cat', typical, 'data/remote']);
  expect(run).toMatchObject({ status: 1, stdout: '' });
  expectClear(run.stderr, { says: [uuid, 'not found'] });
});

test('superblock and log are files too', async () => {
  const { stdout } = await shell(
    `$FAMFS cat ${unmounted} .meta/.superblock | cmp - ${unmounted} -n 2097152 && echo same`,
  );
  expect(stdout).toBe('same\n');
});

test('a file that a device cut short does not hold is not there', async () => {
  const short = scratch.path('short.img');
  writeImage(short, makeImage({ entries: [file('x', 5, new Space().simple(5))] }));
  const run = await shell(`truncate -s 11m ${short}; $FAMFS cat ${short} x`);
  expect(run).toMatchObject({ status: 1, signal: null, stdout: '' });
  expect(run.stderr).toMatch(/^famfs: x: no such file .*\n {7}entries of the log are damaged; /);
});
