import type { DeviceReport, StatusReport } from '../../src/server-contract';
import { paint } from '../../src/ui/colour';
import { formatBound, formatLatency, quantile } from '../../src/ui/status-latency';
import { problemsOf } from '../../src/ui/status-problems';
import { describeMounts } from '../../src/ui/status-text';

const REPORT: StatusReport = {
  pid: 10,
  device: '/dev/dax0.0',
  deviceBytes: 2 ** 33,
  directory: '/mnt/famfs',
  uuid: '0b5ad1e5-3c1f-4d7e-8a44-5f0c2f9b6e01',
  role: 'client',
  readOnly: true,
  startedAt: '2024-05-06T07:08:09.000Z',
  uptimeSeconds: 3723,
  logLevel: 'info',
  logFile: null,
  cache: 'none',
  kernel: { protocol: '7.40', resend: true, mmapWithDirectIo: true, strategy: 'plain', reason: 'why not' },
  log: { entries: 7710, capacity: 15_420, frozen: null },
  replayed: { files: 1, directories: 2, notServed: 0, entries: 7710 },
  deviceFailed: false,
  devices: [],
  deviceReplaced: false,
  workers: [
    { pid: 11, startedAt: '2024-05-06T07:08:09.000Z', restarts: 0, served: 1 },
    { pid: null, startedAt: '2024-05-06T07:08:09.000Z', restarts: 2, served: 0 },
  ],
  restarts: 2,
  gaveUp: false,
  bytesRead: 3 * 2 ** 20,
  bytesWritten: 0,
  requests: [],
};

const describeOne = async (server: StatusReport, before?: StatusReport) => {
  const mount = {
    directory: server.directory,
    device: server.device,
    readOnly: server.readOnly,
    uid: 0,
    server,
  };
  const since = new Map(before ? [[server.directory, { report: before, seconds: 2 }]] : []);
  return describeMounts([mount], await paint({}, {}), { since });
};

const bucket = (belowSeconds: number | null, requests: number) => ({ belowSeconds, requests });

test('a report as text', async () => {
  const text = await describeOne(REPORT);
  expect(text).toContain('role       client, read-only');
  expect(text).toMatch(/mounted +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d, 1 h 02 min ago/);
  expect(text).toContain('7710 of 15420 entries used (50 %)');
  expect(text).toContain('1 of 2, 2 restarts (supervisor 10, workers 11)');
  expect(text).not.toContain("server's log");
});

test('rates are told where there is an earlier report', async () => {
  const text = await describeOne({ ...REPORT, bytesRead: 5 * 2 ** 20 }, REPORT);
  expect(text).toContain('5.0 MiB, 1.0 MiB/s');
});

test('names with control characters cannot touch the terminal', async () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(await describeOne({ ...REPORT, directory: '/mnt/\x1b[2J\n' })).not.toMatch(/\x1b/);
});

test('no mounts', async () => {
  expect(describeMounts([], await paint({}, {}))).toBe('no famfs is mounted');
});

test.each([
  [{ deviceFailed: true }, 'device failed', 'look after the device'],
  [{ deviceReplaced: true }, '/dev/dax0.0 was removed or replaced', 'to serve what is there now'],
  [{ gaveUp: true }, 'no more are started', "see the server's log"],
  [
    { log: { ...REPORT.log, frozen: 'bad-entry' } },
    'log turned invalid (bad-entry)',
    'famfs fsck /mnt/famfs',
  ],
  [{ log: { ...REPORT.log, frozen: 'other-file-system' } }, 'files answer EIO', 'famfs umount /mnt/famfs'],
  [{ log: { ...REPORT.log, frozen: 'of the future' } }, 'of the future', 'famfs fsck /mnt/famfs'],
] as const)('%j is an error with what to do', (change, what, todo) => {
  const problems = problemsOf({ ...REPORT, ...change });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ severity: 'error' });
  expect(problems[0]?.what).toContain(what);
  expect(problems[0]?.todo).toContain(todo);
});

describe('secondary devices', () => {
  const secondary = (trouble: DeviceReport['trouble'], path: string | null = '/dev/dax1.0') => ({
    ...{ index: 1, uuid: 'e81f4c26-7a3b-4d90-8c57-2b6d0f9a1e04', size: 2 ** 30, path, trouble },
  });
  const primary = { index: 0, uuid: REPORT.uuid, size: 2 ** 33, path: '/dev/dax0.0', trouble: null };
  const reportWith = (device: DeviceReport) => ({ ...REPORT, devices: [primary, device] });

  test.each([
    ['missing', 'is not found', 'at the next mount'],
    ['damaged', 'no sound superblock', 'famfs fsck'],
    ['foreign', 'in its place', 'famfs device scan'],
    ['truncated', 'became shorter', 'give it back the size'],
    ['failed', 'could not be read or written', 'famfs umount /mnt/famfs'],
  ] as const)('one that is %s is an error with what to do', (trouble, what, todo) => {
    const problems = problemsOf(reportWith(secondary(trouble)));
    expect(problems).toHaveLength(1);
    expect(problems[0]?.what).toContain('device 1 (UUID e81f4c26-7a3b-4d90-8c57-2b6d0f9a1e04) ');
    expect(problems[0]?.what).toContain(what);
    expect(problems[0]?.todo).toContain(todo);
  });

  test('the primary one is told of once when it fails', () => {
    const devices = [{ ...primary, trouble: 'failed' as const }, secondary(null)];
    expect(problemsOf({ ...REPORT, deviceFailed: true, devices })).toHaveLength(1);
  });

  test('are listed with size, path and trouble', async () => {
    expect(await describeOne(reportWith(secondary(null)))).toMatch(/device 1 +\/dev\/dax1\.0, 1\.0 GiB$/m);
    expect(await describeOne(reportWith(secondary('missing', null)))).toMatch(
      /device 1 +1\.0 GiB, missing$/m,
    );
  });

  test('files that need an absent one are counted, and named when asked for', async () => {
    const { directory, device, readOnly } = REPORT;
    const server = reportWith(secondary('missing', null));
    const absent = { files: 12, paths: ['a/b', 'c'] };
    const tell = async (verbose: boolean) =>
      describeMounts([{ directory, device, readOnly, uid: 0, server, absent }], await paint({}, {}), {
        verbose,
      });
    expect(await tell(false)).toMatch(/answer EIO +12 files$/m);
    expect(await tell(false)).not.toContain('a/b');
    expect(await tell(true)).toMatch(/^ {4}a\/b\n {4}c\n {4}and 10 more files$/m);
  });
});

test('entries that are not served are a warning; a sound mount has no problems', () => {
  const replayed = { ...REPORT.replayed, notServed: 3 };
  expect(problemsOf({ ...REPORT, replayed })).toMatchObject([{ severity: 'warning' }]);
  expect(problemsOf(REPORT)).toEqual([]);
});

describe('quantile()', () => {
  const latency = [bucket(1e-6, 0), bucket(2e-6, 50), bucket(4e-6, 49), bucket(null, 1)];

  test.each([
    [0.5, 2e-6],
    [0.51, 4e-6],
    [0.99, 4e-6],
    [0.995, Number.POSITIVE_INFINITY],
  ])('%d', (q, bound) => expect(quantile(latency, q)).toBe(bound));

  test('of nothing is undefined', () => expect(quantile([bucket(1, 0)], 0.5)).toBeUndefined());
});

test.each([
  [1e-6, '1 µs'],
  [6.4e-5, '64 µs'],
  [0.0013, '1.3 ms'],
  [0.25, '250 ms'],
  [2.1, '2.1 s'],
])('formatLatency(%d)', (seconds, text) => expect(formatLatency(seconds)).toBe(text));

test('formatBound()', () => {
  expect([undefined, 6.4e-5, Number.POSITIVE_INFINITY].map(formatBound)).toEqual(['-', '< 64 µs', '> 4 s']);
});
