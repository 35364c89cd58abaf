import { MIB } from '../../../src/log/layout';
import { DecodeFuzzer, judgeMedia, ReplayFuzzer } from '../../support/fuzz-media';
import { file, makeImage, Space, typicalEntries } from '../../support/images';
import { DAMAGED_IMAGES } from '../../support/images-damaged';
import { naiveCheck } from '../../support/naive-check';

/** scripts/fuzz-media makes more of them. */
const DECODED = 20_000;
const REPLAYED = 3_000;

describe('a checker written from the format alone', () => {
  test.each(DAMAGED_IMAGES.map((image) => [image.name, image] as const))(
    'agrees on %s',
    (_name, { make }) => {
      expect(judgeMedia(make().store)).toBeGreaterThan(0);
    },
  );

  test('agrees on sound images', () => {
    for (const allocUnit of [4096, 2 * MIB]) {
      const { store } = makeImage({ allocUnit });
      expect(judgeMedia(store)).toBe(0);
      expect(naiveCheck(store).findings).toEqual([]);
    }
  });

  test('agrees on files that share bytes, of which one lies in the other', () => {
    const space = new Space();
    const map = space.simple(8 * MIB);
    const inside = { kind: 'simple', extents: [{ devindex: 0, offset: 12 * MIB, length: 2 * MIB }] } as const;
    const { store } = makeImage({ entries: [file('a', 1, map), file('b', 1, inside)] });
    expect([...naiveCheck(store).overlapping].sort()).toEqual([0, 1]);
    expect(judgeMedia(store)).toBe(1);
  });

  test('sees all that a typical image shows', () => {
    const { shown } = naiveCheck(makeImage().store);
    expect(shown.size).toBe(typicalEntries().filter(({ type }) => type !== 'add-daxdev').length);
  });
});

test.each([1, 2])('single entries, damaged as chance has it, seed %d', (seed) => {
  const fuzzer = new DecodeFuzzer(seed);
  for (let i = 0; i < DECODED; i++) fuzzer.run(i);
  expect(fuzzer.findings).toBeGreaterThan(DECODED);
});

test.each([1, 2])('whole images, damaged as chance has it, seed %d', (seed) => {
  const fuzzer = new ReplayFuzzer(seed);
  for (let i = 0; i < REPLAYED; i++) fuzzer.run(i);
  expect(fuzzer.findings).toBeGreaterThan(REPLAYED);
});
