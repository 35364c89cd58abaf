import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ReplayAnswer, StatusReport } from '../../src/server-contract';
import { commandOk, famfsOk } from '../support/run';
import { scratchAll, scratchEach } from '../support/run-scratch';
import { ask, runDirectoryOf, statusOf, until } from '../support/run-server';

/** One sample of the Prometheus text format. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/.source;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"/.source;
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (\\S+)$`);
const COMMENT = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);

/** Reads text as Prometheus does, and fails where that would. */
function parseMetrics(body: string): { samples: Sample[]; types: Map<string, string> } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  expect(body.endsWith('\n')).toBe(true);
  for (const line of body.split('\n').filter((text) => text !== '')) {
    const [, kind, family = '', rest = ''] = COMMENT.exec(line) ?? [];
    if (kind === 'TYPE') {
      expect(types.has(family)).toBe(false);
      types.set(family, rest);
    }
    if (kind) continue;
    const [, name = '', labels = '', number = ''] = SAMPLE.exec(line) ?? [];
    if (name === '') throw new Error(`no sample: ${line}`);
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
    expect(value).not.toBeNaN();
    samples.push({ name, value, labels: parseLabels(labels) });
  }
  for (const { name } of samples) {
    const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
    if (!types.has(family)) throw new Error(`${name}: has no TYPE`);
  }
  const identities = samples.map(
    ({ name, labels }) => `${name} ${JSON.stringify(Object.entries(labels).sort())}`,
  );
  expect(new Set(identities).size).toBe(identities.length);
  return { samples, types };
}

function parseLabels(text: string): Record<string, string> {
  const plain = (value: string) => value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  return Object.fromEntries(
    [...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value = '']) => [
      name,
      plain(value),
    ]),
  );
}

describe('the control socket', () => {
  const scratch = scratchAll();
  let mount: string;
  let run: string;

  beforeAll(async () => {
    const device = await scratch.makeDevice('4g');
    mount = await scratch.mounted(device, ['-o', `log-file=${scratch.path('server.log')}`], {
      at: scratch.directory('a "quoted" mnt'),
    });
    run = await runDirectoryOf(mount);
    await famfsOk(['creat', '--no-sync', '-s', '100k', join(mount, 'file')]);
    const bytesRead = async () => (await statusOf(mount)).bytesRead;
    const before = await bytesRead();
    readFileSync(join(mount, 'file'));
    expect((await bytesRead()) - before).toBe(102_400);
  });

  test('is for the owner of the mount alone', () => {
    expect(statSync(join(run, 'control')).mode & 0o7777).toBe(0o600);
    expect(readdirSync(run).sort()).toEqual(['control', 'server.json']);
  });

  test('GET /status answers what the contract says', async () => {
    const { body, status, type } = await ask(run, 'GET', '/status');
    expect({ status, type }).toEqual({ status: 200, type: 'application/json' });
    const report = StatusReport.parse(JSON.parse(body));
    expect(report).toMatchObject({ directory: mount, role: 'owner', gaveUp: false });
    expect(report.replayed).toMatchObject({ files: 1, directories: 0, entries: 1 });
  });

  test('GET /metrics is Prometheus text', async () => {
    const { body, status, type } = await ask(run, 'GET', '/metrics');
    expect(status).toBe(200);
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
    const { samples, types } = parseMetrics(body);
    expect(types.get('famfs_request_seconds')).toBe('histogram');
    expect(types.get('famfs_read_bytes_total')).toBe('counter');
    const value = (name: string) => samples.find((sample) => sample.name === name)?.value;
    expect(value('famfs_files')).toBe(1);
    expect(value('famfs_log_entries')).toBe(1);
    expect(value('famfs_read_bytes_total')).toBeGreaterThanOrEqual(102_400);
    expect(value('famfs_device_failed')).toBe(0);
    for (const { labels } of samples) expect(labels.directory).toBe(mount);
  });

  test('the histogram of each operation is cumulative and ends with the count', async () => {
    const { samples } = parseMetrics((await ask(run, 'GET', '/metrics')).body);
    const of = (suffix: string) => samples.filter(({ name }) => name === `famfs_request_seconds_${suffix}`);
    const counts = of('count');
    expect(counts.map(({ labels }) => labels.operation)).toContain('READ');
    for (const { labels, value } of counts) {
      const buckets = of('bucket').filter((bucket) => bucket.labels.operation === labels.operation);
      const bounds = buckets.map((bucket) =>
        bucket.labels.le === '+Inf' ? Infinity : Number(bucket.labels.le),
      );
      expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
      const values = buckets.map((bucket) => bucket.value);
      expect(values).toEqual([...values].sort((a, b) => a - b));
      expect(values.at(-1)).toBe(value);
    }
  });

  test('an unknown path is 404', async () => {
    const { body, status } = await ask(run, 'GET', '/nothing');
    expect(status).toBe(404);
    expect(JSON.parse(body)).toEqual({ error: '/nothing: no such path' });
  });

  test.each([
    ['POST', '/status', 'GET'],
    ['DELETE', '/log-level', 'GET, PUT'],
    ['GET', '/replay', 'POST'],
  ])('%s %s is 405 and says what there is', async (method, path, allowed) => {
    const { body, headers, status } = await ask(run, method, path);
    expect(status).toBe(405);
    expect(headers.allow).toBe(allowed);
    expect(JSON.parse(body).error).toContain(path);
  });

  test.each(['', '{', '"debug"', '{"level":"loud"}', '{}'])('the body %j is 400', async (body) => {
    const answer = await ask(run, 'PUT', '/log-level', body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error).toContain('debug');
  });

  test('a body that is too long is 413, also where it does not say how long it is', async () => {
    expect((await ask(run, 'PUT', '/log-level', ' '.repeat(5000))).status).toBe(413);
    const chunked = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', join(run, 'control')];
    const upload = ['-T', '-', '-X', 'PUT', 'http://famfs/log-level'];
    const { stdout } = await commandOk('curl', [...chunked, ...upload], { input: ' '.repeat(5000) });
    expect(stdout).toBe('413');
  });

  test('the log level takes effect in workers at once', async () => {
    const log = () => readFileSync(scratch.path('server.log'), 'utf8');
    expect((await ask(run, 'GET', '/log-level')).body).toBe('{"level":"info"}\n');
    existsSync(join(mount, 'nothing-1'));
    expect(log()).not.toMatch(/debug +worker/);
    const changed = await ask(run, 'PUT', '/log-level', '{"level":"debug"}');
    expect(changed).toMatchObject({ status: 200, body: '{"level":"debug"}\n' });
    existsSync(join(mount, 'nothing-2'));
    expect(log()).toMatch(/debug +worker/);
    await ask(run, 'PUT', '/log-level', '{"level":"error"}');
    const before = log();
    existsSync(join(mount, 'nothing-3'));
    expect(log()).toBe(before);
    await ask(run, 'PUT', '/log-level', '{"level":"info"}');
  });

  test('POST /replay tells how many entries are served', async () => {
    const { body, status } = await ask(run, 'POST', '/replay');
    expect(status).toBe(200);
    expect(ReplayAnswer.parse(JSON.parse(body))).toEqual({ entries: 1, frozen: null });
  });

  test('POST /flush succeeds', async () => {
    expect(await ask(run, 'POST', '/flush')).toMatchObject({ status: 200, body: '{}\n' });
  });
});

describe('the run directory', () => {
  const scratch = scratchEach();

  test('is gone after a plain umount', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const run = await runDirectoryOf(mount);
    expect(existsSync(join(run, 'control'))).toBe(true);
    await commandOk('umount', [mount]);
    await until('the run directory is gone', () => !existsSync(run));
  });

  test('of a mount that comes right after another is not taken away by the former server', async () => {
    const device = await scratch.makeDevice('4g');
    for (let round = 0; round < 3; round++) {
      const mount = await scratch.mounted(device, [], { at: scratch.directory('mnt') });
      await commandOk('umount', [mount]);
    }
    const mount = await scratch.mounted(device, [], { at: scratch.directory('mnt') });
    await famfsOk(['mkdir', '--no-sync', join(mount, 'x')]);
    await famfsOk(['status', mount]);
    await commandOk('umount', [mount]);
  });

  test('that a killed server left is removed by famfs umount', async () => {
    const { mount } = await scratch.mountedDevice('4g');
    const run = await runDirectoryOf(mount);
    const { pid } = JSON.parse(readFileSync(join(run, 'server.json'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await famfsOk(['umount', mount]);
    expect(existsSync(run)).toBe(false);
  });
});

test('what is appended shows at once where the log is not polled', async () => {
  const scratch = new (await import('../support/run-scratch')).Scratch();
  scratch.create();
  try {
    const mount = await scratch.mounted(await scratch.makeDevice('4g'), ['--poll', '0']);
    const run = await runDirectoryOf(mount);
    const entries = async () => JSON.parse((await ask(run, 'GET', '/status')).body).log.entries;
    for (const [args, expected] of [
      [['mkdir', '--no-sync', '-p', join(mount, 'a/b')], 2],
      [['creat', '--no-sync', '-s', '1', join(mount, 'c')], 3],
      [['cp', '--no-sync', '-q', __filename, join(mount, 'd')], 4],
    ] as const) {
      await famfsOk(args);
      expect(await entries()).toBe(expected);
    }
  } finally {
    await scratch.dispose();
  }
});
