import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import type { ExportResult } from '../../src/operations/export';
import {
  addDaxdev,
  file,
  GIB,
  makeImage,
  mkdir,
  Space,
  TYPICAL,
  typicalEntries,
  writeImage,
} from '../support/images';
import { DAMAGED_IMAGES } from '../support/images-damaged';
import { commandOk, famfs, famfsOk, shell, start } from '../support/run';
import { expectFailure, expectQuiet } from '../support/run-expect';
import { expectSameTree, modeOf, noise, put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

async function filled(): Promise<{ device: string; mount: string; source: string }> {
  const made = await scratch.mountedDevice('16g');
  const source = scratch.path('source');
  put(`${source}/a/noise`, noise(3 * 2 ** 20 + 17), 0o640);
  put(`${source}/a/b/executable`, '#!/bin/sh', 0o755);
  put(`${source}/empty`, '');
  await famfsOk(['cp', '-r', '--no-sync', source, made.mount]);
  return { ...made, source };
}

test('a tree, from a mount and from its device, with modes', async () => {
  const { device, mount, source } = await filled();
  for (const target of [mount, device]) {
    const copy = scratch.path(scratch.unique('copy'));
    const run = await famfsOk(['export', '--json', target, 'source', copy]);
    expect(run.json<ExportResult>()).toMatchObject({ files: 3, directories: 3, failures: [], notShown: 0 });
    expectSameTree(source, copy);
    expect(modeOf(`${copy}/a/noise`)).toBe(0o640);
    expect(modeOf(`${copy}/a/b/executable`)).toBe(0o755);
  }
});

test('a single file, and all of a device without .meta', async () => {
  const { device, source } = await filled();
  const copy = scratch.path('one');
  expectQuiet(await famfs(['export', device, 'source/a/noise', copy]));
  expect(readFileSync(copy).equals(readFileSync(`${source}/a/noise`))).toBe(true);
  await famfsOk(['export', device, '/', scratch.path('all')]);
  expect(readdirSync(scratch.path('all'))).toEqual(['source']);
});

test('what exists is refused, and replaced or added to with --force', async () => {
  const { device, source } = await filled();
  const copy = put(scratch.path('copy'), 'mine');
  await expectFailure(['export', device, 'source/empty', copy], {
    status: 1,
    code: 'exists',
    says: [copy],
    hint: '--force',
  });
  expect(readFileSync(copy, 'utf8')).toBe('mine');
  await famfsOk(['export', '--force', device, 'source/empty', copy]);
  expect(readFileSync(copy, 'utf8')).toBe('');
  const tree = scratch.path('tree');
  put(`${tree}/a/noise`, 'old');
  await famfsOk(['export', '-f', device, 'source', tree]);
  expectSameTree(source, tree);
});

test('a link in the destination is not followed, and its failure is one of a part', async () => {
  const { device } = await filled();
  const outside = scratch.directory('outside');
  const tree = scratch.directory('tree');
  symlinkSync(outside, `${tree}/a`);
  const target = put(scratch.path('target'), 'mine');
  symlinkSync(target, `${tree}/empty`);
  const run = await famfs(['export', '--json', '--force', device, 'source', tree]);
  expect(run.status).toBe(3);
  expect(run.json<ExportResult>().failures).toMatchObject([{ path: 'source/a' }]);
  expect(readdirSync(outside)).toEqual([]);
  expect(readFileSync(target, 'utf8')).toBe('mine');
  expect(statSync(`${tree}/empty`).size).toBe(0);
});

test('what is no regular file is not replaced, with --force neither', async () => {
  const { device } = await filled();
  const fifo = scratch.path('fifo');
  await commandOk('mkfifo', [fifo]);
  const failure = { status: 1, code: 'exists', says: [`${fifo}: exists and is not a regular file`] } as const;
  await expectFailure(['export', '--force', device, 'source/empty', fifo], failure);
  expect(statSync(fifo).isFIFO()).toBe(true);
});

test('what cannot be written is told with its path', async () => {
  const { device } = await filled();
  const long = scratch.path('n'.repeat(256));
  const below = `${put(scratch.path('file'), 'x')}/x`;
  for (const source of ['source', 'source/empty']) {
    for (const [path, errno] of [
      [scratch.path('nowhere/x'), 'ENOENT'],
      [long, 'ENAMETOOLONG'],
      [below, 'ENOTDIR'],
      ['/proc/x', 'ENOENT'],
    ] as const) {
      const failure = { status: 1, code: 'source', says: [`${path}: cannot be written: ${errno}`] } as const;
      await expectFailure(['export', device, source, path], failure);
      const { stderr } = await famfs(['export', device, source, path]);
      expect(stderr).not.toContain('FAMFS_DEBUG');
    }
  }
  const closed = scratch.directory('closed');
  for (const source of ['source', 'source/empty']) {
    const path = `${closed}/x`;
    const failure = { status: 1, code: 'source', says: [`${path}: cannot be written: EACCES`] } as const;
    await expectFailure(['export', device, source, path], failure, { uid: 65_534, gid: 65_534 });
  }
});

test('a current directory that is gone', async () => {
  const { device, mount } = await filled();
  const script = `mkdir gone; cd gone; rmdir ../gone; $FAMFS export '${device}' source/empty x; $FAMFS cp x '${mount}'; $FAMFS cp '${device}' x`;
  const { stderr } = await shell(script, { cwd: scratch.root });
  const line = 'famfs: the current directory does not exist any more\n       go to one that does: cd\n';
  // oclif warns of it as well.
  expect(stderr.replaceAll('WARNING: current directory does not exist\n', '')).toBe(
    `${line}famfs: x: cannot be read: ENOENT\n${line}`,
  );
});

test('set-user-ID bits are left out', async () => {
  const device = scratch.path('device.img');
  writeImage(device, makeImage({ entries: [file('x', 3, new Space().simple(3), { mode: 0o6755 })] }));
  await famfsOk(['export', device, 'x', scratch.path('x')]);
  expect(modeOf(scratch.path('x'))).toBe(0o755);
});

test('names that are not UTF-8, and directories that cannot be written', async () => {
  const device = scratch.path('device.img');
  const odd = Buffer.from([0x64, 0xff]);
  const child = Buffer.concat([odd, Buffer.from('/file')]);
  writeImage(device, makeImage({ entries: [mkdir(odd, 0o500), file(child, 3, new Space().simple(3))] }));
  const copy = scratch.path('copy');
  await famfsOk(['export', device, '/', copy]);
  expect(statSync(Buffer.concat([Buffer.from(`${copy}/`), child])).size).toBe(3);
  expect(statSync(Buffer.concat([Buffer.from(`${copy}/`), odd])).mode & 0o777).toBe(0o500);
});

test('a file on another device is named, the rest is copied', async () => {
  const device = scratch.path('device.img');
  const entries = typicalEntries().with(TYPICAL.addDaxdev, addDaxdev(1, 8 * GIB, crypto.randomUUID()));
  writeImage(device, makeImage({ entries }));
  const copy = scratch.path('copy');
  const run = await famfs(['export', device, '/', copy]);
  expect(run.status).toBe(3);
  expect(run.stderr).toMatch(/^famfs: data\/remote: [^\n]*: device 1 [^\n]* is not found on this host\n/);
  expect(existsSync(`${copy}/data/one-byte`)).toBe(true);
  expect(existsSync(`${copy}/data/remote`)).toBe(false);
});

test('whatever is wrong with a log, nothing is written outside the destination', async () => {
  const paths = DAMAGED_IMAGES.filter(({ codes }) => codes.some((code) => code.startsWith('path-')));
  expect(paths.length).toBeGreaterThan(5);
  for (const { make, name } of paths) {
    const room = scratch.directory(scratch.unique('room'));
    const device = scratch.path('damaged.img');
    writeImage(device, make());
    const run = await famfs(['export', device, '/', `${room}/copy`]);
    expect({ name, names: readdirSync(room) }).toEqual({ name, names: ['copy'] });
    expect([0, 3]).toContain(run.status);
  }
});

test('a kill leaves no half file under its name', async () => {
  const { mount, device } = await scratch.mountedDevice('16g');
  await famfsOk(['creat', '--no-sync', '-s', '3g', `${mount}/large`]);
  const copy = scratch.path('copy');
  const { child, done } = start(['export', device, 'large', copy]);
  while (!readdirSync(scratch.root).some((name) => name.startsWith('.famfs-partial-'))) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  child.kill('SIGINT');
  expect(await done).toMatchObject({
    status: 130,
    stderr: expect.stringMatching(/^famfs: interrupted; 0 files/),
  });
  expect(
    readdirSync(scratch.root).filter((name) => name.includes('copy') || name.startsWith('.famfs')),
  ).toEqual([]);
});
