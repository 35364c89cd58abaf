import { closeSync, openSync, writeSync } from 'node:fs';
import { entryOffset } from '../../src/log/layout';
import type { MountCheckResult } from '../../src/operations/check-mount';
import { commandOk, famfs, famfsOk } from '../support/run';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

async function mountWithFiles(): Promise<{ device: string; mount: string }> {
  const made = await scratch.mountedDevice('4g');
  await famfsOk(['mkdir', '--no-sync', `${made.mount}/directory`]);
  await famfsOk(['creat', '--no-sync', '-s', '1m', `${made.mount}/directory/file`]);
  return made;
}

function overwrite(device: string, offset: number, bytes: Buffer): void {
  const fd = openSync(device, 'r+');
  writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
}

test('all is served', async () => {
  const { mount } = await mountWithFiles();
  const run = await famfs(['check', mount]);
  expectQuiet(run);
  expect(run.stdout).toBe(`${mount}: 1 file, 1 directory; all is served\n`);
  expect((await famfsOk(['check', '-q', mount])).stdout).toBe('');
});

test('1 for what something else hides', async () => {
  const { mount } = await mountWithFiles();
  await commandOk('mount', ['-t', 'tmpfs', 'none', `${mount}/directory`]);
  const run = await famfs(['check', mount]);
  expect(run.status).toBe(1);
  expect(run.stdout).toContain('file "directory": something else is mounted on it\n');
  expect(run.stdout).toContain('file "directory/file": is not served\n');
  const { findings, status } = (await famfs(['check', '--json', mount])).json<MountCheckResult>();
  expect(status).toBe(1);
  expect(findings).toHaveLength(2);
});

test('1 for a file of another size', async () => {
  const { mount } = await mountWithFiles();
  await commandOk('mount', ['--bind', '/dev/null', `${mount}/directory/file`]);
  expect((await famfs(['check', mount])).status).toBe(1);
});

test('2 for a superblock that is damaged under the mount', async () => {
  const { device, mount } = await mountWithFiles();
  overwrite(device, 0, Buffer.alloc(8));
  const run = await famfs(['check', mount]);
  expect(run.status).toBe(2);
  expect(run.stdout).toMatch(/^superblock "\.meta\/\.superblock": /);
});

test('2 when the device holds another file system by now', async () => {
  const { device, mount } = await mountWithFiles();
  const other = await scratch.makeDevice('4g');
  await commandOk('mv', [other, device]);
  expect((await famfs(['check', mount])).status).toBe(2);
});

test('4 for a damaged entry', async () => {
  const { device, mount } = await mountWithFiles();
  overwrite(device, entryOffset(1) + 100, Buffer.from([1]));
  const run = await famfs(['check', mount]);
  expect(run.status).toBe(4);
  expect(run.stdout).toContain('damaged entries, which are not served: 1;');
});

test('what is no mount is an error', async () => {
  await expectFailure(['check', scratch.root], { status: 1, code: 'not-mounted', says: [scratch.root] });
});
