import fc from 'fast-check';
import { FamfsError } from '../../../src/errors';
import { formatDuration, formatRate, formatSize, parseSize } from '../../../src/ui/sizes';

describe('parseSize', () => {
  test.each([
    ['0', 0],
    ['4096', 4096],
    ['4096b', 4096],
    ['4k', 4096],
    ['4K', 4096],
    ['4kb', 4096],
    ['4KiB', 4096],
    ['4kib', 4096],
    ['2m', 2 ** 21],
    ['2 MiB', 2 ** 21],
    ['1g', 2 ** 30],
    ['1.5g', 1.5 * 2 ** 30],
    ['0.5GB', 2 ** 29],
    ['1.0', 1],
    ['3T', 3 * 2 ** 40],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['8191.9990234375t', 8191.9990234375 * 2 ** 40],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(
    [
      '',
      ' ',
      'k',
      '4q',
      '4kk',
      '12abc',
      '0x10',
      '010',
      '1e6',
      '-1k',
      '+1k',
      '.5g',
      '1.g',
      '1,5g',
      '4  k',
    ].concat([
      ' 4k',
      '4k ',
      '4k\n',
      '1.5',
      '0.1k',
      '1ib',
      'Infinity',
      'NaN',
      '٣k',
      '9007199254740992',
      '8192t',
      '4p',
    ]),
  )('%j is refused', (text) => {
    expect(() => parseSize(text)).toThrow(FamfsError);
    expect(() => parseSize(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining(text),
        hint: expect.stringContaining('1.5g'),
      }),
    );
  });

  test('reads what it is given exactly', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 21), fc.constantFrom('', 'k', 'm', 'g', 't'), (count, unit) => {
        const factor = 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(unit);
        fc.pre(Number.isSafeInteger(count * factor));
        expect(parseSize(`${count}${unit}`)).toBe(count * factor);
      }),
    );
  });
});

describe('formatSize', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [8 * 2 ** 20, '8.0 MiB'],
    [2 ** 20 - 1, '1.0 MiB'],
    [1.25 * 2 ** 30, '1.3 GiB'],
    [2 ** 53, '8.0 PiB'],
    [2 ** 73, '8192.0 EiB'],
  ])('%d is %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test('is at most 5 % off and readable by parseSize', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
        const [value = '', unit = ''] = formatSize(bytes).split(' ');
        const factor = 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'].indexOf(unit);
        expect(Math.abs(Number(value) * factor - bytes)).toBeLessThanOrEqual(bytes * 0.05);
        expect(Number(value)).toBeLessThan(1024);
      }),
    );
  });
});

test('formatRate is a size a second', () => {
  expect(formatRate(1.1 * 2 ** 30)).toBe('1.1 GiB/s');
});

test.each([
  [0, '0 ms'],
  [0.0421, '42 ms'],
  [0.0994, '99 ms'],
  [0.0999, '0.1 s'],
  [3, '3 s'],
  [3.25, '3.3 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [65, '1 min 05 s'],
  [3599.6, '1 h 00 min'],
  [7380, '2 h 03 min'],
  [360000, '100 h 00 min'],
])('formatDuration(%d) is %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
