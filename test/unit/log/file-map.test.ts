import fc from 'fast-check';
import { eachRun, mappedBytes } from '../../../src/log/file-map';
import { type Extent, extentsOf, type FileMap } from '../../../src/types';

interface Run {
  readonly devindex: number;
  readonly offset: number;
  readonly length: number;
}

/** Where each byte of a file is, as "device:offset", one at a time. */
function naiveBytes(map: FileMap): string[] {
  const bytes: string[] = [];
  if (map.kind === 'simple') {
    for (const { devindex, offset, length } of map.extents) {
      for (let i = 0; i < length; i++) bytes.push(`${devindex}:${offset + i}`);
    }
    return bytes;
  }
  for (let at = 0; at < mappedBytes(map); at++) {
    const chunk = Math.floor(at / map.chunkSize);
    const strip = map.strips[chunk % map.strips.length] as Extent;
    const inStrip = Math.floor(chunk / map.strips.length) * map.chunkSize + (at % map.chunkSize);
    bytes.push(`${strip.devindex}:${strip.offset + inStrip}`);
  }
  return bytes;
}

function runsOf(map: FileMap, offset: number, length: number): Run[] {
  const runs: Run[] = [];
  eachRun(map, offset, length, (devindex, at, count) => runs.push({ devindex, offset: at, length: count }));
  return runs;
}

const place = fc.record({ devindex: fc.nat(2), offset: fc.nat(10_000) });
const simple = fc
  .array(fc.tuple(place, fc.integer({ min: 1, max: 40 })), { minLength: 1, maxLength: 16 })
  .map((parts): FileMap => ({ kind: 'simple', extents: parts.map(([at, length]) => ({ ...at, length })) }));
const interleaved = fc
  .tuple(
    fc.constantFrom(1, 2, 4, 8, 16),
    fc.integer({ min: 1, max: 4 }),
    fc.array(place, { minLength: 1, maxLength: 16 }),
  )
  .map(
    ([chunkSize, chunks, places]): FileMap => ({
      kind: 'interleaved',
      chunkSize,
      strips: places.map((at) => ({ ...at, length: chunks * chunkSize })),
    }),
  );

/** A map and a range that lies in it. */
const mapAndRange = fc.oneof(simple, interleaved).chain((map) => {
  const total = mappedBytes(map);
  return fc.tuple(fc.constant(map), fc.nat(total), fc.nat(total)).map(([m, a, b]) => {
    return { map: m, offset: Math.min(a, b), length: Math.abs(a - b) };
  });
});

test('runs name the same bytes, in the same order, as a walk byte by byte', () => {
  fc.assert(
    fc.property(mapAndRange, ({ map, offset, length }) => {
      const runs = runsOf(map, offset, length);
      const bytes = runs.flatMap((run) =>
        Array.from({ length: run.length }, (_, i) => `${run.devindex}:${run.offset + i}`),
      );
      expect(bytes).toEqual(naiveBytes(map).slice(offset, offset + length));
      expect(runs.every((run) => run.length > 0)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('no run of a simple map crosses its extent, and no other is cut', () => {
  const extents = [
    { devindex: 0, offset: 100, length: 10 },
    { devindex: 1, offset: 300, length: 20 },
    { devindex: 0, offset: 200, length: 10 },
  ];
  const map: FileMap = { kind: 'simple', extents };
  expect(runsOf(map, 0, 40)).toEqual(extents);
  expect(runsOf(map, 5, 30)).toEqual([
    { devindex: 0, offset: 105, length: 5 },
    { devindex: 1, offset: 300, length: 20 },
    { devindex: 0, offset: 200, length: 5 },
  ]);
  expect(runsOf(map, 10, 20)).toEqual([{ devindex: 1, offset: 300, length: 20 }]);
  expect(runsOf(map, 40, 0)).toEqual([]);
});

test('offsets beyond 2^32 stay exact', () => {
  const strips = [0, 1].map((i) => ({ devindex: 0, offset: (i + 1) * 2 ** 44, length: 2 ** 43 }));
  const map: FileMap = { kind: 'interleaved', chunkSize: 2 ** 21, strips };
  expect(runsOf(map, 2 ** 43 + 2 ** 21 + 7, 9)).toEqual([
    { devindex: 0, offset: 2 ** 45 + 2 ** 42 + 7, length: 9 },
  ]);
});

test('mappedBytes is the sum of what is mapped', () => {
  fc.assert(
    fc.property(fc.oneof(simple, interleaved), (map) => {
      expect(mappedBytes(map)).toBe(naiveBytes(map).length);
      expect(extentsOf(map)).toBe(map.kind === 'simple' ? map.extents : map.strips);
    }),
  );
});
