import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, succeeded } from '../support/run';
import { modeOf } from '../support/run-files';
import { programForOthers } from '../support/run-program';
import { scratchEach } from '../support/run-scratch';
import { inNamespace } from '../support/run-server';

const NOBODY = 65_534;
const FAMFS = join(programForOthers(), 'famfs');

/**
 * A mount name space in which every user may open /dev/fuse, as on a host: the test's machine may keep it for root.
 * `famfs` and `nobody COMMAND...` run as the user nobody.
 */
const PRELUDE = `
cd "$1"
mknod fuse c 10 229
chmod 666 fuse
mount --bind fuse /dev/fuse
nobody() { setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups "$@"; }
famfs() { nobody ${FAMFS} "$@"; }
`;

describe('a user other than root', () => {
  const scratch = scratchEach();
  const runBase = () => scratch.path('run');

  beforeEach(() => {
    chownSync(scratch.root, NOBODY, NOBODY);
    for (const name of ['run', 'mnt']) chownSync(scratch.directory(name), NOBODY, NOBODY);
    chmodSync(runBase(), 0o700);
  });

  /** Runs a script with the prelude before it; a server that it leaves is unmounted. */
  const script = (text: string, env: Record<string, string | undefined> = {}): Promise<Run> => {
    const finish = 'trap \'rc=$?; umount "$1/mnt" 2>/dev/null || true; rm -f fuse; exit $rc\' EXIT\n';
    const variables = {
      HOME: scratch.path('home'),
      XDG_STATE_HOME: scratch.path('state'),
      XDG_RUNTIME_DIR: runBase(),
      ...env,
    };
    return inNamespace(PRELUDE + finish + text, [scratch.root], { env: variables, cwd: '/' });
  };

  const MADE = 'famfs mkfs --no-sync --create 4g device.img >/dev/null\n';
  const MOUNTED = `${MADE}famfs mount --no-sync device.img mnt\n`;

  test('makes a file system, mounts it, adds files, asks for the status and unmounts', async () => {
    const run = await script(`${MOUNTED}
      famfs mkdir --no-sync mnt/dir
      famfs cp --no-sync -q ${FAMFS} mnt/dir/file
      nobody cmp ${FAMFS} mnt/dir/file
      famfs status --json mnt > status.json
      famfs logplay mnt
      grep " $1/mnt " /proc/self/mountinfo
      famfs umount mnt
      ! mountpoint -q mnt
      ls run/famfs
    `);
    const { stdout } = succeeded(run);
    expect(stdout).toContain('is mounted on');
    expect(stdout).toContain('2 entries, 1 file');
    expect(stdout).toContain(`user_id=${NOBODY}`);
    expect(stdout).not.toContain('allow_other');
    expect(stdout.endsWith(`${scratch.path('mnt')} is unmounted\n`)).toBe(true);
    const { mounts } = JSON.parse(readFileSync(scratch.path('status.json'), 'utf8'));
    expect(mounts[0]).toMatchObject({ uid: NOBODY, server: { role: 'owner', replayed: { files: 1 } } });
  });

  test('has its run directory and log where a user keeps such', async () => {
    succeeded(await script(`${MOUNTED} stat -c '%a %u %n' run/famfs run/famfs/*/* > run.txt`));
    const lines = readFileSync(scratch.path('run.txt'), 'utf8');
    expect(lines).toMatch(/^700 65534 run\/famfs$/m);
    expect(lines).toMatch(/^600 65534 run\/famfs\/[\d-]+\/control$/m);
    const log = `famfs/${scratch.path('mnt').slice(1).replaceAll('/', '-')}.log`;
    expect(readFileSync(scratch.path('state', log), 'utf8')).toContain('mounted');
  });

  test('may only read where the device may only be read', async () => {
    const run = await script(`${MADE}
      chown root device.img
      chmod 644 device.img
      if famfs mount --no-sync device.img mnt; then exit 7; fi
      famfs mount -o ro device.img mnt
      famfs creat -s 1 mnt/x
    `);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/device\.img: not allowed to open it for writing\n/);
    expect(run.stdout).toContain('is mounted on');
  });

  test('has root, and nobody else, ask its server', async () => {
    const run = await script(
      `${MOUNTED}
      env -u XDG_RUNTIME_DIR ${FAMFS} status $1/mnt || true
      setpriv --reuid 12345 --regid 12345 --clear-groups ${FAMFS} status $1/mnt || echo "status $?"
    `,
      { XDG_RUNTIME_DIR: undefined },
    );
    expect(run.stdout).toMatch(/role +owner/);
    expect(run.stdout).toMatch(/^status 1$/m);
    expect(run.stderr).toContain(`mounted by user ${NOBODY}`);
  });

  test('gets no run directory that another user made', async () => {
    const run = await script(`${MADE}
      mkdir run/famfs
      if famfs mount --no-sync device.img mnt; then exit 7; fi
      ! mountpoint -q mnt
    `);
    succeeded(run);
    expect(run.stderr).toMatch(/^famfs: .*run\/famfs: belongs to user 0/);
    expect(run.stderr).toContain('XDG_RUNTIME_DIR');
  });

  test('has a directory in /tmp of mode 0700 without XDG_RUNTIME_DIR, also where it was open', async () => {
    const base = `/tmp/famfs-${NOBODY}`;
    const existed = existsSync(base);
    if (!existed) {
      mkdirSync(base);
      chmodSync(base, 0o777);
      chownSync(base, NOBODY, NOBODY);
    }
    succeeded(await script(`${MOUNTED} famfs status mnt; famfs umount mnt`, { XDG_RUNTIME_DIR: undefined }));
    expect(modeOf(base)).toBe(0o700);
    expect(statSync(base).uid).toBe(NOBODY);
    if (!existed) rmSync(base, { recursive: true });
  });

  test('is told that a directory is not its own', async () => {
    const run = await script(`${MADE}
      chown root mnt
      famfs mount --no-sync device.img mnt
    `);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^famfs: mnt: not allowed to mount on it\n/);
  });

  test('is told that the device is not its own', async () => {
    const run = await script(`${MADE}
      chown root device.img
      chmod 600 device.img
      famfs mount --no-sync device.img mnt
    `);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^famfs: device\.img: not allowed to open it for reading\n/);
  });

  test('is told that /dev/fuse is for others', async () => {
    const run = await script(`${MADE}
      chmod 600 fuse
      famfs mount --no-sync device.img mnt
    `);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^famfs: \/dev\/fuse: not allowed to open it\n {7}.*chmod 666/);
  });

  test("is told fusermount3's own reason", async () => {
    const run = await script(`${MADE} famfs mount --no-sync -o allow_other device.img mnt`);
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(
      /^famfs: .*fusermount3: option allow_other only allowed if 'user_allow_other'/,
    );
  });
});
