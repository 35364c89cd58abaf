import { Column } from '../../../src/log/column';

test('room for what is known at first is exact', () => {
  const column = new Column(Uint32Array);
  column.reserve(493_463);
  expect(column.values).toHaveLength(493_463);
});

test('room for a few more, again and again, seldom copies', () => {
  const column = new Column(Uint32Array);
  const arrays = new Set<Uint32Array>();
  for (let length = 1000; length <= 2_000_000; length += 1000) {
    column.reserve(length);
    column.set(length - 1, length);
    arrays.add(column.values);
  }
  expect(arrays.size).toBeLessThan(25);
  expect(column.get(999)).toBe(1000);
  expect(column.get(1_999_999)).toBe(2_000_000);
  expect(column.values.length).toBeLessThan(3_000_000);
});
