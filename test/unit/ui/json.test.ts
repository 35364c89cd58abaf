import fc from 'fast-check';
import { jsonDocument } from '../../../src/ui/json';

test('jsonDocument is read as the document it stands for', () => {
  const head = fc.dictionary(
    fc.string().filter((key) => key !== 'list' && key !== '__proto__'),
    fc.jsonValue({ noUnicodeString: false }),
  );
  fc.assert(
    fc.property(head, fc.array(fc.jsonValue()), (properties, list) => {
      const text = [...jsonDocument(properties, 'list', list)].join('\n');
      const plain = JSON.parse(JSON.stringify({ ...properties, list }));
      expect(JSON.parse(text)).toEqual(plain);
    }),
  );
});

test('jsonDocument has a line for each item', () => {
  const text = [...jsonDocument({ a: { b: 1 } }, 'list', [{ c: 1 }, { c: 2 }])].join('\n');
  expect(text).toBe('{\n  "a": {\n    "b": 1\n  },\n  "list": [\n    {"c":1},\n    {"c":2}\n  ]\n}');
});
