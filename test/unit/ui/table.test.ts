import fc from 'fast-check';
import { renderTable } from '../../../src/ui/table';
import { shortenMiddle, widthOf } from '../../../src/ui/text';

describe('renderTable', () => {
  test('aligns columns and leaves no blanks at the ends of lines', () => {
    const rows = [
      ['NAME', 'SIZE', 'KIND'],
      ['a', '10', 'file'],
      ['longer', '2048', ''],
    ];
    expect(renderTable(rows, { align: ['left', 'right'] })).toBe(
      ['NAME    SIZE  KIND', 'a         10  file', 'longer  2048'].join('\n'),
    );
  });

  test('takes wide characters and colour codes for what they are', () => {
    const rows = [
      ['データ', 'x'],
      ['\u001b[31mred\u001b[39m', 'x'],
    ];
    expect(renderTable(rows)).toBe('データ  x\n\u001b[31mred\u001b[39m     x');
  });

  test('a cell stays in its line, and does nothing to a terminal', () => {
    expect(renderTable([['a\n\u001b[2Jb', 'x']])).toBe('a\\x0a\\x1b[2Jb  x');
  });

  test('rows may differ in length, and there may be none', () => {
    expect(renderTable([['a'], ['bb', 'c'], []])).toBe('a\nbb  c\n');
    expect(renderTable([])).toBe('');
  });
});

describe('shortenMiddle', () => {
  test.each([
    ['short.bin', 9, 'short.bin'],
    ['directory/file.bin', 11, 'direc…e.bin'],
    ['directory/file.bin', 10, 'dire…e.bin'],
    ['データベース', 7, 'デー…ス'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
  ])('%s in %d columns is %s', (text, columns, shortened) => {
    expect(shortenMiddle(text, columns)).toBe(shortened);
  });

  test('never takes more columns than it may', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(40), (text, columns) => {
        expect(widthOf(shortenMiddle(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
