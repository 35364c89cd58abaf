import fc from 'fast-check';
import { pathBytes, pathText, shownBytes, shownLine, shownLines, shownText } from '../../src/path-bytes';

test('bytes to text and back is the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (array) => {
      const bytes = Buffer.from(array);
      expect(pathBytes(pathText(bytes))).toEqual(bytes);
      expect(shownText(pathText(bytes))).toBe(shownBytes(bytes));
    }),
  );
});

test('UTF-8 is what it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(pathText(Buffer.from(text))).toBe(text);
      expect(pathBytes(text)).toEqual(Buffer.from(text));
      expect(shownText(text)).toBe(text);
    }),
  );
});

test('what is no UTF-8 is shown in hexadecimal', () => {
  expect(shownBytes(Buffer.from('ü\xff\xc3', 'latin1'))).toBe('\\xfc\\xff\\xc3');
  expect(shownText(pathText(Buffer.from([0xc3, 0xbc, 0xff])))).toBe('ü\\xff');
});

test('what a terminal would act on is shown in hexadecimal', () => {
  const text = 'a\x1b[2J\x07\tb\n\x9b1m\x1b[31mred\x1b[0m';
  expect(shownLine(text)).toBe('a\\x1b[2J\\x07\\x09b\\x0a\\x9b1m\\x1b[31mred\\x1b[0m');
  expect(shownLines(text)).toBe('a\\x1b[2J\\x07\tb\n\\x9b1m\x1b[31mred\x1b[0m');
});
