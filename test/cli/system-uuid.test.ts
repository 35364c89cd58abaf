import { join } from 'node:path';
import { BIN, type Run } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { inNamespace } from '../support/run-server';

const scratch = scratchAll();
const UUID = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const RANDOM = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n$/;

/** Runs shell on a host that has no /opt/famfs but what the script puts there. */
function onNewHost(script: string, ...args: string[]): Promise<Run> {
  const fresh = 'mkdir -p /opt/famfs; mount -t tmpfs none /opt/famfs; F="$1"; shift\n';
  const env = { FAMFS_SYSTEM_UUID: undefined };
  return inNamespace(fresh + script, [join(BIN, 'famfs'), ...args], { env });
}

const newDevice = () => scratch.path(`${scratch.unique('device')}.img`);
const MKFS = 'node "$F" mkfs --no-sync --create 4g --json';
const SHOW = 'stat -c %a /opt/famfs/system_uuid; cat /opt/famfs/system_uuid';

test.each(['022', '077', '000'])(
  'is made at random when it is needed, for all to read, under the umask %s',
  async (umask) => {
    const run = await onNewHost(
      `umask ${umask}; ${MKFS} "$1" >/dev/null; ${SHOW}; ls -A /opt/famfs`,
      newDevice(),
    );
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const [mode, uuid, ...names] = run.stdout.split('\n');
    expect(mode).toBe('644');
    expect(`${uuid}\n`).toMatch(RANDOM);
    expect(names).toEqual(['system_uuid', '']);
  },
);

test('has its directory made, for all to enter', async () => {
  const script = `umount /opt/famfs; mkdir "$1.opt"; mount --rbind /opt "$1.opt"; mount -t tmpfs none /opt
    for name in $(ls -A "$1.opt"); do [ $name = famfs ] || ln -s "$1.opt/$name" /opt; done
    umask 077; ${MKFS} "$1" >/dev/null
    stat -c %a /opt/famfs /opt/famfs/system_uuid`;
  expect((await onNewHost(script, newDevice())).stdout).toBe('755\n644\n');
});

test('is one for all processes that need it first at once', async () => {
  const script = `for i in 1 2 3 4 5 6; do ${MKFS} "$1$i" >"$1$i.out" & done; wait
    cat "$1"[1-6].out; ${SHOW}; ls -A /opt/famfs`;
  for (let round = 0; round < 5; round++) {
    const { status, stderr, stdout } = await onNewHost(script, newDevice());
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const owners = [...stdout.matchAll(/"ownerUuid": "(.*)"/g)].map(([, uuid]) => uuid);
    expect(owners).toHaveLength(6);
    expect(new Set(owners).size).toBe(1);
    expect(stdout.endsWith(`644\n${owners[0]}\nsystem_uuid\n`)).toBe(true);
  }
});

test.each([
  ['with a newline', `${UUID}\n`],
  ['without', UUID],
  ['in upper case', `${UUID.toUpperCase()}\n`],
  ['with more behind it', `${UUID} of a host\n`],
])('is taken from the file %s, which stays as it is', async (_how, contents) => {
  const script = `printf %s "$2" >/opt/famfs/system_uuid; ${MKFS} "$1"; cat /opt/famfs/system_uuid`;
  const { stdout } = await onNewHost(script, newDevice(), contents);
  expect(stdout).toContain(`"ownerUuid": "${UUID}"`);
  expect(stdout.endsWith(`}\n${contents}`)).toBe(true);
});

test('is taken through a symbolic link', async () => {
  const script = `echo ${UUID} >/opt/famfs/elsewhere; ln -s elsewhere /opt/famfs/system_uuid; ${MKFS} "$1"`;
  expect((await onNewHost(script, newDevice())).stdout).toContain(`"ownerUuid": "${UUID}"`);
});

test.each([
  ['is empty', ': >/opt/famfs/system_uuid', 'not a UUID: ""'],
  ['is no UUID', 'echo host-a >/opt/famfs/system_uuid', 'not a UUID: "host-a\\n"'],
  ['is nil', 'echo 00000000-0000-0000-0000-000000000000 >/opt/famfs/system_uuid', 'not a UUID'],
  ['is cut off', `printf ${UUID.slice(1)} >/opt/famfs/system_uuid`, 'not a UUID'],
  ['is a directory', 'mkdir /opt/famfs/system_uuid', 'cannot be read: EISDIR'],
  ['is a symbolic link to nothing', 'ln -s nowhere /opt/famfs/system_uuid', 'cannot be read: ENOENT'],
])('is refused, and never replaced, where the file %s', async (_what, prepare, message) => {
  const script = `${prepare}; ls -l --time-style=+ /opt/famfs; ! ${MKFS} "$1"; ls -l --time-style=+ /opt/famfs; ls "$1" || :`;
  const { status, stderr, stdout } = await onNewHost(script, newDevice());
  expect(status).toBe(0);
  expect(stderr).toContain(`famfs: /opt/famfs/system_uuid: ${message}`);
  const [before = '', after = ''] = stdout.split(/^\{[\s\S]*^\}\n/m);
  expect(after).toBe(before);
  expect(stderr).toContain('No such file or directory');
});

test.each([
  ['its directory', 'mount -o remount,ro /opt/famfs'],
  ['the one above that', 'umount /opt/famfs; mount -t tmpfs -o ro tmpfs /opt'],
])('cannot be made where %s cannot be written: says so, and leaves no device', async (_what, prepare) => {
  const script = `${prepare}; ! ${MKFS} "$1"; ! ls "$1" 2>/dev/null`;
  const { status, stderr } = await onNewHost(script, newDevice());
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^famfs: \/opt\/famfs\/system_uuid: cannot be created: EROFS\n {7}set FAMFS_SYSTEM_UUID, or/,
  );
});
