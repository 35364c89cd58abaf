import { existsSync } from 'node:fs';
import { type Guest, rigAll } from './rig/rig';

/** The machines themselves: what the other files of tests rely on. */
const rig = rigAll();

/** Stores bytes into the first page of the device, or prints them. */
const map = "m = mmap.mmap(os.open('/dev/dax0.0', os.O_RDWR), 2 << 20)";
const store = (text: string) => `python3 -c "import mmap, os; ${map}; m[:${text.length}] = b'${text}'"`;
const load = (length: number) => `python3 -c "import mmap, os; ${map}; print(m[:${length}].decode())"`;

let a: Guest;
let b: Guest;
beforeAll(async () => {
  [a, b] = await Promise.all([rig.boot('a'), rig.boot('b', 'new')]);
});

test('a guest runs its kernel, and the host of its name', async () => {
  const { stdout } = await a.ok('uname -r; hostname; cat /opt/famfs/system_uuid');
  expect(stdout).toBe(`${a.release}\na\n${a.uuid}\n`);
  expect(b.release).not.toBe(a.release);
  expect(b.uuid).not.toBe(a.uuid);
});

test('guests share memory, also with one that boots again', async () => {
  await a.ok(store('from a'));
  expect((await b.ok(load(6))).stdout).toBe('from a\n');
  await a.kill();
  expect(a.alive).toBe(false);
  await b.ok(store('from b'));
  a = await rig.boot('a');
  expect((await a.ok(load(6))).stdout).toBe('from b\n');
});

test('a paused guest does nothing until it is resumed', async () => {
  await a.pause();
  const job = a.start('echo went on');
  const first = await Promise.race([job.done, b.ok('sleep 1; echo paused')]);
  expect(first.stdout).toBe('paused\n');
  await a.resume();
  expect((await job.done).stdout).toBe('went on\n');
});

test('what a script said comes back, and an error tells it with its console', async () => {
  expect(await a.run('echo out; echo err >&2; exit 7')).toMatchObject({
    status: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  await expect(a.ok('echo why >&2; false; echo not reached')).rejects.toThrow(
    /on guest a: .*status 1\nwhy\n$/s,
  );
  await expect(a.run('echo begun; sleep 60', { seconds: 3 })).rejects.toThrow(
    /did not end in time: .*The console:.*It had said:\nbegun\n/s,
  );
});

test('a script that the power is taken from fails, and a guest switches itself off', async () => {
  const job = a.start('echo begun; sleep 60');
  await a.ok('sleep 0.1');
  await a.kill();
  await expect(job.done).rejects.toThrow(/guest a: the machine ended: .*It had said:\nbegun\n/s);
  await b.powerOff();
  expect(b.alive).toBe(false);
});

test('nothing is left of a rig that was disposed of', async () => {
  const { root } = rig;
  await rig.dispose();
  expect(existsSync(root)).toBe(false);
});
