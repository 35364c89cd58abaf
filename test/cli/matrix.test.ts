import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../src/errors';
import { LOG_HEADER, LOG_OFFSET } from '../../src/log/layout';
import {
  BIN,
  CLIENT,
  command,
  commandOk,
  famfs,
  famfsOk,
  OWNER,
  type Run,
  type RunOptions,
  start,
} from '../support/run';
import { writeRange } from '../support/run-device';
import { expectClear, expectFailure, expectNoTrace, type Failure } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchAll } from '../support/run-scratch';

/** Every verb in every situation. A new verb is one more entry in VERBS. */

const scratch = scratchAll();
const NOBODY = { uid: 65_534, gid: 65_534 };
let mount: string;
/** An unmounted file system that root alone may read. */
let locked: string;

beforeAll(async () => {
  ({ mount } = await scratch.mountedDevice('4g'));
  locked = await scratch.makeDevice('4g');
  chmodSync(locked, 0o600);
  await famfsOk(['cp', '--no-sync', put(scratch.path('source'), 'contents'), join(mount, 'there')]);
  await famfsOk(['creat', '--no-sync', '--size', '4k', '-r', '-S', '42', join(mount, 'random')]);
});

/** A situation that does not apply to a verb, and why. */
interface Inapplicable {
  readonly why: string;
}

interface VerbSpec {
  /** The words behind `famfs` of a call that succeeds; asked for anew for each call. */
  readonly right: () => readonly string[] | Promise<readonly string[]>;
  /** Statuses of such a call; 0 unless told. */
  readonly statuses?: readonly number[];
  /** The status of a command line that is wrong; 2 unless told. */
  readonly usageStatus?: number;
  /** A call that a user without rights may not make (`right` unless told), and how it fails. */
  readonly forbidden:
    | { readonly args?: VerbSpec['right']; readonly code?: ErrorCode; readonly status?: number }
    | Inapplicable;
  /** What such a call says on standard error; nothing unless told. */
  readonly says?: RegExp;
  /** Why --json is refused. */
  readonly json?: Inapplicable;
  /** Whether a client may make the call. */
  readonly client: 'works' | 'refused' | Inapplicable;
}

const inMount = () => join(mount, scratch.unique());
const freshMount = async () => [
  '--no-sync',
  '--log-file',
  scratch.path(`${scratch.unique('server')}.log`),
  await scratch.makeDevice('4g'),
  scratch.directory(scratch.unique('mnt')),
];
/** A new sparse file that holds nothing. */
const blank = async (size: string) => {
  const path = scratch.path(`${scratch.unique('blank')}.img`);
  await commandOk('truncate', ['-s', size, path]);
  return path;
};
/** A backup of the file system on a device, whose log header was damaged for it and is repaired. */
const backupOf = async (device: string) => {
  const path = scratch.path(`${scratch.unique('saved')}.backup`);
  writeRange(device, LOG_OFFSET + LOG_HEADER.fields.nextSeqnum.offset, Buffer.of(9));
  expect((await famfs(['fsck', '--repair', '--yes', '--backup', path, device])).status).toBe(1);
  chmodSync(path, 0o644);
  return path;
};
const READS_WHAT_ALL_MAY_READ = { why: 'reads only what all users may read' };

const VERBS: Readonly<Record<string, VerbSpec>> = {
  autocomplete: {
    right: () => ['autocomplete', 'bash'],
    forbidden: READS_WHAT_ALL_MAY_READ,
    client: { why: 'looks at no file system' },
  },
  cat: {
    right: () => ['cat', join(mount, 'there')],
    json: { why: 'prints the contents of a file' },
    forbidden: { args: () => ['cat', locked, 'there'] },
    client: 'works',
  },
  check: {
    right: () => ['check', mount],
    forbidden: { why: 'all who may read the device may call it' },
    client: 'works',
  },
  chkread: {
    right: () => ['chkread', join(mount, 'there')],
    forbidden: { why: 'the kernel says who may read a file' },
    client: 'works',
  },
  clone: {
    right: async () => {
      const own = (await scratch.mountedDevice('4g')).mount;
      await famfsOk(['creat', '--no-sync', '--size', '4k', join(own, 'a')]);
      return ['clone', '--no-sync', join(own, 'a'), join(own, 'b')];
    },
    says: /cross-linked/,
    forbidden: {},
    client: 'refused',
  },
  df: { right: () => ['df', mount], forbidden: { args: () => ['df', locked] }, client: 'works' },
  'device add': {
    right: async () => ['device', 'add', '--no-sync', await scratch.makeDevice('4g'), await blank('4m')],
    forbidden: { args: async () => ['device', 'add', '--no-sync', locked, await blank('4m')] },
    client: 'refused',
  },
  'device ls': {
    right: () => ['device', 'ls', mount],
    forbidden: { args: () => ['device', 'ls', locked] },
    client: 'works',
  },
  'device scan': {
    right: () => ['device', 'scan'],
    forbidden: READS_WHAT_ALL_MAY_READ,
    client: 'works',
  },
  digest: {
    right: () => ['digest', join(mount, 'there')],
    forbidden: { why: 'the kernel says who may read a file' },
    client: 'works',
  },
  info: { right: () => ['info', mount], forbidden: { args: () => ['info', locked] }, client: 'works' },
  ls: { right: () => ['ls', mount], forbidden: { args: () => ['ls', locked] }, client: 'works' },
  export: {
    right: () => ['export', mount, 'there', scratch.path(scratch.unique('export'))],
    forbidden: { args: () => ['export', locked, 'there', scratch.path('out')] },
    client: 'works',
  },
  cp: {
    right: () => ['cp', '--no-sync', scratch.path('source'), inMount()],
    forbidden: {},
    client: 'refused',
  },
  creat: {
    right: () => ['creat', '--no-sync', '--size', '4k', inMount()],
    forbidden: {},
    client: 'refused',
  },
  doctor: {
    right: () => ['doctor'],
    statuses: [0, 1], // mounts of other tests may have dead servers
    forbidden: READS_WHAT_ALL_MAY_READ,
    client: 'works',
  },
  fsck: {
    right: () => ['fsck', mount],
    usageStatus: 16,
    forbidden: { args: () => ['fsck', locked], status: 8 },
    client: 'works',
  },
  flush: {
    right: () => ['flush', join(mount, 'there')],
    forbidden: { why: 'the kernel says who may read a file' },
    client: 'works',
  },
  getmap: {
    right: () => ['getmap', join(mount, 'there')],
    forbidden: { why: 'all who may read the device may call it' },
    client: 'works',
  },
  'log dump': {
    right: () => ['log', 'dump', mount],
    forbidden: { args: () => ['log', 'dump', locked] },
    client: 'works',
  },
  logplay: {
    right: () => ['logplay', mount],
    forbidden: { why: 'all who may read the device may call it' },
    client: 'works',
  },
  map: { right: () => ['map', mount], forbidden: { args: () => ['map', locked] }, client: 'works' },
  mkdir: {
    right: () => ['mkdir', '--no-sync', inMount()],
    forbidden: {},
    client: 'refused',
  },
  mkfs: {
    right: () => ['mkfs', '--no-sync', '--create', '4g', scratch.path(`${scratch.unique('new')}.img`)],
    forbidden: { args: () => ['mkfs', '--force', locked] },
    client: 'works',
  },
  mkmeta: {
    right: () => ['mkmeta', '/dev/dax0.0'],
    forbidden: { why: 'looks at nothing' },
    client: 'works',
  },
  mount: {
    right: async () => ['mount', ...(await freshMount())],
    forbidden: {},
    client: 'works',
  },
  'mount.famfs': {
    right: async () => ['mount.famfs', ...(await freshMount())],
    forbidden: {},
    client: 'works',
  },
  owner: {
    right: () => ['owner', mount],
    forbidden: { args: () => ['owner', locked] },
    client: 'works',
  },
  restore: {
    right: async () => {
      const device = await scratch.makeDevice('4g');
      return ['restore', '--yes', '--no-sync', await backupOf(device), device];
    },
    forbidden: { args: async () => ['restore', '--yes', await backupOf(locked), locked] },
    client: 'refused',
  },
  status: {
    right: () => ['status', mount],
    forbidden: {},
    client: 'works',
  },
  umount: {
    right: async () => ['umount', await scratch.mounted(await scratch.makeDevice('4g'))],
    forbidden: { args: () => ['umount', mount] },
    client: 'works',
  },
  verify: {
    right: () => ['verify', '--seed', '42', '--file', join(mount, 'random')],
    forbidden: { why: 'the kernel says who may read a file' },
    client: 'works',
  },
};

/** A test, unless the subject tells why there is none. */
function cell(name: string, subject: object | string, run: () => Promise<void>): void {
  if (typeof subject === 'string' || !('why' in subject)) test(name, run);
}

function expectStatus(run: Run, { statuses = [0] }: VerbSpec): void {
  if (!statuses.includes(run.status ?? -1)) {
    throw new Error(`${run.args.join(' ')}: status ${run.status}: ${run.stdout}${run.stderr}`);
  }
}

/** As expectFailure, also for a verb without --json. */
async function expectRefused(
  spec: VerbSpec,
  args: readonly string[],
  failure: Failure,
  options: RunOptions = {},
) {
  if (!spec.json) return expectFailure(args, failure, options);
  const run = await famfs(args, options);
  expect(run).toMatchObject({ status: failure.status, stdout: '' });
  expectClear(run.stderr, failure);
}

describe.each(Object.entries(VERBS))('famfs %s', (verb, spec) => {
  cell('text', verb, async () => {
    const run = await famfs(await spec.right());
    expectStatus(run, spec);
    expect(run.stderr).toMatch(spec.says ?? /^$/);
    expectNoTrace(run.stdout);
  });

  cell('--json', verb, async () => {
    if (spec.json) {
      const refused = await famfs([...(await spec.right()), '--json']);
      expect(refused.status).toBe(2);
      expectClear(refused.stderr, { says: ['--json'], hint: '--json' });
      expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'usage', exitStatus: 2 } });
      return;
    }
    const run = await famfs([...(await spec.right()), '--json']);
    expectStatus(run, spec);
    expect(run.json()).not.toHaveProperty('error');
    expect(run.stderr).toMatch(spec.says ?? /^$/);
  });

  cell('wrong input', verb, async () => {
    const says = ['--nonsense'];
    const failure = { status: spec.usageStatus ?? 2, code: 'usage', says } as const;
    await expectRefused(spec, [...verb.split(' '), '--nonsense'], failure);
  });

  cell('no permission', spec.forbidden, async () => {
    const {
      args = spec.right,
      code = 'no-permission',
      status = 1,
    } = spec.forbidden as {
      args?: VerbSpec['right'];
      code?: ErrorCode;
      status?: number;
    };
    await expectRefused(spec, await args(), { status, code, says: [] }, NOBODY);
  });

  cell('a client', spec.client, async () => {
    const args = await spec.right();
    if (spec.client === 'refused') {
      const says = [CLIENT];
      await expectFailure(args, { status: 1, code: 'not-owner', says, hint: 'owner' }, { host: CLIENT });
    } else expectStatus(await famfs(args, { host: CLIENT }), spec);
  });

  cell('NO_COLOR on a terminal', verb, async () => {
    const words = [process.execPath, join(BIN, 'famfs'), ...(await spec.right())];
    const line = words.map((word) => `'${word}'`).join(' ');
    const env = { NO_COLOR: '1', TERM: 'xterm' };
    const run = await command('script', ['--quiet', '--return', '--command', line, '/dev/null'], { env });
    expectStatus(run, spec);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape of colours is what is looked for
    expect(run.stdout).not.toMatch(/\x1b\[[\d;]*m/);
  });

  cell('a reader that went away', verb, async () => {
    const { child, done } = start(await spec.right(), { host: OWNER });
    child.stdout?.destroy();
    const { status, stderr } = await done;
    expect([...(spec.statuses ?? [0]), 141]).toContain(status);
    expect(stderr).toMatch(spec.says ?? /^$/);
  });
});

test('every verb has an entry', () => {
  const manifest = readFileSync(join(__dirname, '../../oclif.manifest.json'), 'utf8');
  const ids = Object.keys((JSON.parse(manifest) as { commands: object }).commands);
  expect(Object.keys(VERBS).sort()).toEqual(ids.map((id) => id.replaceAll(':', ' ')).sort());
});
