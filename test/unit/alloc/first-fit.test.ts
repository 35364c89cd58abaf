import fc from 'fast-check';
import { Allocator } from '../../../src/alloc/allocator';
import { type Extent, extentsOf, type FileMap } from '../../../src/types';

const UNIT = 4096;
const UNITS = 120;
const RESERVED_UNITS = 2;

interface Model {
  /** By unit: whether it is in use. */
  readonly used: boolean[];
  readonly maps: FileMap[];
}

type Command = fc.Command<Model, Allocator>;

function fill(model: Model, extent: Extent, value: boolean): void {
  model.used.fill(value, extent.offset / UNIT, (extent.offset + extent.length) / UNIT);
}

function lowestFree(used: readonly boolean[], count: number): number | undefined {
  for (let first = 0; first + count <= used.length; first += 1) {
    if (used.slice(first, first + count).every((bit) => !bit)) return first;
  }
  return undefined;
}

function expectSameUse(model: Model, allocator: Allocator): void {
  expect(allocator.stats().usedUnits).toBe(model.used.filter(Boolean).length);
}

const take = fc.integer({ min: 1, max: 12 }).map(
  (units): Command => ({
    check: () => true,
    run(model, allocator) {
      const expected = lowestFree(model.used, units);
      const map = allocator.allocate(units * UNIT - 1, undefined, Math.random);
      const [extent] = map === undefined ? [] : extentsOf(map);
      expect(extent?.offset).toBe(expected === undefined ? undefined : expected * UNIT);
      if (map === undefined || extent === undefined) return;
      expect(extent.length).toBe(units * UNIT);
      fill(model, extent, true);
      model.maps.push(map);
      expectSameUse(model, allocator);
    },
    toString: () => `take(${units})`,
  }),
);

const release = fc.nat().map(
  (pick): Command => ({
    check: (model) => model.maps.length > 0,
    run(model, allocator) {
      const [map] = model.maps.splice(pick % model.maps.length, 1);
      if (map === undefined) throw new Error('the model has no such map');
      allocator.release(map);
      for (const extent of extentsOf(map)) fill(model, extent, false);
      expectSameUse(model, allocator);
    },
    toString: () => `release(${pick})`,
  }),
);

const reserve = fc.tuple(fc.nat(UNITS - 4), fc.integer({ min: 1, max: 4 })).map(
  ([first, count]): Command => ({
    check: ({ used }) => !used.slice(first, first + count).includes(true),
    run(model, allocator) {
      const extent = { devindex: 0, offset: first * UNIT, length: count * UNIT };
      expect(allocator.reserve(extent)).toBe(0);
      fill(model, extent, true);
      expectSameUse(model, allocator);
    },
    toString: () => `reserve(${first}, ${count})`,
  }),
);

test('a file always gets the lowest run that fits, whatever came before', () => {
  const steps = fc.commands([take, take, take, release, reserve], { maxCommands: 80 });
  const setup = () => ({
    model: {
      used: Array.from({ length: UNITS }, (_, index) => index < RESERVED_UNITS),
      maps: [],
    },
    real: new Allocator({
      devindex: 0,
      deviceBytes: UNITS * UNIT + 100,
      allocUnit: UNIT,
      reservedBytes: RESERVED_UNITS * UNIT,
    }),
  });
  fc.assert(
    fc.property(steps, (commands) => fc.modelRun(setup, commands)),
    { numRuns: 1000 },
  );
});
