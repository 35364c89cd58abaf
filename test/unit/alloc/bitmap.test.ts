import fc from 'fast-check';
import { Bitmap, MAX_UNITS } from '../../../src/alloc/bitmap';

const MAX_TEST_UNITS = 200;

/** The bitmap as an array of booleans, with every question answered the slow and obvious way. */
class Model {
  readonly used: boolean[];

  constructor(units: number) {
    this.used = new Array<boolean>(units).fill(false);
  }

  set(first: number, count: number, value: boolean): number {
    const already = this.used.slice(first, first + count).filter((bit) => bit === value).length;
    this.used.fill(value, first, first + count);
    return already;
  }

  firstFit(count: number, from: number, end: number): number {
    for (let first = from; first + count <= end; first += 1) {
      if (this.used.slice(first, first + count).every((bit) => !bit)) return first;
    }
    return -1;
  }

  freeRuns(from: number, end: number): { first: number; count: number }[] {
    const runs: { first: number; count: number }[] = [];
    for (let first = from; first < end; first += 1) {
      if (this.used[first]) continue;
      let count = 1;
      while (first + count < end && !this.used[first + count]) count += 1;
      runs.push({ first, count });
      first += count;
    }
    return runs;
  }
}

interface Step {
  readonly mark: boolean;
  readonly first: number;
  readonly count: number;
}

const run = (units: number) =>
  fc.tuple(fc.nat(units), fc.nat(units)).map(([a, b]) => ({ first: Math.min(a, b), count: Math.abs(a - b) }));

const history = fc.integer({ min: 0, max: MAX_TEST_UNITS }).chain((units) =>
  fc.record({
    units: fc.constant(units),
    steps: fc.array(
      fc.tuple(fc.boolean(), run(units)).map(([mark, part]): Step => ({ mark, ...part })),
      { maxLength: 20 },
    ),
    range: run(units),
    count: fc.integer({ min: 1, max: 70 }),
  }),
);

function replay(units: number, steps: readonly Step[]): { bitmap: Bitmap; model: Model } {
  const bitmap = new Bitmap(units);
  const model = new Model(units);
  for (const { mark, first, count } of steps) {
    const already = mark ? bitmap.mark(first, count) : bitmap.clear(first, count);
    expect(already).toBe(model.set(first, count, mark));
  }
  return { bitmap, model };
}

describe('Bitmap', () => {
  test('agrees with the model after any history', () => {
    fc.assert(
      fc.property(history, ({ units, steps, range, count }) => {
        const { bitmap, model } = replay(units, steps);
        const end = range.first + range.count;
        expect(model.used.map((_, index) => bitmap.isSet(index))).toEqual(model.used);
        expect(bitmap.used).toBe(model.used.filter(Boolean).length);
        expect(bitmap.free).toBe(units - bitmap.used);
        expect(bitmap.firstFit(count, range.first, end)).toBe(model.firstFit(count, range.first, end));
        expect(bitmap.firstFit(count)).toBe(model.firstFit(count, 0, units));
        expect([...bitmap.freeRuns(range.first, end)]).toEqual(model.freeRuns(range.first, end));
        const runs = model.freeRuns(0, units).map((free) => free.count);
        expect(bitmap.largestFree()).toBe(Math.max(0, ...runs));
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['before the start', -1, 1],
    ['past the end', 99, 2],
    ['of negative length', 10, -1],
    ['of half a unit', 1.5, 1],
    ['of no number', Number.NaN, 1],
  ])('refuses a run %s and changes nothing', (_, first, count) => {
    const bitmap = new Bitmap(100);
    expect(() => bitmap.mark(first, count)).toThrow(RangeError);
    expect(() => bitmap.clear(first, count)).toThrow(RangeError);
    expect(() => bitmap.firstFit(1, first, first + count)).toThrow(RangeError);
    expect(bitmap.used).toBe(0);
  });

  test('refuses sizes that are no sizes', () => {
    for (const units of [-1, 0.5, Number.NaN, MAX_UNITS + 1]) {
      expect(() => new Bitmap(units)).toThrow(RangeError);
    }
    for (const count of [0, -1, 0.5]) expect(() => new Bitmap(10).firstFit(count)).toThrow(RangeError);
    expect(() => new Bitmap(100).isSet(100)).toThrow(RangeError);
  });
});
