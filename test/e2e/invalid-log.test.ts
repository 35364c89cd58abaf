import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { storeCounters } from '../../src/log/header';
import { entryOffset, LOG_ENTRY, LOG_OFFSET } from '../../src/log/layout';
import type { Store } from '../../src/log/store';
import { commandOk, famfs, famfsOk } from '../support/run';
import { readOnDevice } from '../support/run-device';
import { namesIn } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { readFailure, statusOf, until } from '../support/run-server';

/** Stores bytes into a device behind the back of its mount. */
function storeAt(device: string, offset: number, bytes: Buffer): void {
  const fd = openSync(device, 'r+');
  try {
    writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}

function setCounters(device: string, next: number): void {
  const store = { store: (offset: number, bytes: Buffer) => storeAt(device, offset, bytes) };
  const nothing = () => {};
  storeCounters({ ...store, flush: nothing, fence: nothing } as unknown as Store, {
    nextSeqnum: next,
    nextIndex: next,
  });
}

function copyRange(from: string, to: string, offset: number, length: number): void {
  const bytes = Buffer.alloc(length);
  const fd = openSync(from, 'r');
  readSync(fd, bytes, 0, length, offset);
  closeSync(fd);
  storeAt(to, offset, bytes);
}

describe('a log that turns invalid under its mount', () => {
  const scratch = scratchEach();
  let device: string;
  let mount: string;
  const frozen = async () => (await statusOf(mount)).log.frozen;

  beforeEach(async () => {
    device = await scratch.makeDevice('4g');
    mount = await scratch.mounted(device);
    await famfsOk(['mkdir', '--no-sync', join(mount, 'dir')]);
    await famfsOk(['cp', '--no-sync', '-q', __filename, join(mount, 'dir/file')]);
    // The verb tells the server by a signal and does not wait: what is stored next must not come before the look.
    await until('the server knows of both', async () => (await statusOf(mount)).log.entries === 2);
  });

  const expectServesOn = async () => {
    expect(readFileSync(join(mount, 'dir/file'))).toEqual(readFileSync(__filename));
    expect(namesIn(mount)).toEqual(['dir']);
    expect(namesIn(join(mount, 'dir'))).toEqual(['file']);
    expect(existsSync(join(mount, 'other'))).toBe(false);
  };

  const expectExplained = async (reason: string) => {
    const run = await famfs(['status', mount], { env: { FORCE_COLOR: '1' } });
    expect(run.status).toBe(0);
    expect(run.stdout).toContain(`\x1b[31mthe log turned invalid (${reason})`);
    expect(run.stdout).toMatch(/famfs umount .*, then mount it again/);
  };

  test('a bad entry behind the counters freezes it, and what was there is served on', async () => {
    storeAt(device, entryOffset(2), Buffer.alloc(LOG_ENTRY.bytes, 0x5a));
    setCounters(device, 3);
    await until('it is frozen', async () => (await frozen()) === 'bad-entry');
    await expectServesOn();
    await expectExplained('bad-entry');
    const run = await famfs(['mkdir', '--json', join(mount, 'more')]);
    expect(run.json()).toMatchObject({ error: { code: 'bad-log' } });
  });

  test('an entry that is whole a moment later is taken, and nothing frozen', async () => {
    const { entries } = readOnDevice(device);
    expect(entries).toHaveLength(2);
    await famfsOk(['mkdir', '--no-sync', join(mount, 'late')]);
    const whole = Buffer.alloc(LOG_ENTRY.bytes);
    const fd = openSync(device, 'r');
    readSync(fd, whole, 0, whole.length, entryOffset(2));
    closeSync(fd);
    const second = await scratch.makeDevice('4g');
    copyFileSync(device, second);
    setCounters(second, 2);
    const other = await scratch.mounted(second, ['--poll', '0']);
    storeAt(second, entryOffset(2), Buffer.alloc(LOG_ENTRY.bytes, 0x5a));
    setCounters(second, 3);
    expect(existsSync(join(other, 'late'))).toBe(false);
    storeAt(second, entryOffset(2), whole);
    expect(statSync(join(other, 'late')).isDirectory()).toBe(true);
    expect((await statusOf(other)).log).toMatchObject({ frozen: null, entries: 3 });
  });

  test('counters that are set back freeze it, and what was there is served on', async () => {
    setCounters(device, 1);
    await until('it is frozen', async () => (await frozen()) === 'counters-went-back');
    await expectServesOn();
    await expectExplained('counters-went-back');
    const [worker] = (await statusOf(mount)).workers;
    process.kill(worker?.pid as number, 'SIGKILL');
    await until('it was replaced', async () => (await statusOf(mount)).restarts === 1);
    for (let i = 0; i < 20; i++) await expectServesOn();
  });

  test('counters beyond what the log holds freeze it', async () => {
    setCounters(device, 1_000_000);
    await until('it is frozen', async () => (await frozen()) === 'counters-too-high');
    await expectServesOn();
  });

  test('a superblock that is gone has files answer EIO', async () => {
    storeAt(device, 0, Buffer.alloc(4096));
    await until('it is frozen', async () => (await frozen()) === 'no-superblock');
    expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
    expect(namesIn(join(mount, 'dir'))).toEqual(['file']);
    await commandOk('umount', [mount]);
  });

  describe('and another file system made over it', () => {
    const makeOver = async () => {
      const other = await scratch.makeDevice('4g');
      copyRange(other, device, 0, 4096);
      copyRange(other, device, LOG_OFFSET, 2 ** 20);
    };
    const expectForeign = async () => {
      await until('it is frozen', async () => (await frozen()) === 'other-file-system');
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      expect(namesIn(mount)).toEqual(['dir']);
      expect(statSync(join(mount, 'dir/file')).size).toBe(statSync(__filename).size);
    };

    test('has files answer EIO while names stay, and a new mount serves the other', async () => {
      await makeOver();
      await expectForeign();
      await expectExplained('other-file-system');
      const run = await famfs(['creat', '--json', '-s', '1', join(mount, 'x')]);
      expect(run.json()).toMatchObject({ error: { code: 'device-io' } });
      await famfsOk(['umount', mount]);
      expect(namesIn(await scratch.mounted(device, [], { at: mount }))).toEqual([]);
    });

    test('is found out also after the log turned invalid otherwise', async () => {
      setCounters(device, 1);
      await until('it is frozen', async () => (await frozen()) === 'counters-went-back');
      await makeOver();
      await expectForeign();
    });

    test('is never served by a worker that comes later', async () => {
      await makeOver();
      await expectForeign();
      for (const { pid } of (await statusOf(mount)).workers) process.kill(pid as number, 'SIGKILL');
      await until('no more workers are started', async () => (await statusOf(mount)).gaveUp);
      expect(readFailure(join(mount, 'dir/file'))).toBe('EIO');
      expect((await famfs(['status', mount])).stdout).toContain('no more are started');
      await famfsOk(['umount', mount]);
    });
  });
});
