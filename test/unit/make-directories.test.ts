import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectories } from '../../src/make-directories';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'famfs-directories-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

test('makes what is not there, once', () => {
  const path = join(directory, 'a/b/c');
  expect(makeDirectories(path, 0o700)).toBe(true);
  expect(makeDirectories(path, 0o755)).toBe(false);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o700);
  expect(makeDirectories('/')).toBe(false);
});

test.each([
  ['file', 'EEXIST'],
  ['file/below', 'ENOTDIR'],
  ['nowhere', 'ENOENT'],
  ['nowhere/below', 'ENOENT'],
])('what cannot be made, %s, is the error of the system: %s', (name, code) => {
  writeFileSync(join(directory, 'file'), '');
  symlinkSync('gone', join(directory, 'nowhere'));
  expect(() => makeDirectories(join(directory, name))).toThrow(expect.objectContaining({ code }));
});
