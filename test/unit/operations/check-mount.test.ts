import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_ENTRY, LOG_OFFSET, SUPERBLOCK_REGION } from '../../../src/log/layout';
import { checkMount } from '../../../src/operations/check-mount';
import type { Mount } from '../../../src/operations/mounts';
import * as mounts from '../../../src/operations/mounts';
import {
  damage,
  entryField,
  file,
  type Image,
  makeImage,
  mkdir,
  Space,
  writeImage,
} from '../../support/images';

jest.mock('node:fs', () => ({ ...jest.requireActual('node:fs'), lstatSync: jest.fn() }));
jest.mock('../../../src/operations/mounts', () => ({
  ...jest.requireActual('../../../src/operations/mounts'),
  targetOf: jest.fn(),
  mountAt: jest.fn(),
}));

const lstat = jest.mocked(fs.lstatSync);
const actual = jest.requireActual<typeof fs>('node:fs');
/** What is served, by path below the mount: the inode, or what lstat throws or gives in place of what is there. */
type Served = number | Error | { ino: number; dev: number };
let served: Map<string, Served>;
let root: string;
let mount: Mount;

beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'famfs-check-mount-'));
  mount = { id: '0-1', directory: join(root, 'mount'), device: join(root, 'device'), readOnly: true, uid: 0 };
  jest.mocked(mounts.targetOf).mockReturnValue({ device: mount.device, mount });
  jest.mocked(mounts.mountAt).mockReturnValue(mount);
  lstat.mockImplementation(((path: fs.PathLike, options?: fs.StatSyncOptions) => {
    const name = path.toString().slice(mount.directory.length + 1);
    const changed = served.get(name);
    if (changed instanceof Error) throw changed;
    const stats = actual.lstatSync(path, options);
    return stats && Object.assign(stats, typeof changed === 'number' ? { ino: changed } : changed);
  }) as typeof fs.lstatSync);
});

afterEach(() => fs.rmSync(root, { recursive: true }));

/** A directory that serves what the image has in it, as a mount would. */
function serve(image: Image = usual()): void {
  writeImage(mount.device, image);
  fs.mkdirSync(join(mount.directory, '.meta'), { recursive: true });
  fs.writeFileSync(join(mount.directory, '.meta/.superblock'), image.store.read(0, SUPERBLOCK_REGION));
  fs.writeFileSync(join(mount.directory, '.meta/.log'), image.store.read(LOG_OFFSET, image.logLength));
  fs.mkdirSync(join(mount.directory, 'd'));
  fs.writeFileSync(join(mount.directory, 'd/f'), 'abc');
  fs.writeFileSync(join(mount.directory, 'last'), 'z');
  served = new Map<string, Served>([
    ['d', 16],
    ['d/f', 17],
    ['last', 18],
  ]);
}

function usual(): Image {
  const space = new Space();
  return makeImage({
    entries: [mkdir('d'), file('d/f', 3, space.simple(3)), file('last', 1, space.simple(1))],
  });
}

function spoil(name: string, at: number): void {
  const fd = fs.openSync(join(mount.directory, name), 'r+');
  const byte = Buffer.alloc(1);
  fs.readSync(fd, byte, 0, 1, at);
  fs.writeSync(fd, Buffer.from([(byte[0] as number) ^ 1]), 0, 1, at);
  fs.closeSync(fd);
}

const errno = (code: string) => Object.assign(new Error(code), { code });

/** What is found, and that it is told as it is found. */
function check() {
  const told: unknown[] = [];
  const result = checkMount(mount.directory, (found) => told.push(found));
  expect(told).toEqual(result.findings);
  return result;
}

test('all is served', () => {
  serve();
  const { directory, device } = mount;
  expect(check()).toEqual({ directory, device, files: 2, directories: 1, findings: [], status: 0 });
});

test('nothing stays open, whatever is found', () => {
  serve();
  const open = () => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  check();
  expect(open()).toBe(before);
  fs.truncateSync(mount.device, 0);
  expect(check().status).toBe(2);
  expect(open()).toBe(before);
});

test('what is no mount is refused, and so is one without a server', () => {
  jest.mocked(mounts.targetOf).mockReturnValue({ device: 'x' });
  const unmounted = { code: 'not-mounted', message: 'x: not a mounted famfs' };
  expect(() => checkMount('x', () => {})).toThrow(expect.objectContaining(unmounted));
  jest.mocked(mounts.targetOf).mockReturnValue({ device: mount.device, mount });
  served = new Map([['', errno('ENOTCONN')]]);
  const { directory } = mount;
  const message = `${directory}: its server does not answer: ENOTCONN`;
  const hint = `famfs umount ${directory}, then mount the device again`;
  expect(check).toThrow(expect.objectContaining({ code: 'no-server', message, hint }));
});

describe('a file or directory', () => {
  test.each<[string, string, Served, string]>([
    ['under something else', 'd', { ino: 16, dev: -1 }, 'something else is mounted on it'],
    ['that is another', 'd/f', 99, 'is inode 99, in the log 17'],
    ['that cannot be asked for', 'last', errno('EIO'), 'cannot be looked at: EIO'],
  ])('%s is told', (_, path, what, detail) => {
    serve();
    served.set(path, what);
    expect(check()).toMatchObject({ status: 1, findings: [{ what: 'file', path, detail }] });
  });

  test('that is gone, of another size or kind is told, in log order', () => {
    serve();
    fs.rmSync(join(mount.directory, 'd'), { recursive: true });
    fs.writeFileSync(join(mount.directory, 'd'), '');
    served.set('d/f', errno('ENOTDIR'));
    fs.appendFileSync(join(mount.directory, 'last'), 'z');
    expect(check().findings.map(({ path, detail }) => [path, detail])).toEqual([
      ['d', 'is of another kind than in the log'],
      ['d/f', 'cannot be looked at: ENOTDIR'],
      ['last', 'has 2 bytes, in the log 1'],
    ]);
    fs.rmSync(join(mount.directory, 'last'));
    expect(check().findings.at(-1)).toMatchObject({ path: 'last', detail: 'is not served' });
  });
});

describe('the superblock', () => {
  test.each([0, 2 ** 20 - 1, 2 ** 20, SUPERBLOCK_REGION - 1])(
    'that differs at %d ends the comparison',
    (at) => {
      serve();
      served.set('d', 99);
      spoil('.meta/.superblock', at);
      const start = at < 2 ** 20 ? 0 : 2 ** 20;
      const detail = `bytes ${start} to ${start + 2 ** 20 - 1} are not those of the device`;
      const path = '.meta/.superblock';
      expect(check()).toMatchObject({
        status: 2,
        files: 2,
        findings: [{ what: 'superblock', path, detail }],
      });
    },
  );

  test('that is served too short differs, and one that is not served cannot be read', () => {
    serve();
    fs.truncateSync(join(mount.directory, '.meta/.superblock'), SUPERBLOCK_REGION - 1);
    expect(check()).toMatchObject({
      status: 2,
      findings: [{ detail: expect.stringMatching(/^bytes 1048576 /) }],
    });
    fs.rmSync(join(mount.directory, '.meta/.superblock'));
    expect(check()).toMatchObject({ status: 2, findings: [{ detail: 'cannot be read: ENOENT' }] });
  });

  test('that is gone from the device leaves nothing to compare', () => {
    const image = usual();
    image.store.store(0, Buffer.alloc(8));
    serve(image);
    expect(check()).toMatchObject({
      status: 2,
      files: 0,
      directories: 0,
      findings: [{ what: 'superblock' }],
    });
  });
});

describe('the log', () => {
  const used = LOG_OFFSET + 48 + 3 * LOG_ENTRY.bytes;

  test.each([
    ['the header', 0, 'bytes 0 to 31 are not those of the device'],
    ['the end of what does not change', 31, 'bytes 0 to 31 are not those of the device'],
    ['the first entry', 48, 'bytes 48 to 1679 are not those of the device'],
    ['the last entry', used - LOG_OFFSET - 1, 'bytes 48 to 1679 are not those of the device'],
  ])('that differs in %s is told', (_, at, detail) => {
    serve();
    spoil('.meta/.log', at);
    expect(check()).toMatchObject({ status: 4, findings: [{ what: 'log', path: '.meta/.log', detail }] });
  });

  test.each([
    ['the counters', 32],
    ['the counters', 47],
    ['what is behind the entries', used - LOG_OFFSET],
  ])('may differ in %s, which change', (_, at) => {
    serve();
    spoil('.meta/.log', at);
    expect(check().findings).toEqual([]);
  });

  test('with damaged entries says how many are not served', () => {
    const image = usual();
    damage(image, entryField(2, LOG_ENTRY, 'seqnum'), 7, { reseal: false });
    serve(image);
    const detail = 'damaged entries, which are not served: 1; famfs fsck tells which';
    expect(check()).toMatchObject({ status: 4, files: 1, findings: [{ what: 'log', detail }] });
  });

  test('without its header leaves nothing to compare', () => {
    const image = usual();
    image.store.store(LOG_OFFSET, Buffer.alloc(8));
    serve(image);
    expect(check()).toMatchObject({ status: 4, files: 0, findings: [{ what: 'log', path: '.meta/.log' }] });
  });
});

test('all that is found adds up', () => {
  serve();
  served.set('d', 99);
  spoil('.meta/.log', 0);
  expect(check()).toMatchObject({ status: 5, findings: [{ what: 'log' }, { what: 'file' }] });
});

test('what fails in another way is thrown', () => {
  serve();
  fs.rmSync(mount.device);
  expect(check).toThrow(expect.objectContaining({ code: 'no-device' }));
});
