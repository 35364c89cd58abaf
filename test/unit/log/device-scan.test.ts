import { DeviceScan } from '../../../src/log/device-scan';
import type { LogEntry } from '../../../src/log/entry';
import { BLOCK_ENTRIES } from '../../../src/log/entry-blocks';
import { ADD_DAXDEV_BODY } from '../../../src/log/layout';
import { Replay } from '../../../src/log/replay';
import { decodeSuperblock } from '../../../src/log/superblock';
import {
  addDaxdev,
  damage,
  entryField,
  GIB,
  type Image,
  makeImage,
  mkdir,
  setCounters,
} from '../../support/images';

const superblockOf = ({ store }: Image) => decodeSuperblock(store.read(0, 4096));
const uuid = (n: number) => `e81f4c26-7a3b-4d90-8c57-${String(n).padStart(12, '0')}`;

/** Directories enough for several blocks, with devices among them: first, last, and about the seams of blocks. */
function entries(): LogEntry[] {
  const places = [0, BLOCK_ENTRIES - 1, BLOCK_ENTRIES, 2 * BLOCK_ENTRIES + 7];
  return Array.from({ length: 2 * BLOCK_ENTRIES + 8 }, (_, i) => {
    const at = places.indexOf(i);
    return at === -1 ? mkdir(`d${i}`) : addDaxdev(at + 1, (at + 1) * GIB, uuid(at));
  });
}

function devicesOf(image: Image, steps: readonly number[] = []) {
  const superblock = superblockOf(image);
  const scan = new DeviceScan(image.store, superblock);
  for (const end of steps) scan.to(end);
  scan.toEnd();
  const replay = new Replay(image.store, superblock, () => {});
  replay.to(image.entryCount);
  expect(scan.devices).toEqual(replay.devices);
  return scan.devices;
}

test('finds the devices that a replay finds, in one go or in steps', () => {
  const image = makeImage({ entries: entries() });
  for (const steps of [[], [1, 1, 480, 481, 482, 500], [0, 962]]) {
    expect(devicesOf(image, steps).slice(1)).toEqual(
      [1, 2, 3, 4].map((n) => ({ uuid: uuid(n - 1), size: n * GIB })),
    );
  }
});

test('the devices are one list, which grows', () => {
  const image = makeImage({ entries: entries() });
  const scan = new DeviceScan(image.store, superblockOf(image));
  const { devices } = scan;
  expect(devices).toHaveLength(1);
  scan.to(1);
  expect(devices).toHaveLength(2);
  scan.toEnd();
  expect(devices).toHaveLength(5);
});

test('counters that count more than the log holds are not followed beyond it', () => {
  const image = makeImage({ entries: [addDaxdev(1, GIB, uuid(1))] });
  setCounters(image, 2 ** 40);
  const scan = new DeviceScan(image.store, superblockOf(image));
  scan.toEnd();
  expect(scan.devices).toHaveLength(2);
});

test('entries beyond the counters add no device', () => {
  const image = makeImage({ entries: [addDaxdev(1, GIB, uuid(1)), addDaxdev(2, GIB, uuid(2))] });
  setCounters(image, 1);
  const scan = new DeviceScan(image.store, superblockOf(image));
  scan.toEnd();
  expect(scan.devices).toHaveLength(2);
});

test('an entry that is damaged, or breaks a rule, adds none', () => {
  for (const reseal of [true, false]) {
    const image = makeImage({ entries: [addDaxdev(1, GIB, uuid(1)), addDaxdev(2, GIB, uuid(2))] });
    damage(image, entryField(0, ADD_DAXDEV_BODY, 'index'), 7, { reseal });
    expect(devicesOf(image)).toHaveLength(1);
  }
});
