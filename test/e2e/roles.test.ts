import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLIENT, command, commandOk, famfs, famfsOk, OWNER, shell, succeeded } from '../support/run';
import { loggedPaths } from '../support/run-device';
import { expectFailure } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';
import { creat, eventually, pattern, processesOf, python, writeAt } from './helpers';

const scratch = scratchAll();
const SIZE = 10_000;
const OPEN_FOR_WRITING =
  'answer([attempt(lambda: os.open(args[0], flag)) for flag in (os.O_WRONLY, os.O_RDWR)])';

/** A device with some files, not mounted. */
async function deviceWithFiles(scratch: ReturnType<typeof scratchAll>): Promise<string> {
  const { device, mount } = await scratch.mountedDevice();
  await creat(join(mount, 'file'), SIZE, ['-m', '664']);
  await creat(join(mount, 'program'), SIZE, ['-m', '777']);
  await famfsOk(['mkdir', '-m', '775', join(mount, 'directory')]);
  writeAt(join(mount, 'file'), 0, pattern(SIZE));
  await famfsOk(['umount', mount]);
  return device;
}

describe('a client', () => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;
  let file: string;

  beforeAll(async () => {
    device = await deviceWithFiles(scratch);
    mount = scratch.directory('client');
    const log = scratch.path('client.log');
    const run = await famfsOk(['mount', '--json', '--log-file', log, device, mount], { host: CLIENT });
    expect(run.json()).toMatchObject({ role: 'client', files: 2, directories: 1, notServed: 0 });
    file = join(mount, 'file');
  });

  test('sees files without write permission, and directories as they are', async () => {
    const { stdout } = await commandOk('stat', ['-c', '%A', 'file', 'program', 'directory'], { cwd: mount });
    expect(stdout).toBe('-r--r--r--\n-r-xr-xr-x\ndrwxrwxr-x\n');
    expect(readFileSync(file).equals(pattern(SIZE))).toBe(true);
  });

  test('cannot open a file for writing, root neither: EROFS', async () => {
    expect(await python(OPEN_FOR_WRITING, [file])).toEqual(['EROFS', 'EROFS']);
    const { status, stderr } = await shell(`echo x 1<>'${file}'`);
    expect(status).not.toBe(0);
    expect(stderr).toContain('Read-only file system');
  });

  test.each([
    ['mkdir', (at: string) => ['mkdir', join(at, 'new')]],
    ['creat', (at: string) => ['creat', '-s', '100', join(at, 'new')]],
    ['cp', (at: string) => ['cp', '/bin/true', join(at, 'new')]],
    [
      'creat --files-from',
      (at: string) => ['creat', '-M', `${join(at, 'new')},1`, '-M', `${join(at, 'more')},1`],
    ],
    ['creat over a file', (at: string) => ['creat', '-s', `${SIZE}`, '-r', '-S', '42', join(at, 'file')]],
    ['cp -r', (at: string) => ['cp', '-r', '/etc/default', at]],
    ['cp over a file', (at: string) => ['cp', '/bin/true', join(at, 'file')]],
    ['cp of standard input', (at: string) => ['cp', '--size', '1', '-', join(at, 'new')]],
    ['cp of stripe defaults', (at: string) => ['cp', '/bin/true', join(at, '.meta/.alloc.cfg')]],
    ['clone', (at: string) => ['clone', join(at, 'file'), join(at, 'new')]],
  ])('is refused %s, and told where to go', async (_what, args) => {
    const run = await famfs([...args(mount), '--json'], { host: CLIENT, input: 'x' });
    expect(run.status).toBe(1);
    const hint = `run this on the owner: the host whose /opt/famfs/system_uuid holds ${OWNER}`;
    expect(run.json()).toMatchObject({ error: { code: 'not-owner', hint } });
    expect(readFileSync(file).equals(pattern(SIZE))).toBe(true);
    expect((await commandOk('ls', [mount])).stdout).toBe('directory\nfile\nprogram\n');
  });

  test('is refused mkfs without --force, and told who the owner is', async () => {
    const other = await scratch.makeDevice('4g');
    const run = await famfs(['mkfs', '--json', other], { host: CLIENT });
    expect(run.status).toBe(1);
    const message = expect.stringContaining(`owned by ${OWNER}`);
    expect(run.json()).toMatchObject({ error: { code: 'already-famfs', message } });
  });

  test('is refused mkfs of what is mounted', async () => {
    const run = await famfs(['mkfs', '--force', '--json', device], { host: CLIENT });
    expect(run.status).toBe(1);
    expect(run.json()).toMatchObject({ error: { code: 'device-mounted' } });
  });

  test('writes to a file that chmod opened up, and on this host alone', async () => {
    const path = join(mount, 'program');
    await commandOk('chmod', ['u+w', path]);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(writeAt(path, 5, Buffer.from('of the client'))).toBe(13);
    await python(
      `
with open(args[0], 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
    memory[9000:9006] = b'mapped'
answer(None)
`,
      [path],
    );
    await commandOk('chmod', ['u-w', path]);
    expect(await python(OPEN_FOR_WRITING, [path])).toEqual(['EROFS', 'EROFS']);
    expect(await python(OPEN_FOR_WRITING, [file])).toEqual(['EROFS', 'EROFS']);

    await famfsOk(['umount', mount]);
    const expected = Buffer.alloc(SIZE);
    expected.write('of the client', 5);
    expected.write('mapped', 9000);
    const owner = await scratch.mounted(device);
    expect(readFileSync(join(owner, 'program')).equals(expected)).toBe(true);
    expect(statSync(join(owner, 'program')).mode & 0o777).toBe(0o777);
    await famfsOk(['umount', owner]);
    await scratch.mounted(device, [], { at: mount, host: CLIENT });
    expect(statSync(path).mode & 0o777).toBe(0o555);
  });

  test('can go on writing through what it opened before chmod closed the file', async () => {
    const path = join(mount, 'program');
    const results = await python(
      `
os.chmod(args[0], 0o644)
fd = os.open(args[0], os.O_RDWR)
memory = mmap.mmap(fd, 0)
memory[0:4] = b'kept'
os.chmod(args[0], 0o444)
answer([attempt(lambda: os.pwrite(fd, b'x', 100)), attempt(lambda: memory.flush()), attempt(lambda: os.fsync(fd))])
`,
      [path],
    );
    expect(results).toEqual([1, null, null]);
    expect(readFileSync(path).toString('latin1', 0, 4)).toBe('kept');
  });
});

test('a takeover makes the client the owner, once mounted anew in what it may write, and the owner a client', async () => {
  const device = await deviceWithFiles(scratch);
  const log = scratch.path('former.log');
  const former = scratch.directory('former');
  await famfsOk(['mount', '--no-sync', '--poll', '1', '--log-file', log, device, former]);
  const next = await scratch.mounted(device, [], { host: CLIENT });
  await famfsOk(['owner', '--take', '--force', '--no-sync', next], { host: CLIENT });
  await eventually('the former owner tells of it', () =>
    readFileSync(log, 'utf8').includes(`the host with system UUID ${CLIENT} became the owner`),
  );
  expect((await famfs(['mkdir', '--json', join(former, 'new')])).json()).toMatchObject({
    error: { code: 'not-owner' },
  });
  await creat(join(next, 'made'), SIZE, [], { host: CLIENT });
  expect(readFileSync(join(former, 'made'))).toEqual(Buffer.alloc(SIZE));
  expect(await python(OPEN_FOR_WRITING, [join(next, 'file')])).toEqual(['EROFS', 'EROFS']);
  for (const [at, options, mode] of [
    [former, {}, '-r--r--r--'],
    [next, { host: CLIENT }, '-rw-rw-r--'],
  ] as const) {
    await famfsOk(['umount', at]);
    await scratch.mounted(device, [], { at, ...options });
    expect((await commandOk('stat', ['-c', '%A', join(at, 'file')])).stdout).toBe(`${mode}\n`);
  }
  expect(writeAt(join(next, 'file'), 3, Buffer.from('of the new owner'))).toBe(16);
  expect(await python(OPEN_FOR_WRITING, [join(former, 'file')])).toEqual(['EROFS', 'EROFS']);
});

test('no process of a mount maps its device for writing', async () => {
  const { device, mount } = await scratch.mountedDevice();
  await creat(join(mount, 'file'), SIZE);
  writeAt(join(mount, 'file'), 0, pattern(SIZE));
  await commandOk('sync', [join(mount, 'file')]);
  expect(readFileSync(join(mount, 'file')).equals(pattern(SIZE))).toBe(true);
  const maps = processesOf(device, mount).map((pid) => readFileSync(`/proc/${pid}/maps`, 'utf8'));
  const rights = maps
    .join('')
    .split('\n')
    .filter((line) => line.endsWith(` ${device}`));
  expect(rights.length).toBeGreaterThan(0);
  expect(rights.map((line) => line.split(' ')[1])).toEqual(rights.map(() => 'r--s'));
});

describe('a read-only mount', () => {
  const scratch = scratchAll();
  let mount: string;

  beforeAll(async () => {
    mount = await scratch.mounted(await deviceWithFiles(scratch), ['-o', 'ro']);
  });

  test('is one for the kernel', async () => {
    const { stdout } = await commandOk('findmnt', ['-n', '-o', 'OPTIONS', mount]);
    expect(stdout.split(',')).toContain('ro');
  });

  test.each([
    ['open for writing', "os.open('file', os.O_RDWR)"],
    ['open with O_TRUNC', "os.open('file', os.O_RDWR | os.O_TRUNC)"],
    ['open with O_CREAT of a new name', "os.open('new', os.O_CREAT | os.O_RDWR)"],
    ['chmod', "os.chmod('file', 0o777)"],
    ['chown', "os.chown('file', 1, 1)"],
    ['utimes', "os.utime('file')"],
    ['truncate', "os.truncate('file', 10000)"],
    ['mkdir', "os.mkdir('new')"],
    ['unlink', "os.unlink('file')"],
    ['rename', "os.rename('file', 'new')"],
  ])('%s is EROFS', async (_what, call) => {
    expect(await python(`os.chdir(args[0])\nanswer(attempt(lambda: ${call}))`, [mount])).toBe('EROFS');
  });

  test('reads, by read and by mapping', async () => {
    expect(readFileSync(join(mount, 'file')).equals(pattern(SIZE))).toBe(true);
    writeFileSync(scratch.path('pattern'), pattern(SIZE));
    const script = `
file = open(args[0], 'rb')
answer(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[:] == open(args[1], 'rb').read())`;
    expect(await python(script, [join(mount, 'file'), scratch.path('pattern')])).toBe(true);
  });

  test('no verb writes by way of it; by way of another mount of the device it may', async () => {
    const source = put(scratch.path('source'), 'contents');
    const device = await deviceWithFiles(scratch);
    const at = await scratch.mounted(device, ['-o', 'ro']);
    const before = loggedPaths(device);
    const failure = { status: 1, code: 'no-permission', says: [at, 'read-only'], hint: '-o ro' } as const;
    await expectFailure(['mkdir', `${at}/d`], failure);
    await expectFailure(['cp', source, `${at}/x`], failure);
    await expectFailure(['creat', '-s', '4k', `${at}/f`], failure);
    await expectFailure(['creat', '-r', '-S', '1', `${at}/file`], failure);
    await expectFailure(['clone', `${at}/file`, `${at}/clone`], failure);
    const second = scratch.path('second.img');
    truncateSync(put(second, ''), 4 * 2 ** 30);
    await expectFailure(['device', 'add', at, second], failure);
    expect(loggedPaths(device)).toEqual(before);
    expect(readFileSync(join(at, 'file')).equals(pattern(SIZE))).toBe(true);
    await famfsOk(['device', 'add', '--no-sync', device, second]);
    const writable = await scratch.mounted(device);
    await famfsOk(['cp', '--no-sync', source, `${writable}/x`]);
    expect(readFileSync(`${at}/x`, 'utf8')).toBe('contents');
  });

  test('a client may have one too', async () => {
    const device = await deviceWithFiles(scratch);
    const at = await scratch.mounted(device, ['-o', 'ro'], { host: CLIENT });
    expect(readFileSync(join(at, 'file')).equals(pattern(SIZE))).toBe(true);
    expect((await command('chmod', ['u+w', join(at, 'file')])).stderr).toContain('Read-only file system');
  });

  test('needs no right to write the device', async () => {
    const device = await deviceWithFiles(scratch);
    succeeded(await shell(`chattr +i '${device}' 2>/dev/null || chmod 444 '${device}'`));
    try {
      const at = await scratch.mounted(device, ['-o', 'ro']);
      expect(readFileSync(join(at, 'file')).equals(pattern(SIZE))).toBe(true);
      await famfsOk(['umount', at]);
    } finally {
      await shell(`chattr -i '${device}' 2>/dev/null`);
    }
  });
});
