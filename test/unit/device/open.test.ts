import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from '../../../src/device/open';
import { bundle, runChild } from './child';

let directory: string;

beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'famfs-open-')));
});

afterAll(() => rmSync(directory, { recursive: true }));

const at = (name: string) => join(directory, name);
const openDescriptors = () => readdirSync('/proc/self/fd').length;

test('a regular file is a device of its size', () => {
  writeFileSync(at('file'), Buffer.alloc(12_345));
  const device = openDevice(at('file'), { writable: true });
  expect(device).toMatchObject({ kind: 'file', path: at('file'), size: 12_345, writable: true });
  device.close();
});

test('the path of a device is the real one, whatever link led to it', () => {
  writeFileSync(at('target'), 'x');
  symlinkSync(at('target'), at('link'));
  const device = openDevice(at('link'), { writable: false });
  expect(device).toMatchObject({ path: at('target'), writable: false });
  device.close();
});

test.each([
  ['what is missing', () => at('missing'), false, /no such device or file/],
  ['a directory', () => directory, false, /neither a devdax device nor a regular file/],
  ['a directory, for writing', () => directory, true, /cannot be opened: EISDIR/],
  ['a file in a file', () => join(at('file'), 'x'), false, /cannot be opened: ENOTDIR/],
  [
    'a character device that is no devdax',
    () => '/dev/null',
    true,
    /a character device, but not a devdax one/,
  ],
])('%s is refused by name, and no descriptor stays open', (_name, path, writable, message) => {
  const before = openDescriptors();
  expect(() => openDevice(path(), { writable })).toThrow(
    expect.objectContaining({ code: 'no-device', message: expect.stringMatching(message) }),
  );
  expect(() => openDevice(path(), { writable })).toThrow(path());
  expect(openDescriptors()).toBe(before);
});

test('a FIFO is refused at once, with nobody at its other end', () => {
  expect(spawnSync('mkfifo', [at('fifo')]).status).toBe(0);
  expect(() => openDevice(at('fifo'), { writable: false })).toThrow(
    expect.objectContaining({ code: 'no-device' }),
  );
});

test('a file that the user may not open is a matter of permission', () => {
  const shared = at('shared');
  mkdirSync(shared);
  chmodSync(directory, 0o755);
  writeFileSync(join(shared, 'secret'), 'x', { mode: 0o444 });
  const program = at('permission.cjs');
  bundle(
    `import { openDevice } from './src/device/open';
     if (process.getuid?.() === 0) process.setuid?.(65534);
     try {
       openDevice(process.argv[2] as string, { writable: true });
     } catch (error) {
       const { code, message, hint } = error as { code: string; message: string; hint: string };
       console.log(JSON.stringify({ code, message, hint }));
     }`,
    program,
  );
  const { stdout } = runChild(program, join(shared, 'secret'));
  expect(JSON.parse(stdout)).toEqual({
    code: 'no-permission',
    message: `${join(shared, 'secret')}: not allowed to open it for writing`,
    hint: expect.any(String),
  });
});
