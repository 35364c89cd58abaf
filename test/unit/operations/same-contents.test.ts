import { type FileHandle, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Device } from '../../../src/device/device';
import { openDevice } from '../../../src/device/open';
import { MIB } from '../../../src/log/layout';
import { differsFromFile } from '../../../src/operations/same-contents';
import type { FileMap } from '../../../src/types';
import { noise } from '../../support/run-files';

const SIZE = 3 * MIB + 5;
/** Chunks of 64 KiB in turn on two strips. */
const MAPS: readonly (readonly [string, FileMap])[] = [
  ['in one piece', { kind: 'simple', extents: [{ devindex: 0, offset: 4 * MIB, length: 4 * MIB }] }],
  [
    'interleaved',
    {
      kind: 'interleaved',
      chunkSize: 65_536,
      strips: [
        { devindex: 0, offset: 4 * MIB, length: 2 * MIB },
        { devindex: 0, offset: 8 * MIB, length: 2 * MIB },
      ],
    },
  ],
];
const contents = noise(SIZE);
let directory: string;
let device: Device;
let source: FileHandle;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'famfs-same-'));
  await writeFile(join(directory, 'source'), contents);
  await writeFile(join(directory, 'device'), Buffer.alloc(16 * MIB));
  source = await open(join(directory, 'source'));
  device = openDevice(join(directory, 'device'), { writable: true, noSync: true });
});

afterEach(async () => {
  device.close();
  await source.close();
  await rm(directory, { recursive: true });
});

/** Where on the device the byte at `at` of the file is. */
function placeOf(map: FileMap, at: number): number {
  if (map.kind === 'simple') return (map.extents[0]?.offset ?? 0) + at;
  const chunk = Math.floor(at / map.chunkSize);
  const strip = map.strips[chunk % map.strips.length];
  return (strip?.offset ?? 0) + Math.floor(chunk / map.strips.length) * map.chunkSize + (at % map.chunkSize);
}

function storeAll(map: FileMap): void {
  for (let at = 0; at < SIZE; at += 65_536)
    device.store(placeOf(map, at), contents.subarray(at, at + 65_536));
}

describe.each(MAPS)('a file that lies %s', (_name, map) => {
  test('is the same as its source', async () => {
    storeAll(map);
    expect(await differsFromFile({ at: () => device }, map, SIZE, source.fd)).toBeUndefined();
  });

  test.each([0, 65_535, MIB - 1, MIB, 2 * MIB + 77_777, SIZE - 1])('differs at byte %d', async (at) => {
    storeAll(map);
    device.store(placeOf(map, at), Buffer.of((contents[at] ?? 0) ^ 0x80));
    expect(await differsFromFile({ at: () => device }, map, SIZE, source.fd)).toBe(at);
  });

  test('differs where a shorter source ends', async () => {
    storeAll(map);
    await writeFile(join(directory, 'source'), contents.subarray(0, MIB + 9));
    expect(await differsFromFile({ at: () => device }, map, SIZE, source.fd)).toBe(MIB + 9);
  });
});
