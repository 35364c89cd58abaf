import { once } from 'node:events';
import { LOG_ENTRY, MIB } from '../../src/log/layout';
import type { DumpedEntry, LogDumpResult } from '../../src/operations/log-dump';
import { FS_UUID, makeImage, mkdir, setCounters, TYPICAL, writeImage } from '../support/images';
import { famfs, famfsOk, shell, start } from '../support/run';
import { damagedDevice } from '../support/run-device';
import { expectFailure, expectNoTrace, expectQuiet } from '../support/run-expect';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();

function typicalDevice(): string {
  const device = scratch.path('device.img');
  writeImage(device);
  return device;
}

async function dumped(args: readonly string[]): Promise<LogDumpResult> {
  return (await famfsOk(['log', 'dump', '--json', ...args])).json<LogDumpResult>();
}

describe('a sound log', () => {
  test('as text: the header, then a line for each entry', async () => {
    const device = typicalDevice();
    const run = await famfsOk(['log', 'dump', device]);
    expectQuiet(run);
    expect(run.stdout).toContain(`device      ${device}\nUUID        ${FS_UUID}\n`);
    expect(run.stdout).toContain('8.0 MiB, 13 of 15420 entries used, next sequence number 13\n');
    expect(run.stdout).toMatch(/^ +0 {2}file +0644 {2}0:0 +2097152 {2}5\+1 +one-unit$/m);
    expect(run.stdout).toMatch(/^ +4 {2}file .* 7\+1,8\+2 +data\/deep\/two-extents$/m);
    expect(run.stdout).toMatch(/^ +5 {2}file .* \[10\+5,15\+5,20\+5,1 more\]\/1 {2}striped$/m);
    expect(run.stdout).toMatch(/^ +7 {2}file .* 1:32\+2 +data\/remote$/m);
    expect(
      run.stdout
        .trimEnd()
        .split('\n')
        .filter((line) => /^ +\d+ {2}/.test(line)),
    ).toHaveLength(13);
  });

  test('as JSON', async () => {
    const { entries, header } = await dumped([typicalDevice()]);
    expect(header).toMatchObject({ entries: 13, capacity: 15_420, logBytes: 8 * MIB, findings: [] });
    expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: 13 }, (_, index) => index));
    expect(entries.every(({ state }) => state === 'sound')).toBe(true);
    expect(entries[TYPICAL.striped]).toMatchObject({ path: 'striped', map: { kind: 'interleaved' } });
    expect(entries[TYPICAL.addDaxdev]).toMatchObject({ type: 'add-daxdev', devindex: 1 });
  });

  test('as lines of JSON, which hold the same', async () => {
    const device = typicalDevice();
    const { stdout } = await famfsOk(['log', 'dump', '--jsonl', device]);
    const [header, ...entries] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect({ ...header, entries }).toEqual(await dumped([device]));
  });

  test.each([
    [
      ['--from', '3', '--to', '5'],
      [3, 4, 5],
    ],
    [['--from', '12'], [12]],
    [['--to', '0'], [0]],
    [['--from', '13'], []],
  ])('%j', async (flags, indexes) => {
    const { entries } = await dumped([...flags, typicalDevice()]);
    expect(entries.map(({ index }) => index)).toEqual(indexes);
  });

  test('of a mount, by a path in it', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await famfsOk(['mkdir', '--no-sync', '-p', `${mount}/a/b`]);
    const { entries, header } = await dumped([`${mount}/a`]);
    expect(header).toMatchObject({ device, mountedOn: mount });
    expect(entries.map(({ path }) => path)).toEqual(['a', 'a/b']);
  });
});

describe('a damaged log', () => {
  test('shows a corrupt entry with what is wrong, and the others', async () => {
    const device = damagedDevice(scratch, 'sum of the first entry');
    const { entries } = await dumped(['--raw', device]);
    expect(entries).toHaveLength(13);
    expect(entries[0]).toMatchObject({
      state: 'damaged',
      type: 'unknown',
      findings: [{ code: 'entry-crc' }],
    });
    expect(entries[0]?.raw).toHaveLength(2 * LOG_ENTRY.bytes);
    expect(entries[1]).not.toHaveProperty('raw');
    const { stdout } = await famfsOk(['log', 'dump', '--raw', device]);
    expect(stdout).toMatch(/^ +0 {2}unknown {2}\(damaged\)\n +error entry-crc: .*\n +0000 {2}00 00/m);
  });

  test('--quiet shows what is wrong alone', async () => {
    const { stdout } = await famfsOk(['log', 'dump', '-q', damagedDevice(scratch, 'sum of the first entry')]);
    expect(stdout).toMatch(/^ +0 {2}unknown {2}\(damaged\)\n +error entry-crc: [^\n]*\n$/);
  });

  test('an entry without a parent is told as unlinked', async () => {
    const device = scratch.path('device.img');
    writeImage(device, makeImage({ entries: [mkdir('no/parent')] }));
    const { entries } = await dumped([device]);
    expect(entries).toMatchObject([{ state: 'unlinked', findings: [{ code: 'path-no-parent' }] }]);
  });

  test('control characters of paths do not reach the terminal', async () => {
    const device = damagedDevice(scratch, 'file path "new\\nline\\u001b[31m"');
    expectNoTrace((await famfsOk(['log', 'dump', device])).stdout);
  });

  test('without a header there is nothing to show', async () => {
    const device = damagedDevice(scratch, 'log magic');
    await expectFailure(['log', 'dump', device], { status: 1, code: 'bad-log', says: [device] });
  });
});

describe('--follow', () => {
  test('shows entries as they are appended; Ctrl-C is status 130', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    const { child, done } = start(['log', 'dump', '--follow', '--jsonl', device]);
    const shown = new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => chunk.includes('"path":"new"') && resolve());
    });
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    await famfsOk(['mkdir', '--no-sync', `${mount}/new`]);
    await shown;
    child.kill('SIGINT');
    const { status, stderr, stdout } = await done;
    expect({ status, stderr }).toEqual({ status: 130, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as DumpedEntry);
    expect(lines.at(-1)).toMatchObject({ index: 0, path: 'new', state: 'sound' });
  });

  test('ends with the last entry that is wanted', async () => {
    await famfsOk(['log', 'dump', '--follow', '--to', '12', typicalDevice()]);
  });

  test('says so when the log turns invalid', async () => {
    const device = typicalDevice();
    const { child, done } = start(['log', 'dump', '--follow', device]);
    await once(child.stdout as NodeJS.ReadableStream, 'data');
    const image = makeImage();
    setCounters(image, 3);
    writeImage(device, image);
    const { status, stderr } = await done;
    expect(status).toBe(1);
    expect(stderr).toContain('the log turned invalid');
  });
});

test('a reader that goes away is no error of ours', async () => {
  const device = scratch.path('device.img');
  const image = makeImage({ entries: [] });
  setCounters(image, 15_420);
  writeImage(device, image);
  const run = await shell(`$FAMFS log dump ${device} | head -1; echo "status \${PIPESTATUS[0]}"`);
  expect(run).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^device .*\nstatus 141\n$/) });
});

test.each([
  [['--from', '3', '--to', '2'], '--from'],
  [['--from', 'x'], '--from'],
])('usage: %j', async (flags, says) => {
  await expectFailure(['log', 'dump', ...flags, typicalDevice()], { status: 2, code: 'usage', says: [says] });
});

test('what is no file system is refused', async () => {
  expect((await famfs(['log', 'dump', '/dev/null'])).status).toBe(1);
});
