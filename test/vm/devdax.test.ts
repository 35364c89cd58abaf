import { join } from 'node:path';
import { put } from '../support/run-files';
import { plantTree } from '../support/run-kill';
import type { Job } from './rig/guest';
import { DEVICE_BYTES, type Guest, rigAll } from './rig/rig';
import { DAX, inCheckout, MOUNT, mountIn, sumsHere, sumsIn } from './support';

interface Status {
  readonly mounts: readonly { readonly server: { readonly uptimeSeconds: number } }[];
}

/** One host that keeps a file system on a real devdax device. */
const rig = rigAll();
let a: Guest;
let source: string;

beforeAll(async () => {
  source = plantTree(join(rig.root, 'source'), 20, 2);
  put(join(source, 'empty'), '');
  a = await rig.boot('a');
  await a.famfsOk('mkfs', DAX);
  await mountIn(a);
});

describe('the device', () => {
  test('has the size and alignment that famfs takes it to have', async () => {
    const { stdout } = await a.ok(
      `cd /sys/bus/dax/devices/dax0.0; cat size align; basename $(readlink driver); stat -c %F ${DAX}`,
    );
    expect(stdout).toBe(`${DEVICE_BYTES}\n${2 ** 21}\ndevice_dax\ncharacter special file\n`);
    const info = await a.famfsOk('info', '--json', DAX);
    expect(info.json()).toMatchObject({
      deviceKind: 'devdax',
      ownerUuid: a.uuid,
      role: 'owner',
      devices: [{ size: DEVICE_BYTES }],
    });
  });

  test('refuses all calls but mmap', async () => {
    const calls = {
      read: 'os.read(fd, 4096)',
      pread: 'os.pread(fd, 4096, 0)',
      write: "os.write(fd, b'x')",
      pwrite: "os.pwrite(fd, b'x', 0)",
      fsync: 'os.fsync(fd)',
      ftruncate: 'os.ftruncate(fd, 0)',
    };
    const attempts = Object.entries(calls).map(([name, call]) => `('${name}', lambda: ${call})`);
    put(
      join(rig.root, 'calls.py'),
      `import errno, os
fd = os.open('${DAX}', os.O_RDWR)
for name, call in [${attempts.join(', ')}]:
    try: print(name, call())
    except OSError as error: print(name, errno.errorcode[error.errno])
`,
    );
    const { stdout } = await a.ok(`python3 ${join(rig.root, 'calls.py')}`);
    expect(stdout).toBe(
      Object.keys(calls)
        .map((name) => `${name} EINVAL\n`)
        .join(''),
    );
  });

  test('that holds a file system is not made one anew', async () => {
    const run = await a.famfs('mkfs', '--json', DAX);
    expect(run.status).toBe(1);
    expect(run.json()).toMatchObject({ error: { code: 'device-mounted' } });
  });
});

describe('a tree', () => {
  beforeAll(async () => {
    const run = await a.famfsOk('cp', '--json', '--verify', '-r', source, MOUNT);
    expect(run.stderr).toBe('');
  });

  const copy = `${MOUNT}/source`;

  test('is the same in the mount, by read(2)', async () => {
    await a.ok(`diff -r ${source} ${copy}`);
  });

  test('is the same in the mount, by mmap(2)', async () => {
    const script = `import hashlib, mmap
with open('${copy}/large/l0', 'rb') as file:
    print(hashlib.sha256(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)).hexdigest())`;
    const { stdout } = await a.ok(`python3 -c "${script}"`);
    expect(await sumsHere(source)).toContain(`${stdout.trim()}  ./large/l0\n`);
  });

  test('is there without the mount: ls, cat, export, digest and map of the device', async () => {
    const sums = await sumsHere(source);
    const { entries } = (await a.famfsOk('ls', '-R', '--json', DAX)).json<{ entries: { path: string }[] }>();
    expect(entries.map(({ path }) => path)).toEqual(expect.arrayContaining(pathsIn(sums)));
    await a.ok(`famfs cat ${DAX} source/large/l0 | cmp - ${source}/large/l0`);
    await a.famfsOk('export', '-q', DAX, '/source', '/run/exported');
    expect(await sumsIn(a, '/run/exported')).toBe(sums);
    const digested = await a.famfsOk('digest', '-r', '--device', DAX, 'source');
    expect(digested.stdout.split('\n').sort()).toEqual(
      sums.replaceAll('  ./', '  source/').split('\n').sort(),
    );
    expect((await a.famfsOk('map', DAX)).stdout).toMatch(
      /^\/dev\/dax0\.0: 4\.0 GiB; .*a {2}4\.0 MiB .* source\/large/s,
    );
  });

  test('is sound, and served as the device has it: fsck, check, chkread, flush, getmap', async () => {
    expect((await a.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
    await a.famfsOk('check', MOUNT);
    await a.famfsOk('chkread', `${copy}/large/l0`);
    await a.famfsOk('chkread', '--superblock', `${MOUNT}/.meta/.superblock`);
    await a.famfsOk('flush', `${copy}/large/l0`);
    expect((await a.famfsOk('getmap', '--json', `${copy}/large/l0`)).json()).toMatchObject({
      files: [{ state: 'mapped', map: { kind: 'simple', extents: [{ devindex: 0 }] } }],
    });
  });

  test('takes the space that df tells', async () => {
    const { filesystems } = (await a.famfsOk('df', '--json', DAX)).json<{ filesystems: object[] }>();
    expect(filesystems).toMatchObject([{ device: DAX, size: DEVICE_BYTES, mountedOn: MOUNT }]);
  });

  test('is mapped by the library', async () => {
    const script = `const { createHash } = require('node:crypto');
const famfs = require('${inCheckout('dist/lib/index.cjs')}').openDevice('${DAX}');
const mapping = famfs.map('source/large/l0');
console.log(createHash('sha256').update(mapping.buffer).digest('hex'));
mapping.close();
famfs.close();`;
    const { stdout } = await a.ok(`node -e "${script}"`);
    expect(await sumsHere(source)).toContain(`${stdout.trim()}  ./large/l0\n`);
  });
});

/** The paths in what sha256sum printed, below source/. */
function pathsIn(sums: string): string[] {
  return sums
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => `source/${line.slice('  ./'.length + 64)}`);
}

test('doctor finds the device and the mount in order', async () => {
  const report = (await a.famfsOk('doctor', '--json')).json();
  expect(report).toMatchObject({ errors: 0, devices: [{ path: DAX, size: DEVICE_BYTES, align: 2 ** 21 }] });
});

describe('a file that was made on the device', () => {
  const file = `${MOUNT}/made`;

  test('has the contents of its seed', async () => {
    await a.famfsOk('creat', '-q', '-s', '4m', '--randomize', '--seed', '7', file);
    await a.famfsOk('verify', '--seed', '7', '--file', file);
    await a.ok(`printf x | dd of=${file} bs=1 seek=70000 conv=notrunc status=none`);
    const run = await a.famfs('verify', '--json', '--seed', '7', '--file', file);
    expect(run).toMatchObject({ status: 1 });
  });

  test.each(['sync', 'mmap'])('is written and read back by fio, %s', async (engine) => {
    const words = `--name=verify --filename=${file} --size=4m --bs=64k --rw=randwrite --ioengine=${engine}`;
    await a.ok(`cd /run; fio ${words} --fallocate=none --verify=crc32c --verify_fatal=1`);
  });
});

describe('no call that a devdax device refuses is made on it', () => {
  const refused = 'read,write,pread64,pwrite64,readv,writev,preadv,pwritev,fsync,fdatasync,ftruncate,msync';
  const between = 'sendfile,copy_file_range,splice';
  const strace = `strace -f -y --seccomp-bpf -e trace=openat,mmap,${refused},${between}`;

  /** Fails unless a trace shows the device opened and mapped, and in no other call. */
  const expectMappedOnly = async (trace: string) => {
    const { stdout } = await a.ok(`grep -F '<${DAX}>' ${trace}`);
    const calls = new Set(stdout.matchAll(/^\d+ +(\w+)\(/gm));
    expect([...calls].map(([, name]) => name)).toEqual(expect.arrayContaining(['mmap', 'openat']));
    expect(stdout.split('\n').filter((line) => !/^(\d+ +(openat|mmap)\(|$)/.test(line))).toEqual([]);
  };

  test('by famfs cp', async () => {
    await a.ok(`${strace} -o /run/cp.trace famfs cp -q -r ${source}/large ${MOUNT}/traced`);
    await expectMappedOnly('/run/cp.trace');
    expect(await sumsIn(a, `${MOUNT}/traced`)).toBe(await sumsHere(join(source, 'large')));
  });

  test('by the server and its workers', async () => {
    await a.famfsOk('umount', MOUNT);
    const server = a.start(`${strace} -o /run/server.trace famfs mount -q ${DAX} ${MOUNT}`);
    await a.ok(`until mountpoint -q ${MOUNT}; do sleep 0.2; done`);
    expect(await sumsIn(a, `${MOUNT}/source`)).toBe(await sumsHere(source));
    await a.ok(`printf written | dd of=${MOUNT}/made conv=notrunc status=none`);
    await a.famfsOk('umount', MOUNT);
    expect((await server.done).status).toBe(0);
    await expectMappedOnly('/run/server.trace');
    await mountIn(a);
    expect((await a.ok(`head -c 7 ${MOUNT}/made`)).stdout).toBe('written');
  });
});

describe('the clock of the host is set, ahead and back by decades, some times a second', () => {
  /** Seconds since the guest booted, which do not follow a clock that is set. */
  const secondsUp = async () => Number((await a.ok("cut -d ' ' -f 1 /proc/uptime")).stdout);
  const dates = ['2099-01-01', '1999-01-01'].map((date) => `date -s ${date} > /run/date; sleep 0.2`);
  let setting: Job;

  beforeAll(async () => {
    const back = 'date -s @$((before + $(cut -d . -f 1 /proc/uptime)))';
    setting = a.start(`before=$(($(date +%s) - $(cut -d . -f 1 /proc/uptime)))
until [ -e /run/steady ]; do ${dates.join('; ')}; done; ${back}`);
    await a.ok('until [ $(date +%Y) = 2099 ]; do sleep 0.1; done');
  });

  afterAll(async () => {
    await a.ok('touch /run/steady');
    expect(await setting.done).toMatchObject({ status: 0 });
  });

  test('what is copied and made meanwhile is whole, and shows in the mount', async () => {
    await a.famfsOk('cp', '-q', '--verify', '-rT', source, `${MOUNT}/clock`);
    await a.famfsOk('creat', '-q', '-s', '2m', '--randomize', '--seed', '3', `${MOUNT}/seeded`);
    await a.famfsOk('verify', '--seed', '3', '--file', `${MOUNT}/seeded`);
    await a.ok(`diff -r ${source} ${MOUNT}/clock`);
    expect((await a.famfsOk('fsck', '--json', MOUNT)).json()).toMatchObject({ findings: [] });
  });

  test('a wait for the lock is as long as was asked for', async () => {
    const holder = a.start(`flock ${DAX} sh -c 'touch /run/held; until [ -e /run/go ]; do sleep 0.1; done'`);
    await a.ok('until [ -e /run/held ]; do sleep 0.1; done');
    const before = await secondsUp();
    const run = await a.famfs('mkdir', '--json', '--lock-timeout', '5', `${MOUNT}/late`);
    expect(run.json()).toMatchObject({ error: { code: 'device-locked' } });
    expect((await secondsUp()) - before).toBeGreaterThanOrEqual(5);
    await a.ok('touch /run/go');
    expect((await holder.done).status).toBe(0);
    await a.famfsOk('mkdir', `${MOUNT}/late`);
  });

  test('the server tells how long it has been up', async () => {
    const { mounts } = (await a.famfsOk('status', '--json', MOUNT)).json<Status>();
    const [up] = mounts.map(({ server }) => server.uptimeSeconds);
    expect(up).toBeGreaterThan(0);
    expect(up).toBeLessThan(await secondsUp());
  });
});

describe('the device is taken from its driver while it is mounted', () => {
  const driver = '/sys/bus/dax/drivers/device_dax';

  beforeAll(async () => {
    await a.ok(`echo dax0.0 > ${driver}/unbind; echo 3 > /proc/sys/vm/drop_caches`);
  });

  test('reads are EIO, and status says why', async () => {
    const read = await a.run(`cat ${MOUNT}/source/large/l0 > /dev/null`);
    expect(read).toMatchObject({ status: 1, stderr: expect.stringContaining('Input/output error') });
    const status = await a.famfs('status', MOUNT);
    expect(status.stdout).toContain('the device failed');
  });

  test('the mount is taken down, and the device used again when it is back', async () => {
    await a.famfsOk('umount', MOUNT);
    expect((await a.famfs('info', '--json', DAX)).json()).toMatchObject({ error: { code: 'dax-mode' } });
    await a.ok(`echo dax0.0 > ${driver}/bind`);
    await mountIn(a);
    expect(await sumsIn(a, `${MOUNT}/source`)).toBe(await sumsHere(source));
    await a.famfsOk('umount', MOUNT);
    await a.famfsOk('mkfs', '--force', DAX);
    await mountIn(a);
    expect((await a.ok(`ls ${MOUNT}`)).stdout).toBe('');
    expect(a.console).not.toMatch(/BUG|Oops|WARNING|Call Trace/);
  });
});
