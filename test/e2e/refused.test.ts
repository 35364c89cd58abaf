import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, commandOk, famfsOk } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { creat, pattern, python, writeAt } from './helpers';

const SIZE = 10_000;
const NOBODY = 65_534;

describe('what a famfs refuses through the mount', () => {
  const scratch = scratchAll();
  let mount: string;
  let log: string;

  beforeAll(async () => {
    const device = await scratch.makeDevice();
    log = scratch.path('server.log');
    mount = scratch.directory('mnt');
    await famfsOk(['mount', '--no-sync', '--log-file', log, device, mount]);
    await creat(join(mount, 'file'), SIZE);
    await creat(join(mount, 'other'), SIZE);
    writeAt(join(mount, 'file'), 0, pattern(SIZE));
    await famfsOk(['mkdir', join(mount, 'directory')]);
  });

  test.each([
    ['mkdir', "os.mkdir('new')", 'EPERM', 'famfs mkdir'],
    ['mkdir of a name that is taken', "os.mkdir('file')", 'EEXIST', undefined],
    ['rmdir', "os.rmdir('directory')", 'EPERM', 'never removed'],
    ['unlink', "os.unlink('file')", 'EPERM', 'never removed'],
    ['unlink of nothing', "os.unlink('nothing')", 'ENOENT', undefined],
    ['rename', "os.rename('file', 'new')", 'EPERM', 'renamed'],
    ['rename over a file', "os.rename('file', 'other')", 'EPERM', 'renamed'],
    ['rename into a directory', "os.rename('file', 'directory/file')", 'EPERM', 'renamed'],
    ['exchange of two', "checked(libc.renameat2(-100, b'file', -100, b'other', 2))", 'EPERM', 'renamed'],
    ['link', "os.link('file', 'new')", 'EPERM', 'hard links'],
    ['symlink', "os.symlink('file', 'new')", 'EPERM', 'symbolic links'],
    ['mknod', "os.mknod('new')", 'EPERM', 'famfs creat'],
    ['mkfifo', "os.mkfifo('new')", 'EPERM', 'famfs creat'],
    ['open with O_CREAT', "os.open('new', os.O_CREAT | os.O_RDWR)", 'EPERM', 'famfs cp'],
    ['open with O_CREAT, deeper', "os.open('directory/new', os.O_CREAT | os.O_RDWR)", 'EPERM', 'famfs cp'],
    ['open with O_CREAT and O_EXCL', "os.open('file', os.O_CREAT | os.O_EXCL)", 'EEXIST', undefined],
    ['open with O_TMPFILE', "os.open('.', os.O_TMPFILE | os.O_RDWR)", 'EOPNOTSUPP', 'famfs creat'],
    ['open with O_TRUNC', "os.open('file', os.O_RDWR | os.O_TRUNC)", 'EPERM', 'never change size'],
    ['open of a directory for writing', "os.open('directory', os.O_RDWR)", 'EISDIR', undefined],
    ['open of what is not there', "os.open('nothing', os.O_RDONLY)", 'ENOENT', undefined],
    ['open below a file', "os.open('file/nothing', os.O_RDONLY)", 'ENOTDIR', undefined],
    ['truncate to less', "os.truncate('file', 1)", 'EPERM', 'never change size'],
    ['truncate to more', "os.truncate('file', 20000)", 'EPERM', 'never change size'],
    ['ftruncate', "os.ftruncate(os.open('file', os.O_RDWR), 1)", 'EPERM', 'never change size'],
    ['truncate of a directory', "os.truncate('directory', 1)", 'EISDIR', undefined],
    ['fallocate', "fallocate(os.open('file', os.O_RDWR), 0, 0, 20000)", 'EOPNOTSUPP', 'never change size'],
    ['fallocate inside', "fallocate(os.open('file', os.O_RDWR), 0, 0, 4096)", 'EOPNOTSUPP', undefined],
    ['punching a hole', "fallocate(os.open('file', os.O_RDWR), 3, 0, 4096)", 'EOPNOTSUPP', undefined],
    ['setxattr', "os.setxattr('file', 'user.name', b'value')", 'EOPNOTSUPP', undefined],
    ['getxattr', "os.getxattr('file', 'user.name')", 'EOPNOTSUPP', undefined],
    ['removexattr', "os.removexattr('file', 'user.name')", 'EOPNOTSUPP', undefined],
    ['unlink in .meta', "os.unlink('.meta/.log')", 'EPERM', 'never removed'],
  ])('%s', async (_what, call, errno, advice) => {
    const listed = readdirSync(mount).sort();
    const logged = readFileSync(log, 'utf8').length;
    const script = `os.chdir(args[0])\nanswer(attempt(lambda: ${call}))`;
    expect(await python(script, [mount])).toBe(errno);
    expect(readdirSync(mount).sort()).toEqual(listed);
    expect(readFileSync(join(mount, 'file')).equals(pattern(SIZE))).toBe(true);
    if (advice) expect(readFileSync(log, 'utf8').slice(logged)).toContain(advice);
  });

  test('a name longer than any that can be logged is not there', async () => {
    for (const length of [80, 255]) expect(existsSync(join(mount, 'n'.repeat(length)))).toBe(false);
  });

  test('locks, and what needs no room, work', async () => {
    const script = `
os.chdir(args[0])
fd = os.open('file', os.O_RDWR | os.O_CREAT)
again = os.open('file', os.O_RDWR)
answer([
    attempt(lambda: os.posix_fallocate(fd, 0, ${SIZE})),
    attempt(lambda: os.posix_fallocate(fd, 0, ${SIZE + 1})),
    attempt(lambda: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    attempt(lambda: fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    attempt(lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)),
    attempt(lambda: os.copy_file_range(fd, os.open('other', os.O_RDWR), 5000, 0, 1000)),
    attempt(lambda: os.sendfile(os.open('other', os.O_RDWR), fd, 0, 100)),
])`;
    expect(await python(script, [mount])).toEqual([null, 'EFBIG', null, 'EAGAIN', null, 5000, 100]);
    const other = readFileSync(join(mount, 'other'));
    expect(
      other.equals(Buffer.concat([pattern(100), Buffer.alloc(900), pattern(5000), Buffer.alloc(4000)])),
    ).toBe(true);
  });
});

describe('modes, owners and times', () => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;

  beforeAll(async () => {
    chmodSync(scratch.root, 0o755);
    ({ device, mount } = await scratch.mountedDevice());
    for (const [name, mode] of [
      ['private', '600'],
      ['public', '644'],
      ['shared', '666'],
    ] as const) {
      await creat(join(mount, name), SIZE, ['-m', mode]);
      writeAt(join(mount, name), 0, Buffer.from('contents'));
    }
    await creat(join(mount, 'theirs'), SIZE, ['-m', '600', '-u', String(NOBODY), '-g', String(NOBODY)]);
    await famfsOk(['mkdir', '-m', '700', join(mount, 'closed')]);
    await creat(join(mount, 'closed/file'), 1, ['-m', '666']);
  });

  const asNobody = (script: string) =>
    command('setpriv', [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', 'sh', '-c', script], {
      cwd: mount,
    });

  test.each([
    ['read of a private file', 'cat private', 'Permission denied'],
    ['write to a private file', 'echo x 1<>private', 'Permission denied'],
    ['write to a public file', 'echo x 1<>public', 'Permission denied'],
    ['anything below a closed directory', 'cat closed/file', 'Permission denied'],
    ['listing a closed directory', 'ls closed', 'Permission denied'],
    ['chmod of a file of root', 'chmod 777 private', 'Operation not permitted'],
    ['chown of a file of root', `chown ${NOBODY} private`, 'Operation not permitted'],
    ['chown to root of a file of its own', 'chown 0 theirs', 'Operation not permitted'],
    ['touch of a file of root', 'touch -d 2001-01-01 public', 'Permission denied'],
    ['creating', 'mkdir new', 'Permission denied'],
  ])('another user is refused %s', async (_what, script, message) => {
    const { status, stderr } = await asNobody(script);
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
  });

  test('another user does what the modes allow', async () => {
    const script =
      'head -c 8 public && printf "their words" 1<>shared && head -c 11 shared && head -c 1 theirs';
    expect(await asNobody(script)).toMatchObject({ status: 0, stdout: 'contentstheir words\0' });
  });

  test('are changed by chmod, chown and touch, as long as the mount lasts', async () => {
    const of = async (name: string) =>
      (await commandOk('stat', ['-c', '%a %u %g %X %Y', join(mount, name)])).stdout.trim();
    const before = await of('public');
    await commandOk('chmod', ['4751', join(mount, 'public')]);
    await commandOk('touch', ['-d', '2001-02-03 04:05:06 UTC', join(mount, 'public')]);
    await commandOk('chmod', ['1777', join(mount, 'closed')]);
    expect(await of('public')).toBe('4751 0 0 981173106 981173106');
    expect(await asNobody('cat closed/file')).toMatchObject({ status: 0 });
    await commandOk('chown', ['12:34', join(mount, 'public')]);
    expect(await of('public')).toMatch(/ 12 34 981173106 981173106$/);
    expect(await asNobody('chmod 640 theirs && touch theirs')).toMatchObject({ status: 0 });
    expect(await of('theirs')).toMatch(/^640 65534 65534 /);

    await famfsOk(['umount', mount]);
    await scratch.mounted(device, [], { at: mount });
    expect((await of('public')).split(' ').slice(0, 3)).toEqual(before.split(' ').slice(0, 3));
    expect(await of('theirs')).toMatch(/^600 65534 65534 /);
    expect(await of('closed')).toMatch(/^700 0 0 /);
  });

  test('keep nanoseconds', async () => {
    const times = await python<number[]>(
      `
os.utime(args[0], ns=(1234567890123456789, 987654321012345678))
stat = os.stat(args[0])
answer([str(stat.st_atime_ns), str(stat.st_mtime_ns)])
`,
      [join(mount, 'shared')],
    );
    expect(times).toEqual(['1234567890123456789', '987654321012345678']);
  });

  test('of a directory and of the mount point can be changed too', async () => {
    await commandOk('chmod', ['711', mount]);
    expect((await asNobody('ls .')).status).not.toBe(0);
    expect((await asNobody('head -c 8 public')).stdout).toBe('contents');
    await commandOk('chmod', ['755', mount]);
    expect((await asNobody('ls .')).status).toBe(0);
  });
});
