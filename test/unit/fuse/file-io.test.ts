import fc from 'fast-check';
import { DEFAULT_LOG_LENGTH, LOG_OFFSET } from '../../../src/log/layout';
import type { FileMap } from '../../../src/types';
import { FuseImages, inoOf, locate } from '../../support/fuse-image';
import { KERNEL_OP, readIn, writeIn } from '../../support/fuse-structs';
import { file, Space } from '../../support/images';
import { readRange } from '../../support/run-device';

const images = new FuseImages();
const UNIT = 4096;
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
