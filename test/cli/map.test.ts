import { readFileSync, renameSync, statSync } from 'node:fs';
import { MIB } from '../../src/log/layout';
import type { DeviceMap } from '../../src/operations/device-map';
import {
  addDaxdev,
  file,
  GIB,
  makeImage,
  mkdir,
  Space,
  TYPICAL,
  typicalEntries,
  writeImage,
} from '../support/images';
import { famfs, famfsOk, shell } from '../support/run';
import { damagedDevice } from '../support/run-device';
import { FILLED, filledDevices } from '../support/run-devices';
import { expectFailure, expectNoTrace, expectQuiet, fsck } from '../support/run-expect';
import { filesBelow } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';

const scratch = scratchEach();
const HOSTILE = '</script><svg onload=alert(1)>&"\'';

function deviceWith(entries: Parameters<typeof makeImage>[0] & object): string {
  const device = scratch.path('device.img');
  writeImage(device, makeImage(entries));
  return device;
}

const mapOf = async (target: string) => (await famfsOk(['map', '--json', target])).json<DeviceMap>();

/** Checks that the runs of each device follow each other from its first byte to its last. */
function expectCovered({ devices }: DeviceMap): void {
  for (const { runs, size } of devices) {
    let at = 0;
    for (const { length, offset } of runs) {
      expect(offset).toBe(at);
      at += length;
    }
    expect(at).toBe(size);
  }
}

function crossLinked(): string {
  const extents = [{ devindex: 0, offset: 100 * MIB, length: 4 * MIB }];
  const inside = [{ devindex: 0, offset: 102 * MIB, length: 4 * MIB }];
  const entries = [
    file('one', 4 * MIB, { kind: 'simple', extents }),
    file('two', 4 * MIB, { kind: 'simple', extents: inside }),
  ];
  return deviceWith({ entries });
}

describe('--json', () => {
  test('the runs cover the device from its first byte to its last', async () => {
    const entries = typicalEntries().with(TYPICAL.addDaxdev, addDaxdev(1, 8 * GIB, crypto.randomUUID()));
    const map = await mapOf(deviceWith({ entries }));
    expectCovered(map);
    const runs = map.devices[0]?.runs ?? [];
    expect(runs.slice(0, 3).map(({ kind }) => kind)).toEqual(['superblock', 'log', 'file']);
    expect(map.problems).toMatchObject([{ code: 'dev-missing' }]);
    const striped = map.files.find(({ path }) => path === 'striped');
    expect(striped).toMatchObject({ parts: 4, interleaved: true, bytes: 40 * MIB });
    const strips = runs.filter(({ entry }) => entry === striped?.entry);
    expect(strips.map(({ part }) => part)).toEqual([0, 1, 2, 3]);
  });

  test('shared space is a run of its own, and a problem', async () => {
    const { devices, problems } = await mapOf(crossLinked());
    expect(devices[0]?.runs.slice(3, 6)).toEqual([
      { kind: 'file', offset: 100 * MIB, length: 2 * MIB, entry: 0, part: 0 },
      { kind: 'shared', offset: 102 * MIB, length: 2 * MIB, entry: 0, part: 0 },
      { kind: 'file', offset: 104 * MIB, length: 2 * MIB, entry: 1, part: 0 },
    ]);
    expect(problems).toMatchObject([{ code: 'ext-overlap', path: 'two' }]);
  });

  test('room is what fsck tells of, whatever the size and if space is shared', async () => {
    const odd = scratch.path('odd.img');
    writeImage(odd, makeImage({ deviceSize: 4 * GIB + 3 * 4096 }));
    for (const [device, status] of [
      [odd, 0],
      [crossLinked(), 4],
    ] as const) {
      const map = await mapOf(device);
      expectCovered(map);
      expect(map.devices[0]?.space).toEqual((await fsck(device, status)).contents?.space.devices[0]);
    }
  });

  test('extents out of bounds are told', async () => {
    const extents = [{ devindex: 0, offset: 4 * GIB, length: 2 * MIB }];
    const device = deviceWith({ entries: [file('out', 2 * MIB, { kind: 'simple', extents })] });
    expect((await mapOf(device)).problems).toMatchObject([{ code: 'ext-beyond-device', path: 'out' }]);
    expect((await famfsOk(['map', device])).stdout).toContain('error ext-beyond-device: entry 0 "out"');
  });

  test('of a mount', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await famfsOk(['creat', '--no-sync', '-s', '6m', `${mount}/a`]);
    const map = await mapOf(mount);
    expect(map).toMatchObject({ device, mountedOn: mount, files: [{ path: 'a', bytes: 6 * MIB, parts: 1 }] });
  });
});

describe('in the terminal', () => {
  test('rows of cells, a legend and a summary, in 80 columns', async () => {
    const entries = typicalEntries().filter((_entry, index) => {
      return index !== TYPICAL.addDaxdev && index !== TYPICAL.remoteFile;
    });
    const run = await famfsOk(['map', deviceWith({ entries })]);
    expectQuiet(run);
    expect(run.stdout).toMatch(/^ +0 B {2}SLLg/m);
    expect(run.stdout).toMatch(/^a +50\.0 MiB {2}1 extent +big$/m);
    expect(run.stdout).toMatch(/^used .* of 4\.0 GiB, 9 files\nfree .* in 1 fragment, the largest /m);
    expect(run.stdout).not.toContain('device 0');
    for (const line of run.stdout.split('\n').slice(1)) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('--width', async () => {
    const { stdout } = await famfsOk(['map', '--width', '40', deviceWith({})]);
    for (const line of stdout.split('\n'))
      if (/ B {2}/.test(line)) expect(line.length).toBeLessThanOrEqual(40);
    await expectFailure(['map', '--width', '3', scratch.path('device.img')], {
      status: 2,
      code: 'usage',
      says: ['--width'],
    });
  });

  test('shared space shows', async () => {
    expect((await famfsOk(['map', crossLinked()])).stdout).toMatch(/ {2}[.]*S?L*[.a-z]*!/);
  });

  test('colours by file where they are wanted, none in a pipe', async () => {
    const device = deviceWith({});
    expect((await famfsOk(['map', device])).stdout).not.toContain('\u001b[');
    expect((await famfsOk(['map', device], { env: { FORCE_COLOR: '1' } })).stdout).toContain('\u001b[4');
  });

  test('control characters of paths do not reach the terminal', async () => {
    expectNoTrace(
      (await famfsOk(['map', damagedDevice(scratch, 'file path "new\\nline\\u001b[31m"')])).stdout,
    );
  });
});

describe('of several devices', () => {
  let paths: [string, string, string];

  beforeEach(async () => {
    paths = await filledDevices(scratch);
  });

  test('what lies where on each, with the room that fsck tells of', async () => {
    const map = await mapOf(paths[0]);
    expectCovered(map);
    expect(map.devices.map(({ index, path, size }) => [index, path, size])).toEqual(
      paths.map((path, index) => [index, path, 4 * GIB]),
    );
    const { devices, ...space } = (await fsck(paths[0], 0)).contents?.space ?? { devices: [] };
    expect(map.devices.map((device) => device.space)).toEqual(devices);
    expect(map.space).toEqual(space);
    const striped = map.files.find(({ path }) => path === 'striped');
    expect(striped).toMatchObject({ parts: 3, interleaved: true, bytes: FILLED.striped * MIB });
    const parts = map.devices.map(({ runs }) => runs.filter(({ entry }) => entry === striped?.entry));
    expect(parts.map((runs) => runs.map(({ length }) => length))).toEqual([[8 * MIB], [8 * MIB], [8 * MIB]]);
    expect(
      parts
        .flat()
        .map(({ part }) => part)
        .sort(),
    ).toEqual([0, 1, 2]);
  });

  test('a picture of each with a heading, in 80 columns', async () => {
    const run = await famfsOk(['map', paths[0]]);
    expectQuiet(run);
    const lines = run.stdout.split('\n');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.startsWith('device '))).toHaveLength(3);
    expect(run.stdout).toMatch(/^ +0 B {2}SLLa/m);
    expect(run.stdout.match(/^ +0 B {2}S[a-d]/gm)).toHaveLength(2);
    expect(run.stdout.match(/^used .* of 4\.0 GiB$/gm)).toHaveLength(3);
    expect(run.stdout).toMatch(
      /^used 98\.0 MiB of 12\.0 GiB on 3 devices, 4 files\nfree 11\.9 GiB in 3 fragm/m,
    );
  });

  test('a missing one is drawn by what the log says, and told', async () => {
    const whole = await mapOf(paths[0]);
    renameSync(paths[1], `${paths[1]}.moved`);
    const map = await mapOf(paths[0]);
    expect(map.devices[1]).toMatchObject({ index: 1, trouble: 'missing', runs: whole.devices[1]?.runs });
    expect(map.devices[1]).not.toHaveProperty('path');
    expect(map.files).toEqual(whole.files);
    expect(map.space.totalUnits).toBe((8 * GIB) / (2 * MIB));
    expect(map.problems).toMatchObject([{ code: 'dev-missing', severity: 'warning' }]);
    const { stdout } = await famfsOk(['map', '--svg', scratch.path('x'), '--html', '-', paths[0]]);
    expect(stdout).toContain('<p>device 1: missing: 4.0 GiB');
    expect(stdout).toContain('>1 problem</summary>');
    expect(readFileSync(scratch.path('x'), 'utf8')).toContain('>device 1: missing: 4.0 GiB; used');
    const text = (await famfsOk(['map', paths[0]])).stdout;
    expect(text).toMatch(/^device 1: missing: 4\.0 GiB; a cell is/m);
    expect(text).toMatch(/^warning dev-missing: device 1 .* is not found on this host$/m);
    expect((await famfsOk(['map', '--device', `${paths[1]}.moved`, paths[0]])).stdout).not.toContain(
      'missing',
    );
  });

  test('one that is missing may have any size', async () => {
    const size = 2 ** 53 - 2 * MIB;
    const device = deviceWith({ entries: [addDaxdev(1, size, crypto.randomUUID())] });
    const { devices, space } = await mapOf(device);
    expect(devices[1]).toMatchObject({ size, space: { totalUnits: size / (2 * MIB), freeRuns: 1 } });
    expect(space.totalUnits).toBe(2048);
    expect((await famfsOk(['map', device])).stdout).toContain(
      'device 1: missing: 8.0 PiB; a cell is 6.4 TiB',
    );
  });

  test('SVG pictures lie one below the other', async () => {
    const { stdout } = await famfsOk(['map', '--svg', '-', paths[0]]);
    const [, height = ''] = /<svg [^>]* height="(\d+)"/.exec(stdout) ?? [];
    const heads = [...stdout.matchAll(/<text [^>]*y="(\d+)"[^>]*>device (\d): /g)];
    expect(heads.map(([, y, index]) => [Number(y), Number(index)])).toEqual([
      [20, 0],
      [20 + Number(height) / 3, 1],
      [20 + (2 * Number(height)) / 3, 2],
    ]);
    const last = [...stdout.matchAll(/<rect x="\d+" y="(\d+)"/g)].map(([, y]) => Number(y));
    expect(Math.max(...last)).toBeGreaterThan((2 * Number(height)) / 3);
    expect(Math.max(...last)).toBeLessThan(Number(height));
    expect(stdout.match(/<title>striped, from /g)).toHaveLength(3);
  });
});

describe('files', () => {
  test('an SVG that is XML, whatever files are called', async () => {
    const space = new Space();
    const device = deviceWith({
      entries: [mkdir('<'), file('</script><svg onload=alert(1)>&"\'', 2 * MIB, space.simple(2 * MIB))],
    });
    const svg = scratch.path('map.svg');
    await famfsOk(['map', '--svg', svg, '--html', scratch.path('map.html'), device]);
    const script =
      'import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); print(d.getElementsByTagName("title")[2].firstChild.data)';
    expect((await shell(`python3 -c '${script}' ${svg}`)).stdout).toContain(HOSTILE);
    expect(filesBelow(scratch.root)).toEqual(['device.img', 'map.html', 'map.svg']);
    const html = readFileSync(scratch.path('map.html'), 'utf8');
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    expect(html).not.toContain('onload=alert(1)>');
  });

  test('- is standard output', async () => {
    const { stdout } = await famfsOk(['map', '--svg', '-', deviceWith({})]);
    expect(stdout).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  test('standard output is for one thing', async () => {
    expect(await famfs(['map', '--svg', '-', '--html', '-', deviceWith({})])).toMatchObject({ status: 2 });
    expect(await famfs(['map', '--json', '--svg', '-', deviceWith({})])).toMatchObject({ status: 2 });
  });

  test.each([
    ['a device', 'mknod %s c 1 3'],
    ['a link to one', 'ln -s /dev/null %s'],
  ])('%s is not replaced by a file', async (_what, make) => {
    const svg = scratch.path('special');
    await shell(make.replace('%s', svg));
    const failure = {
      status: 1,
      code: 'exists',
      says: [`${svg}: exists and is not a regular file`],
    } as const;
    await expectFailure(['map', '--svg', svg, deviceWith({})], failure);
    expect(statSync(svg).isCharacterDevice()).toBe(true);
  });

  test('a file that cannot be written is told by name', async () => {
    const svg = scratch.path('missing/map.svg');
    await expectFailure(['map', '--svg', svg, deviceWith({})], {
      status: 1,
      code: 'source',
      says: [svg, 'ENOENT'],
    });
  });
});
