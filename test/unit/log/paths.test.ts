import fc from 'fast-check';
import type { FindingCode } from '../../../src/log/findings';
import { checkPath, pathForLog, pathLength, printable } from '../../../src/log/paths';

/** The rules for a path, told slowly and with strings of one character a byte. */
function naiveProblems(path: string): FindingCode[] {
  if (path === '') return ['path-empty'];
  const problems: FindingCode[] = [];
  if (path.startsWith('/')) problems.push('path-absolute');
  else if (path.endsWith('/')) problems.push('path-trailing-slash');
  const components = path.split('/');
  const inner = components.slice(1, -1);
  if (inner.includes('')) problems.push('path-empty-component');
  if (components.includes('.')) problems.push('path-dot');
  if (components.includes('..')) problems.push('path-dotdot');
  if (components[0] === '.meta' && path !== '.meta/.alloc.cfg') problems.push('path-reserved');
  if ([...path].some((c) => c < ' ' || c === '\x7f')) problems.push('path-control');
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(path, 'latin1'));
  } catch {
    problems.push('path-utf8');
  }
  return problems;
}

function problems(path: Buffer, start = 0, length = path.length): FindingCode[] {
  const found: FindingCode[] = [];
  checkPath(path, start, length, (code) => found.push(code));
  return [...new Set(found)].sort();
}

const component = fc.oneof(
  fc.constantFrom('', '.', '..', '...', '.a', 'a.', '.meta', '.metal', '.alloc.cfg', 'x'),
  fc.string({ minLength: 1, maxLength: 3 }).map((text) => text.replaceAll('/', '_')),
);
const tricky = fc
  .array(component, { minLength: 1, maxLength: 5 })
  .map((parts) => Buffer.from(parts.join('/')));
const anyBytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const slashesAndDots = fc
  .array(fc.constantFrom('/', '.', 'm', 'é', '\n', '\xff'), { maxLength: 8 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));
const paths = fc.oneof(tricky, anyBytes, slashesAndDots);

describe('checkPath', () => {
  test('agrees with the naive rules', () => {
    fc.assert(
      fc.property(paths, (path) => {
        expect(problems(path)).toEqual(naiveProblems(path.toString('latin1')).sort());
      }),
      { numRuns: 2000 },
    );
  });

  test('looks at its range alone', () => {
    fc.assert(
      fc.property(paths, paths, paths, (before, path, behind) => {
        const bytes = Buffer.concat([before, path, behind]);
        expect(problems(bytes, before.length, path.length)).toEqual(problems(path));
      }),
    );
  });

  test.each([
    ['.meta/.alloc.cfg', []],
    ['.meta/.alloc.cfg2', ['path-reserved']],
    ['.metadata', []],
    ['data/.meta', []],
    ['Größe/“x”', []],
    ['/', ['path-absolute']],
    ['//', ['path-absolute', 'path-empty-component']],
    ['a//', ['path-empty-component', 'path-trailing-slash']],
  ])('%j', (path, expected) => {
    expect(problems(Buffer.from(path))).toEqual(expected);
  });
});

test('pathLength stops at the first NUL of 80 bytes', () => {
  const bytes = Buffer.concat([Buffer.alloc(3, 'x'), Buffer.alloc(80, 'y'), Buffer.alloc(1)]);
  expect(pathLength(bytes, 3)).toBe(-1);
  expect(pathLength(bytes, 4)).toBe(79);
  expect(pathLength(bytes, 83)).toBe(0);
});

describe('printable', () => {
  test.each([
    ['plain/name', 'plain/name'],
    ['Größe “1” 名前 😀', 'Größe “1” 名前 😀'],
    ['a\nb\tc\u001b[0m\u007f', 'a\\x0ab\\x09c\\x1b[0m\\x7f'],
    ['\u0085', '\\x85'],
  ])('%j', (text, expected) => {
    expect(printable(Buffer.from(text))).toBe(expected);
  });

  test('shows stray bytes, and what is sound between them', () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xc3]), Buffer.from('ö\n😀'), Buffer.from([0xe2, 0x82])]);
    expect(printable(bytes)).toBe('\\xff\\xc3ö\\x0a😀\\xe2\\x82');
  });

  test('never gives a control character, and leaves text without any as it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        expect(printable(Buffer.from(bytes))).not.toMatch(/\p{Cc}|\ufffd/u);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!/\p{Cc}/u.test(text));
        expect(printable(Buffer.from(text))).toBe(text);
      }),
    );
  });
});

describe('pathForLog', () => {
  test('refuses exactly what a check calls an error, and gives the rest back', () => {
    const warnings: FindingCode[] = ['path-control', 'path-utf8'];
    fc.assert(
      fc.property(paths, (path) => {
        const errors = problems(path).filter((code) => !warnings.includes(code));
        if (errors.length > 0 || path.includes(0)) {
          expect(() => pathForLog(path)).toThrow(expect.objectContaining({ code: 'bad-path' }));
        } else {
          expect(pathForLog(path).equals(path)).toBe(true);
        }
      }),
    );
  });

  test('takes 79 bytes, and no more', () => {
    expect(pathForLog(Buffer.alloc(79, 'x'))).toHaveLength(79);
    expect(() => pathForLog(Buffer.alloc(80, 'x'))).toThrow(
      expect.objectContaining({
        code: 'path-too-long',
        message: expect.stringContaining('has 80 bytes'),
        hint: expect.any(String),
      }),
    );
    expect(() => pathForLog(Buffer.from('é'.repeat(40)))).toThrow(
      expect.objectContaining({ code: 'path-too-long' }),
    );
  });

  test('says why', () => {
    expect(() => pathForLog(Buffer.from('a/../b'))).toThrow('a/../b: cannot be stored (path-dotdot)');
    expect(() => pathForLog(Buffer.alloc(0))).toThrow('(empty path): cannot be stored (path-empty)');
    expect(() => pathForLog(Buffer.from('a\0b'))).toThrow('a\\x00b: a path cannot hold a NUL');
  });
});
