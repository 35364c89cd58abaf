import { truncateSync } from 'node:fs';
import { logCapacity, MIB } from '../../src/log/layout';
import { FS_UUID, file, GIB, makeImage, setCounters, writeImage } from '../support/images';
import { CLIENT, famfs, famfsOk, OWNER, type RunOptions, shell, start } from '../support/run';
import { damagedDevice } from '../support/run-device';
import { codesOf, expectClean, expectFailure, expectNoTrace, expectQuiet, fsck } from '../support/run-expect';
import { put } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { whenOpen } from '../support/run-signals';

const scratch = scratchEach();
const NOBODY: RunOptions = { uid: 65_534, gid: 65_534 };
const ESCAPE = '\u001b[';

/** An image that has an error for each of the entries its log can hold. */
function fullOfErrors(logLength = 8 * MIB, deviceSize = 4 * GIB): string {
  const device = scratch.path('device.img');
  const image = makeImage({ entries: [], logLength, deviceSize });
  setCounters(image, logCapacity(logLength));
  writeImage(device, image);
  return device;
}

describe('a sound file system', () => {
  test('of one of everything is clean', async () => {
    const device = scratch.path('device.img');
    writeImage(device);
    const run = await famfs(['fsck', device]);
    expectQuiet(run);
    expect(run.stdout.split('\n').map((line) => line.replace(/ {2,}/, ': '))).toEqual([
      `device: ${device}, 4.0 GiB`,
      `UUID: ${FS_UUID}`,
      `owner: ${OWNER} (this host is the owner)`,
      'log: 13 of 15420 entries used',
      expect.stringMatching(/^contents: 10 files, 2 directories; .* of data$/),
      expect.stringMatching(/^space: .* of 12\.0 GiB used in units of 2\.0 MiB$/),
      expect.stringMatching(/^free: .* in 3 fragments, the largest .*$/),
      'clean',
      '',
    ]);
  });

  test('as JSON has these fields', async () => {
    const device = scratch.path('device.img');
    writeImage(device);
    const report = await expectClean(device);
    expect(report).toEqual({
      device,
      deviceBytes: 4 * GIB,
      uuid: FS_UUID,
      ownerUuid: OWNER,
      role: 'owner',
      contents: {
        entries: 13,
        capacity: 15_420,
        files: 10,
        directories: 2,
        fileBytes: expect.any(Number),
        space: {
          unitBytes: 2 * MIB,
          totalUnits: 2048 + 4096,
          usedUnits: expect.any(Number),
          freeUnits: expect.any(Number),
          freeRuns: 3,
          largestFreeUnits: expect.any(Number),
          devices: [
            expect.objectContaining({ totalUnits: 2048, freeRuns: 1 }),
            expect.objectContaining({ totalUnits: 4096, usedUnits: 3, freeRuns: 2 }),
          ],
        },
      },
      errors: 0,
      warnings: 0,
      findings: [],
    });
    const { freeUnits, largestFreeUnits, usedUnits } = report.contents?.space.devices[0] ?? {};
    expect(largestFreeUnits).toBe(freeUnits);
    expect((usedUnits ?? 0) + (freeUnits ?? 0)).toBe(2048);
  });

  test('says that this host is a client, if it is', async () => {
    const device = await scratch.makeDevice('4g');
    expect((await fsck(device, 0, { host: CLIENT })).role).toBe('client');
    expect((await famfsOk(['fsck', device], { host: CLIENT })).stdout).toContain('(this host is a client)');
  });

  test('with --quiet prints nothing at all', async () => {
    const device = await scratch.makeDevice('4g');
    expect(await famfs(['fsck', '--quiet', device])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  test('needs no more than to be readable', async () => {
    const device = await scratch.makeDevice('4g');
    await famfsOk(['fsck', device], NOBODY);
  });
});

describe('a mounted file system', () => {
  test('is checked by the directory it is mounted on, or one below', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await famfsOk(['mkdir', '--no-sync', '-p', `${mount}/a/b`]);
    expect(await expectClean(mount)).toMatchObject({ device, mountedOn: mount });
    expect(await expectClean(`${mount}/a/b`)).toMatchObject({ device, mountedOn: mount });
    expect((await famfsOk(['fsck', mount])).stdout).toMatch(new RegExp(`^mounted on  ${mount}$`, 'm'));
  });

  test('is not checked by its device', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await expectFailure(['fsck', device], {
      status: 16,
      code: 'device-mounted',
      says: [device, mount],
      hint: `famfs fsck ${mount}`,
    });
  });
});

describe('severities', () => {
  const warning = 'file flags 4';
  const error = 'sum of the first entry';

  test('a warning alone is status 0', async () => {
    const run = await famfs(['fsck', damagedDevice(scratch, warning)]);
    expectQuiet(run);
    expect(run.stdout).toMatch(/^warning file-flags: entry 0 "one-unit": /m);
    expect(run.stdout).toMatch(/\nno errors, 1 warning\n$/);
  });

  test('a warning with --strict is status 4', async () => {
    const run = await famfs(['fsck', '--strict', damagedDevice(scratch, warning)]);
    expect(run).toMatchObject({ status: 4, stderr: '' });
  });

  test('--strict is content with a clean one', async () => {
    await famfsOk(['fsck', '--strict', await scratch.makeDevice('4g')]);
  });

  test('an error is status 4', async () => {
    const run = await famfs(['fsck', damagedDevice(scratch, error)]);
    expect(run).toMatchObject({ status: 4, stderr: '' });
    expect(run.stdout).toMatch(/^error entry-crc: entry 0: /m);
    expect(run.stdout).toMatch(/\n1 error, 0 warnings\n$/);
  });

  test('with --quiet the findings alone are printed', async () => {
    const run = await famfs(['fsck', '--quiet', damagedDevice(scratch, error)]);
    expect(run.status).toBe(4);
    expect(run.stdout).toMatch(/^error entry-crc: [^\n]+\n$/);
  });

  test('files that share space are an error, told by both names', async () => {
    const device = scratch.path('device.img');
    const extents = [{ devindex: 0, offset: 100 * MIB, length: 4 * MIB }];
    const inside = [{ devindex: 0, offset: 102 * MIB, length: 2 * MIB }];
    const entries = [
      file('one', 4 * MIB, { kind: 'simple', extents }),
      file('two', 2 * MIB, { kind: 'simple', extents: inside }),
    ];
    writeImage(device, makeImage({ entries }));
    const { findings } = await fsck(device, 4);
    expect(findings).toEqual([
      {
        code: 'ext-overlap',
        severity: 'error',
        entry: 1,
        path: 'two',
        detail: `${2 * MIB} bytes at ${102 * MIB} of device 0 also belong to "one" (entry 0)`,
      },
    ]);
  });
});

describe('what cannot be checked', () => {
  test('a missing device', async () => {
    const device = scratch.path('missing');
    await expectFailure(['fsck', device], { status: 8, code: 'no-device', says: [device, 'no such'] });
  });

  test('a directory that is no mount', async () => {
    const says = [scratch.root, 'mount'];
    await expectFailure(['fsck', scratch.root], { status: 8, code: 'not-mounted', says });
  });

  test('/dev/null', async () => {
    await expectFailure(['fsck', '/dev/null'], {
      status: 8,
      code: 'no-device',
      says: ['/dev/null', 'devdax'],
    });
  });

  test('a device that the user may not read', async () => {
    const device = put(scratch.path('device.img'), 'x', 0o600);
    const failure = { status: 8, code: 'no-permission', says: [device, 'reading'] } as const;
    await expectFailure(['fsck', device], failure, NOBODY);
  });

  test.each([
    [['--nonsense', '/dev/null'], '--nonsense'],
    [[], 'TARGET'],
    [['/dev/null', '/dev/zero'], '/dev/zero'],
  ])('usage: fsck %j', async (args, says) => {
    await expectFailure(['fsck', ...args], { status: 16, code: 'usage', says: [says], hint: '--help' });
  });
});

describe('what is no file system', () => {
  test.each([0, 1, 199, 2 * MIB])('a file of %d bytes', async (bytes) => {
    const device = put(scratch.path('device.img'), '');
    truncateSync(device, bytes);
    const run = await famfs(['fsck', device]);
    expect(run).toMatchObject({ status: 4, stderr: '' });
    expect(run.stdout).toMatch(/^error sb-magic: /);
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-magic']);
  });

  test('a text', async () => {
    const device = put(scratch.path('device.img'), 'text '.repeat(1000));
    const report = await fsck(device, 4);
    expect(codesOf(report.findings)).toContain('sb-magic');
    expect(report).not.toHaveProperty('uuid');
    expect(report).not.toHaveProperty('contents');
  });

  test('--kill leaves none', async () => {
    const device = await scratch.makeDevice('4g');
    await famfsOk(['mkfs', '--kill', '--force', device]);
    expect(codesOf((await fsck(device, 4)).findings)).toEqual(['sb-magic']);
  });
});

describe('signals and output', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s is status 32', async (signal) => {
    const device = fullOfErrors(GIB);
    const { child, done } = start(['fsck', device]);
    await whenOpen(child, device);
    child.kill(signal);
    const run = await done;
    expect(run).toMatchObject({ status: 32, signal: null, stdout: '' });
    expect(run.stderr).toMatch(/^famfs: .*device\.img: interrupted at entry \d+ of 1973790\n$/);
  });

  test.each(['', '--json'])('a reader that goes away is no error of ours: %s', async (flag) => {
    const device = fullOfErrors();
    const run = await shell(`$FAMFS fsck ${flag} ${device} | head -1; echo "status \${PIPESTATUS[0]}"`);
    expect(run.stderr).toBe('');
    expect(run.stdout).toMatch(/^.*\nstatus 141\n$/);
  });

  test('all of a long output arrives in a pipe', async () => {
    const device = fullOfErrors();
    const run = await famfs(['fsck', '--quiet', device]);
    expect(run.status).toBe(4);
    expect(run.stdout.split('\n')).toHaveLength(15_421);
    expect((await fsck(device, 4)).findings).toHaveLength(15_420);
  });

  test('control characters of paths do not reach the terminal', async () => {
    const run = await famfs(['fsck', damagedDevice(scratch, 'file path "new\\nline\\u001b[31m"')]);
    expect(run.stdout).toContain('path-control');
    expectNoTrace(run.stdout);
  });

  test('no colours in a pipe', async () => {
    const { stdout } = await famfs(['fsck', damagedDevice(scratch, 'log magic')]);
    expect(stdout).not.toContain(ESCAPE);
  });

  test('colours with FORCE_COLOR, on both streams', async () => {
    const env = { FORCE_COLOR: '1' };
    expect((await famfs(['fsck', damagedDevice(scratch, 'log magic')], { env })).stdout).toContain(ESCAPE);
    expect((await famfs(['fsck', scratch.path('missing')], { env })).stderr).toContain(ESCAPE);
  });

  test.each([{ FORCE_COLOR: '0' }, { NO_COLOR: '1' }, { FORCE_COLOR: '0', NO_COLOR: '1' }])(
    'no colours with %j',
    async (env) => {
      const device = damagedDevice(scratch, 'log magic');
      const run = await shell(`script -qec "$FAMFS fsck ${device}" /dev/null`, {
        env: { TERM: 'xterm', ...env },
      });
      expect(run.stdout).toContain('log-magic');
      expect(run.stdout).not.toContain(ESCAPE);
    },
  );

  test('colours on a terminal', async () => {
    const device = damagedDevice(scratch, 'log magic');
    const run = await shell(`script -qec "$FAMFS fsck ${device}" /dev/null`, { env: { TERM: 'xterm' } });
    expect(run.stdout).toContain(ESCAPE);
  });

  test('JSON is never coloured', async () => {
    const run = await famfs(['fsck', '--json', damagedDevice(scratch, 'log magic')], {
      env: { FORCE_COLOR: '1' },
    });
    expect(run.stdout).not.toContain(ESCAPE);
    expect(run.json()).toMatchObject({ errors: expect.any(Number) });
  });
});
