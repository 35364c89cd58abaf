import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '../../../src/device/open';
import { bundle, runChild } from './child';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-failure-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** Cuts the file under a device and tries everything on what is gone: the code of the error of each, or "done". */
const TRUNCATE = `
import { constants, openSync, truncateSync, writeFileSync, writevSync } from 'node:fs';
import { DaxDevice } from './src/device/dax-device';
import { FileDevice } from './src/device/file-device';
const [path, kind] = process.argv.slice(2) as [string, string];
const SIZE = 2 ** 20;
writeFileSync(path, Buffer.alloc(SIZE, 7));
writeFileSync(path + '.source', Buffer.alloc(100));
const Kind = kind === 'DaxDevice' ? DaxDevice : FileDevice;
const device = new Kind(path, openSync(path, constants.O_RDWR), SIZE, { writable: true });
const source = openSync(path + '.source', 'r');
const out = openSync(path + '.out', 'w');
device.read(0, SIZE);
const segments = device.segments(SIZE / 2, 100);
truncateSync(path, 4096);
const results: Record<string, string> = {};
async function attempt(name: string, work: () => unknown) {
  try {
    await work();
    results[name] = 'done';
  } catch (error) {
    results[name] = String((error as { code?: string }).code);
  }
}
(async () => {
  await attempt('writev', () => writevSync(out, segments));
  await attempt('read what is left', () => device.read(0, 4096));
  await attempt('read', () => device.read(SIZE / 2, 10));
  await attempt('read across', () => device.read(4000, 1000));
  if (kind === 'DaxDevice') {
    await attempt('flush', () => device.flush(SIZE / 2, 64));
    await attempt('flush across', () => device.flush(0, SIZE));
    await attempt('invalidate', () => device.invalidate(SIZE / 2 + 4090, 64));
    await attempt('store', () => device.store(SIZE / 2, Buffer.alloc(10)));
    await attempt('zero', () => device.zero(SIZE / 2, 10));
    await attempt('fill', () => device.fill(SIZE / 2, source, 0, 100));
    await attempt('flush what is left', () => device.flush(0, 4096));
  }
  device.close();
  console.log(JSON.stringify(results));
})();
`;

const LEFT_ALONE = { 'read what is left': 'done' };

test.each([
  ['FileDevice', { writev: 'EFAULT', read: 'device-io', 'read across': 'device-io', ...LEFT_ALONE }],
  [
    'DaxDevice',
    {
      writev: 'EFAULT',
      read: 'device-io',
      'read across': 'device-io',
      flush: 'device-io',
      'flush across': 'device-io',
      invalidate: 'device-io',
      store: 'device-io',
      zero: 'device-io',
      fill: 'device-io',
      'flush what is left': 'done',
      ...LEFT_ALONE,
    },
  ],
])('%s: a file cut short under it gives errors, and the process lives', (kind, expected) => {
  const program = join(directory, 'truncate.cjs');
  bundle(TRUNCATE, program);
  const child = runChild(program, join(directory, kind), kind);
  expect(child).toMatchObject({ signal: null, status: 0, stderr: '' });
  expect(JSON.parse(child.stdout)).toEqual(expected);
});

test('the message names the device and says what may be the matter', () => {
  const path = join(directory, 'cut');
  writeFileSync(path, Buffer.alloc(8192));
  const device = openDevice(path, { writable: false });
  truncateSync(path, 0);
  expect(() => device.read(0, 1)).toThrow(
    expect.objectContaining({
      code: 'device-io',
      message: `${path}: cannot read at 0: the file ends there`,
      hint: expect.stringContaining('truncated'),
    }),
  );
  device.close();
});

test('the lock excludes another process, and ends with the process that has it', () => {
  const path = join(directory, 'locked');
  writeFileSync(path, 'x');
  const program = join(directory, 'lock.cjs');
  bundle(
    `import { openDevice } from './src/device/open';
     console.log(openDevice(process.argv[2] as string, { writable: true }).tryLock());`,
    program,
  );
  const device = openDevice(path, { writable: true });
  expect(runChild(program, path).stdout).toBe('true\n');
  expect(device.tryLock()).toBe(true);
  expect(runChild(program, path).stdout).toBe('false\n');
  device.unlock();
  expect(runChild(program, path).stdout).toBe('true\n');
  device.close();
});

test('mappings may be made and ended many times, with buffers on them left to the collector', () => {
  const program = join(directory, 'remap.cjs');
  bundle(
    `import { constants, openSync, writeFileSync } from 'node:fs';
     import { DaxDevice } from './src/device/dax-device';
     const path = process.argv[2] as string;
     writeFileSync(path, Buffer.alloc(2 ** 20, 9));
     for (let i = 0; i < 300; i++) {
       const device = new DaxDevice(path, openSync(path, constants.O_RDWR), 2 ** 20, { writable: true });
       const [segment] = device.segments(0, 2 ** 20);
       if (segment?.length !== 2 ** 20 || device.read(i, 1)[0] !== 9) throw new Error('wrong at ' + i);
       device.close();
       if (i % 50 === 0) (globalThis as unknown as { gc(): void }).gc();
     }
     console.log('alive');`,
    program,
  );
  expect(runChild(program, join(directory, 'remapped'))).toMatchObject({ stdout: 'alive\n', signal: null });
});
