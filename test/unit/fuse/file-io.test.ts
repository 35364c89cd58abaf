import { truncateSync } from 'node:fs';
import { constants } from 'node:os';
import fc from 'fast-check';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET, MIB } from '../../../src/log/layout';
import { type Extent, extentsOf, type FileMap } from '../../../src/types';
import { FuseImages, inoOf, locate } from '../../support/fuse-image';
import { KERNEL_OP, readIn, writeIn } from '../../support/fuse-structs';
import { addDaxdev, file, Space } from '../../support/images';
import { readRange } from '../../support/run-device';

const images = new FuseImages();
const { EIO } = constants.errno;
const UNIT = 4096;
const FAR = 2 ** 40;
const DATA = LOG_OFFSET + DEFAULT_LOG_LENGTH;
const DEVICE_SIZE = DATA + 400 * UNIT;

/** Files of all shapes on one small device; sizes in bytes. */
function files(): { map: FileMap; size: number }[] {
  const space = new Space({ allocUnit: UNIT });
  return [
    { size: 1, map: space.simple(1) },
    { size: 3 * UNIT, map: space.simple(3 * UNIT) },
    { size: 6 * UNIT - 7, map: space.simple(UNIT, 2 * UNIT, UNIT, 2 * UNIT) },
    { size: 20 * UNIT - 100, map: space.interleaved(20 * UNIT, 3, UNIT) },
    { size: 33 * UNIT, map: space.interleaved(33 * UNIT, 16, 2 * UNIT) },
    { size: 5 * UNIT + 1, map: space.interleaved(5 * UNIT + 1, 1, 2 * UNIT) },
    { size: 2 * UNIT, map: space.interleaved(2 * UNIT, 2, 4 * UNIT) },
  ];
}

const step = fc.record({
  file: fc.nat(6),
  at: fc.oneof(
    fc.nat(34 * UNIT),
    fc.nat(33).map((unit) => unit * UNIT),
  ),
  length: fc.oneof(fc.nat(20), fc.nat(34 * UNIT)),
  byte: fc.integer({ min: 1, max: 255 }),
  isWrite: fc.boolean(),
});

/** Where byte `at` of a file is, with its device. */
function placeOf(map: FileMap, at: number): { devindex: number; offset: number } {
  let found: { devindex: number; offset: number } | undefined;
  for (const extent of extentsOf(map)) {
    // The byte is in this extent when moving all others does not move it.
    const others = (e: Extent) => (e === extent ? e : { ...e, offset: e.offset + FAR });
    const moved: FileMap =
      map.kind === 'simple'
        ? { ...map, extents: map.extents.map(others) }
        : { ...map, strips: map.strips.map(others) };
    const offset = locate(moved, at);
    if (offset < FAR) found = { devindex: extent.devindex, offset };
  }
  return found as { devindex: number; offset: number };
}

test('reads and writes of all kinds of maps are those of plain bytes, and go where the maps say', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => {
      const shapes = files();
      const entries = shapes.map(({ map, size }, i) => file(`f${i}`, size, map));
      const device = images.device(entries, { allocUnit: UNIT, deviceSize: DEVICE_SIZE });
      const kernel = images.kernel(device);
      const model = shapes.map(({ size }) => Buffer.alloc(size));
      for (const { at, byte, file: index, isWrite, length } of steps) {
        const bytes = model[index] as Buffer;
        if (isWrite) {
          const data = Buffer.alloc(length, byte);
          const reply = kernel.ask(KERNEL_OP.write, inoOf(index), writeIn(BigInt(at), data));
          if (length > 0 && at >= bytes.length) expect(reply.error).toBe(-27);
          else expect(reply.body.readUInt32LE(0)).toBe(data.copy(bytes, at));
        } else {
          const body = kernel.do(KERNEL_OP.read, inoOf(index), readIn(BigInt(at), length));
          expect(body.equals(bytes.subarray(at, at + length))).toBe(true);
        }
      }
      kernel.close();
      const expected = Buffer.alloc(DEVICE_SIZE - DATA);
      shapes.forEach(({ map, size }, i) => {
        for (let at = 0; at < size; at++)
          expected[locate(map, at) - DATA] = (model[i] as Buffer)[at] as number;
      });
      expect(readRange(device, DATA, DEVICE_SIZE - DATA).equals(expected)).toBe(true);
    }),
    { numRuns: 30 },
  );
});

describe('on several devices', () => {
  const SECOND_SIZE = 64 * MIB;
  const on = (devindex: number, unit: number, units: number) => ({
    devindex,
    offset: (devindex === 0 ? DATA : 2 * MIB) + unit * UNIT,
    length: units * UNIT,
  });
  const MAPS: FileMap[] = [
    { kind: 'simple', extents: [on(0, 0, 10)] },
    { kind: 'simple', extents: [on(1, 0, 10)] },
    { kind: 'simple', extents: [on(2, 0, 4), on(0, 20, 4), on(1, 20, 2)] },
    { kind: 'interleaved', chunkSize: UNIT, strips: [on(0, 40, 4), on(1, 40, 4), on(2, 40, 4)] },
  ];
  const SIZE = 10 * UNIT;

  function threeDevices() {
    const uuids = [crypto.randomUUID(), crypto.randomUUID()];
    const paths = uuids.map((uuid) => images.secondary(uuid, SECOND_SIZE));
    const device = images.device(
      [
        ...uuids.map((uuid, i) => addDaxdev(i + 1, SECOND_SIZE, uuid)),
        ...MAPS.map((map, i) => file(`f${i}`, SIZE, map)),
      ],
      { allocUnit: UNIT, deviceSize: DEVICE_SIZE },
    );
    return { paths: [device, ...paths], kernel: images.kernel(device, { devices: paths }) };
  }
  type Three = ReturnType<typeof threeDevices>;

  const inoOfMap = (i: number) => inoOf(i + 2);
  const read = ({ kernel }: Three, i: number, at = 0, length = SIZE) =>
    kernel.ask(KERNEL_OP.read, inoOfMap(i), readIn(BigInt(at), length));
  const write = ({ kernel }: Three, i: number, data: Buffer, at = 0) =>
    kernel.ask(KERNEL_OP.write, inoOfMap(i), writeIn(BigInt(at), data));
  const errors = (call: (i: number) => { error: number }) => MAPS.map((_map, i) => call(i).error);
  const fsync = ({ kernel }: Three, i: number) => kernel.ask(KERNEL_OP.fsync, inoOfMap(i), Buffer.alloc(16));

  test('bytes go where the maps say, and come from there', () => {
    const three = threeDevices();
    MAPS.forEach((map, i) => {
      const data = Buffer.alloc(SIZE, `bytes of ${i}, `);
      expect(write(three, i, data.subarray(7), 7).error).toBe(0);
      data.fill(0, 0, 7);
      expect(read(three, i).body.equals(data)).toBe(true);
      for (let at = 0; at < SIZE; at += UNIT) {
        const { devindex, offset } = placeOf(map, at);
        const there = readRange(three.paths[devindex] as string, offset, UNIT);
        expect(there.equals(data.subarray(at, at + UNIT))).toBe(true);
      }
      expect(fsync(three, i).error).toBe(0);
    });
  });

  test('pages that a device lost, which only the reply finds out, fail that device alone', () => {
    const three = threeDevices();
    expect(errors((i) => read(three, i))).toEqual([0, 0, 0, 0]);
    truncateSync(three.paths[2] as string, MIB);
    expect(errors((i) => read(three, i))).toEqual([0, 0, -EIO, -EIO]);
    expect([0, 1, 2].map((index) => three.kernel.shared.hasFailed(index))).toEqual([false, false, true]);
    expect(errors((i) => write(three, i, Buffer.from('x')))).toEqual([0, 0, -EIO, 0]);
    expect(errors((i) => fsync(three, i))).toEqual([0, 0, -EIO, -EIO]);
    expect(errors((i) => read(three, i, 5 * UNIT, UNIT))).toEqual([0, 0, 0, -EIO]);
  });

  test('pages lost that were never read fail that device alone', () => {
    const three = threeDevices();
    three.kernel.members.at(1);
    truncateSync(three.paths[1] as string, MIB);
    expect(errors((i) => read(three, i))).toEqual([0, -EIO, -EIO, -EIO]);
    expect([0, 1, 2].map((index) => three.kernel.shared.hasFailed(index))).toEqual([false, true, false]);
  });

  test('one that is too short from the beginning is not used', () => {
    const three = threeDevices();
    truncateSync(three.paths[1] as string, MIB);
    expect(errors((i) => read(three, i))).toEqual([0, -EIO, -EIO, -EIO]);
    expect(three.kernel.shared.hasFailed(1)).toBe(false);
    expect(errors((i) => fsync(three, i))).toEqual([0, -EIO, -EIO, -EIO]);
  });

  test('the supervisor notes one that became shorter, once', () => {
    const { kernel, paths } = threeDevices();
    truncateSync(paths[1] as string, MIB);
    for (let i = 0; i < 2; i++) kernel.watch.look();
    expect(kernel.watch.reports().map(({ trouble }) => trouble)).toEqual([null, 'failed', null]);
    expect(kernel.supervisorLogger.lines).toEqual([expect.stringContaining('became shorter')]);
    expect(kernel.shared.deviceFailed).toBe(false);
  });

  test('when the primary fails, all do', () => {
    const three = threeDevices();
    three.kernel.shared.failDevice(0);
    expect(errors((i) => read(three, i))).toEqual([-EIO, -EIO, -EIO, -EIO]);
  });

  test('what cannot be synced at the unmount keeps nothing else from it, and is told', () => {
    const three = threeDevices();
    for (let i = 0; i < MAPS.length; i++) write(three, i, Buffer.from('x'));
    three.kernel.shared.failDevice(1);
    three.kernel.close();
    expect(three.kernel.logger.lines.at(-1)).toBe(
      'error not all that was written is durable: device 1 failed',
    );
  });
});

test('a request of 1 MiB over many strips is one message', () => {
  const space = new Space({ allocUnit: UNIT });
  const entries = [file('striped', 2 ** 21, space.interleaved(2 ** 21, 16, UNIT))];
  const kernel = images.kernel(images.device(entries, { allocUnit: UNIT }));
  const data = Buffer.alloc(2 ** 20, 'striped over many');
  expect(kernel.do(KERNEL_OP.write, inoOf(0), writeIn(12345n, data)).readUInt32LE(0)).toBe(2 ** 20);
  expect(kernel.do(KERNEL_OP.read, inoOf(0), readIn(12345n, 2 ** 20)).equals(data)).toBe(true);
});

test('the files of .meta are the superblock and the log as they are on the device', () => {
  const device = images.device();
  const kernel = images.kernel(device);
  const read = (ino: number) => kernel.do(KERNEL_OP.read, ino, readIn(0n, 2 ** 20));
  expect(read(3).equals(readRange(device, 0, 2 ** 20))).toBe(true);
  expect(read(4).equals(readRange(device, LOG_OFFSET, 2 ** 20))).toBe(true);
});
