import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Copier } from '../../../src/operations/copier';
import type { CopyOptions } from '../../../src/operations/copy-options';
import type { PlannedItem } from '../../../src/operations/copy-plan';
import { format } from '../../../src/operations/format';
import { OwnerSession } from '../../../src/operations/owner-session';

let directory: string;
let session: OwnerSession;
const before = process.env.FAMFS_SYSTEM_UUID;

beforeEach(async () => {
  process.env.FAMFS_SYSTEM_UUID = '6f6c9dd0-5a54-4f44-9c2b-2f2f52f0a001';
  directory = mkdtempSync(join(tmpdir(), 'famfs-copier-'));
  const device = join(directory, 'device');
  writeFileSync(device, '');
  truncateSync(device, 4 * 2 ** 30);
  await format(device, { noSync: true });
  session = await OwnerSession.open(device, { noSync: true });
});

afterEach(() => {
  session.close();
  rmSync(directory, { recursive: true });
  if (before === undefined) delete process.env.FAMFS_SYSTEM_UUID;
  else process.env.FAMFS_SYSTEM_UUID = before;
});

/** A file of `bytes`, as it was when it had `size` bytes. */
function item(name: string, bytes: string, size = bytes.length): PlannedItem {
  const source = join(directory, name);
  writeFileSync(source, bytes);
  const target = Buffer.from(name);
  return { kind: 'new-file', source: Buffer.from(source), target, size, solid: true, mode: 0o644 };
}

async function run(items: readonly PlannedItem[], options: CopyOptions = {}) {
  return new Copier(session, { threads: 1, ...options }, []).run(items);
}

function contents(name: string): string | undefined {
  const ino = session.tree.resolve(Buffer.from(name));
  if (ino === 0) return undefined;
  const map = session.tree.map(ino);
  const [extent] = map.kind === 'simple' ? map.extents : [];
  return session.device.read(extent?.offset ?? 0, session.tree.size.get(ino)).toString();
}

test('a small file that changed since it was planned fails alone, and gives its room back', async () => {
  const gone = item('gone', 'gone');
  rmSync(gone.source);
  const { freeUnits } = session.allocator.stats();
  const items = [item('one', 'one'), item('grew', 'four', 3), gone, item('two', 'two')];
  const { failures, files } = await run(items);
  expect(files).toBe(2);
  expect(failures).toEqual([
    expect.objectContaining({
      code: 'source',
      message: expect.stringContaining('grew: changed from 3 to 4 bytes during the copy'),
    }),
    expect.objectContaining({ code: 'source', message: expect.stringContaining('cannot be read: ENOENT') }),
  ]);
  expect(['one', 'grew', 'gone', 'two'].map(contents)).toEqual(['one', undefined, undefined, 'two']);
  expect(session.allocator.stats().freeUnits).toBe(freeUnits - 2);
});

test.each([1, 4])('a file that grows while %i threads copy it fails alone', async (threads) => {
  const grows = item('grows', 'x'.repeat(80 * 2 ** 20));
  let grown = false;
  const { failures, files } = await run([grows, item('other', 'other')], {
    threads,
    onProgress: () => {
      if (!grown) appendFileSync(grows.source, 'more');
      grown = true;
    },
  });
  expect(files).toBe(1);
  expect(failures).toEqual([
    expect.objectContaining({
      code: 'source',
      message: expect.stringContaining(`grows: changed from ${80 * 2 ** 20} to ${80 * 2 ** 20 + 4} bytes`),
    }),
  ]);
  expect(['grows', 'other'].map(contents)).toEqual([undefined, 'other']);
});

test('nothing is copied after the signal', async () => {
  const abort = new AbortController();
  const items = Array.from({ length: 1200 }, (_, i) => item(`f${i}`, `${i}`));
  const started = run(items, { signal: abort.signal, onProgress: () => abort.abort() });
  await expect(started).rejects.toMatchObject({ code: 'interrupted' });
  const { fileCount } = session.tree;
  expect(fileCount).toBeGreaterThan(0);
  expect(fileCount).toBeLessThanOrEqual(512);
  for (let i = 0; i < fileCount; i++) expect(contents(`f${i}`)).toBe(`${i}`);
});

test('a file that was being overwritten is told, and how to go on', async () => {
  const bytes = 'x'.repeat(20 * 2 ** 20);
  await run([item('whole', bytes), item('torn', bytes), item('untouched', bytes)]);
  const overwrite = (name: string): PlannedItem => {
    const ino = session.tree.resolve(Buffer.from(name));
    return { ...item(name, bytes), kind: 'overwrite', existing: { ino, map: session.tree.map(ino) } };
  };
  const abort = new AbortController();
  let pieces = 0;
  const started = run(['whole', 'torn', 'untouched'].map(overwrite), {
    signal: abort.signal,
    onProgress: () => {
      if (++pieces === 4) abort.abort();
    },
  });
  await expect(started).rejects.toMatchObject({
    message: 'interrupted: 1 of 3 files and directories are done; torn is now half old and half new',
    hint: 'the same command with --resume --verify goes on from here',
  });
});

test('a device that may not be written ends the copy, and nothing is logged', async () => {
  const items = [item('one', 'one')];
  session.device.protect(statSync(session.device.path).size);
  await expect(run(items)).rejects.toMatchObject({ code: 'internal' });
  expect(contents('one')).toBeUndefined();
});
