import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MountStatus } from '../../src/operations/status';
import { command, commandOk, famfs, famfsOk, start } from '../support/run';
import { expectFailure, expectNoTrace, expectQuiet } from '../support/run-expect';
import { scratchAll } from '../support/run-scratch';
import { until } from '../support/run-server';

const FAMFS = join(__dirname, '../../bin/famfs');
const scratch = scratchAll();
let device: string;
let mount: string;

beforeAll(async () => {
  device = await scratch.makeDevice('4g');
  mount = await scratch.mounted(device, ['-o', `log-file=${scratch.path('server.log')}`, '--workers', '2']);
  await famfsOk(['mkdir', '--no-sync', join(mount, 'dir')]);
  await famfsOk(['cp', '--no-sync', '-q', __filename, join(mount, 'dir/file')]);
  for (let i = 0; i < 20; i++) readFileSync(join(mount, 'dir/file'));
});

interface Output {
  readonly mounts: MountStatus[];
}

/** The columns of a line of the table of requests. */
function requestsOf(stdout: string, operation: string): string[] {
  const line = stdout.split('\n').find((text) => text.startsWith(`  ${operation} `)) ?? '';
  return line.trim().split(/ {2,}/);
}

describe('famfs status', () => {
  test('tells of a mount what people want to know', async () => {
    const run = await famfs(['status', mount]);
    expectQuiet(run);
    const [title, ...lines] = run.stdout.split('\n');
    expect(title).toBe(mount);
    const facts = new Map(lines.map((line) => [line.slice(2, 16).trim(), line.slice(16)]));
    expect(facts.get('device')).toBe(`${device}, 4.0 GiB`);
    expect(facts.get('role')).toBe('owner, read and write');
    expect(facts.get('mounted')).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, .* ago$/);
    expect(facts.get('log')).toBe('2 of 15420 entries used (0 %)');
    expect(facts.get('contents')).toBe('1 file, 1 directory');
    expect(facts.get('workers')).toMatch(/^2 of 2 \(supervisor \d+, workers \d+ \d+\)$/);
    expect(facts.get('written')).toBe('0 B');
    expect(facts.get("server's log")).toBe(`${scratch.path('server.log')} (info)`);
    expectNoTrace(run.stdout);
  });

  test('tells of requests how many, how many failed, and how long they took', async () => {
    const { stdout } = await famfs(['status', mount]);
    const [, requests, errors, mean, half, most] = requestsOf(stdout, 'READ');
    expect(Number(requests)).toBeGreaterThanOrEqual(20);
    expect(errors).toBe('0');
    expect(mean).toMatch(/^[\d.]+ (µs|ms)$/);
    for (const bound of [half, most]) expect(bound).toMatch(/^< [\d.]+ (µs|ms|s)$/);
  });

  test('names what the kernel asks, though it is not answered', async () => {
    await commandOk('stat', [mount]);
    expect((await famfs(['status', mount])).stdout).not.toContain('opcode');
  });

  test('counts errors', async () => {
    const errors = async () => Number(requestsOf((await famfs(['status', mount])).stdout, 'LOOKUP')[2]);
    const before = await errors();
    await command('test', ['-e', join(mount, 'nothing')]);
    expect(await errors()).toBe(before + 1);
  });

  test('takes a path in the mount, and a relative one', async () => {
    expect((await famfsOk(['status', join(mount, 'dir')])).stdout.split('\n')[0]).toBe(mount);
    expect((await famfsOk(['status', '.'], { cwd: join(mount, 'dir') })).stdout.split('\n')[0]).toBe(mount);
  });

  test('says the same as JSON', async () => {
    const run = await famfs(['status', '--json', mount]);
    expectQuiet(run);
    const { mounts } = run.json<Output>();
    expect(mounts).toHaveLength(1);
    expect(mounts[0]).toMatchObject({
      directory: mount,
      device,
      readOnly: false,
      uid: 0,
      server: {
        device,
        directory: mount,
        role: 'owner',
        log: { entries: 2, capacity: 15_420, frozen: null },
      },
    });
  });

  test('without a directory tells of all mounts', async () => {
    const second = await scratch.mounted(await scratch.makeDevice('4g'), ['-o', 'ro']);
    const text = (await famfs(['status'])).stdout;
    for (const title of [mount, second]) expect(text).toContain(`${title}\n  device `);
    const { mounts } = (await famfs(['status', '--json'])).json<Output>();
    const directories = mounts.map(({ directory }) => directory);
    expect(directories.indexOf(second)).toBeGreaterThan(directories.indexOf(mount));
    await famfsOk(['umount', second]);
  });

  test('where nothing is mounted says so', async () => {
    const script = `umount -a -t fuse.famfs; umount -l '${mount}' 2>/dev/null; ${FAMFS} status; echo "status $?"`;
    const { stdout } = await command('unshare', ['--mount', '/bin/bash', '-c', script]);
    expect(stdout).toBe('no famfs is mounted\nstatus 0\n');
  });

  test('of a mount whose server is dead says so and fails, among others too', async () => {
    const dead = await scratch.mounted(await scratch.makeDevice('4g'));
    const { mounts } = (await famfs(['status', '--json', dead])).json<Output>();
    process.kill(mounts[0]?.server?.pid as number, 'SIGKILL');
    const gone = async () => (await command('stat', [dead])).status !== 0;
    await until('the server is gone', gone);
    const failure = { status: 1, code: 'no-server', says: [dead, 'dead'], hint: 'famfs umount' } as const;
    await expectFailure(['status', dead], failure);
    const all = await famfs(['status'], { env: { FORCE_COLOR: '1' } });
    expect(all.status).toBe(1);
    expect(all.stdout).toContain(`\x1b[31m${dead}: its server is dead`);
    expect(all.stdout).toContain(mount);
    const json = await famfs(['status', '--json']);
    expect(json.status).toBe(1);
    const found = json.json<Output>().mounts.find(({ directory }) => directory === dead);
    expect(found).toMatchObject({ failure: { code: 'no-server' } });
    await famfsOk(['umount', dead]);
  });

  test('of a server that does not answer says so in the end', async () => {
    const stuck = await scratch.mounted(await scratch.makeDevice('4g'));
    const { mounts } = (await famfs(['status', '--json', stuck])).json<Output>();
    const pid = mounts[0]?.server?.pid as number;
    process.kill(pid, 'SIGSTOP');
    try {
      const run = await famfs(['status', stuck]);
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toContain('does not answer: nothing came within');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await famfsOk(['status', stuck]);
    await famfsOk(['umount', stuck]);
  });

  test('tells of workers that were replaced', async () => {
    const at = await scratch.mounted(await scratch.makeDevice('4g'));
    const server = async () => (await famfs(['status', '--json', at])).json<Output>().mounts[0]?.server;
    process.kill((await server())?.workers[0]?.pid as number, 'SIGKILL');
    await until('it was replaced', async () => (await server())?.restarts === 1);
    expect((await famfs(['status', at])).stdout).toMatch(/ workers +\d of \d, 1 restart \(/);
    await famfsOk(['umount', at]);
  });

  test('refuses what is no mount', async () => {
    const failure = { status: 1, code: 'not-mounted', says: [scratch.root] } as const;
    await expectFailure(['status', scratch.root], failure);
    const missing = scratch.path('missing');
    await expectFailure(['status', missing], { status: 1, code: 'not-mounted', says: [missing] });
    await expectFailure(['status', mount, 'more'], { status: 2, code: 'usage', says: ['more'] });
  });
});

describe('famfs status --watch', () => {
  /** Runs it until it has printed `enough`, then ends it with a signal. */
  const watch = async (
    args: readonly string[],
    enough: (said: string) => boolean,
    signal: NodeJS.Signals,
  ) => {
    const { child, done } = start(['status', '--watch', ...args, mount]);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('it printed enough', () => enough(said));
    child.kill(signal);
    return done;
  };

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'prints a block each second when piped, until %s',
    async (signal) => {
      const blocks = (text: string) => text.split('\n\n').filter((block) => block !== '');
      const run = await watch([], (said) => blocks(said).length >= 3, signal);
      expect(run).toMatchObject({ status: 130, stderr: '' });
      const [first = '', second = ''] = blocks(run.stdout);
      expect(first.split('\n')[0]).toBe(mount);
      expect(first).not.toContain('per s');
      expect(second).toMatch(/ read +[\d.]+ \S+, [\d.]+ \S+\/s\n/);
      expect(second).toContain('per s');
      expect(run.stdout).not.toContain('\x1b');
    },
  );

  test('tells rates', async () => {
    const { child, done } = start(['status', '--watch', mount]);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('the first block', () => said.includes('\n\n'));
    for (let i = 0; i < 100; i++) readFileSync(join(mount, 'dir/file'));
    await until('a rate', () => / read +[\d.]+ \S+, [1-9][\d.]* \S+\/s/.test(said));
    await until('a rate of requests', () => /^ {2}READ +\d+ +[1-9]/m.test(said));
    child.kill('SIGINT');
    await done;
  });

  test('prints a line of JSON each second with --json', async () => {
    const run = await watch(['--json'], (said) => said.split('\n').length >= 3, 'SIGINT');
    expect(run).toMatchObject({ status: 130, stderr: '' });
    const lines = run.stdout.trim().split('\n');
    for (const line of lines) expect((JSON.parse(line) as Output).mounts[0]?.directory).toBe(mount);
  });

  test('draws in place on a terminal, and gives the cursor back', async () => {
    const line = `timeout -s INT 3 ${FAMFS} status --watch ${mount}`;
    const env = { TERM: 'xterm', COLUMNS: undefined, LINES: undefined };
    const run = await command('script', ['-qec', `stty rows 12 cols 60; ${line}`, '/dev/null'], { env });
    const frames = run.stdout.split('\x1b[H').slice(1);
    expect(frames.length).toBeGreaterThanOrEqual(2);
    expect(run.stdout).toContain('\x1b[?25l');
    expect(run.stdout.trimEnd().endsWith('\x1b[?25h')).toBe(true);
    for (const frame of frames) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is taken out
      const lines = frame.replace(/\x1b\[[?\d;]*[a-zA-Z]/g, '').split('\r\n');
      expect(lines.length).toBeLessThanOrEqual(12);
      for (const text of lines) expect(text.length).toBeLessThanOrEqual(60);
    }
  });

  test('ends with an error when the mount does', async () => {
    const at = await scratch.mounted(await scratch.makeDevice('4g'));
    const { child, done } = start(['status', '--watch', at]);
    let said = '';
    child.stdout?.on('data', (text) => {
      said += String(text);
    });
    await until('the first block', () => said.includes('\n\n'));
    await famfsOk(['umount', at]);
    const run = await done;
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`${at}: not in a mounted famfs`);
  });
});
