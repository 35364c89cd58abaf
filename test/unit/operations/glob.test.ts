import { Glob } from '../../../src/operations/glob';

const yes: readonly [pattern: string, name: string][] = [
  ['a', 'a'],
  ['*', 'a'],
  ['*', '.hidden'],
  ['*', 'new\nline'],
  ['**', 'a/new\nline'],
  ['*.tmp', 'a.b.tmp'],
  ['a**b', 'axb'],
  ['?', '\u{1f600}'],
  ['sub/**', 'sub/x'],
  ['sub/**', 'sub/x/y'],
  ['**/a', 'a'],
  ['**/a', 'x/y/a'],
  ['a/**/b', 'a/b'],
  ['a/**/b', 'a/x/y/b'],
  ['*/b', 'a/b'],
  ['[abc]', 'b'],
  ['[a-c]x', 'bx'],
  ['[!a]', 'b'],
  ['[^a]', 'b'],
  ['[]a]', ']'],
  ['[!]a]', 'b'],
  ['[a-]', '-'],
  ['[\\]]', ']'],
  ['[[:digit:]_]', '7'],
  ['[[:digit:]_]', '_'],
  ['[a', '[a'],
  ['{a,b}.csv', 'b.csv'],
  ['{a,{b,c}}', 'c'],
  ['{a/**,b}', 'a/c/d'],
  ['a{,b}', 'a'],
  ['{a}', '{a}'],
  ['{a,b', '{a,b'],
  ['{a,{b,c}', '{a,c'],
  ['x{1..3}', 'x2'],
  ['a\\*b', 'a*b'],
  ['a\\', 'a\\'],
  ['report (1).pdf', 'report (1).pdf'],
  ['a|b', 'a|b'],
  ['@(a|b)', '@(a|b)'],
  ['!(a)', '!(a)'],
  ['+(a)', '+(a)'],
  ['a+.^$', 'a+.^$'],
  ['"a"', '"a"'],
];

const no: readonly [pattern: string, name: string][] = [
  ['a', 'ab'],
  ['a', ''],
  ['*', 'a/b'],
  ['?', '/'],
  ['?', 'ab'],
  ['a**b', 'a/b'],
  ['**b', 'a/b'],
  ['sub/**', 'sub'],
  ['**/a', 'xa'],
  ['a/**/b', 'ab'],
  ['[!a]', 'a'],
  ['[!a]', '/'],
  ['[a/]', '/'],
  ['[z-a]', 'z'],
  ['[a-c]', '-'],
  ['{a,b}', 'c'],
  ['{a,b}', '{a,b}'],
  ['report (1).pdf', 'report 1.pdf'],
  ['a|b', 'a'],
  ['@(a|b)', 'a'],
  ['!(a)', 'b'],
  ['a\\*b', 'axb'],
];

test.each(yes)('%j matches %j', (pattern, name) => {
  expect(new Glob(pattern).matches(name)).toBe(true);
});

test.each(no)('%j does not match %j', (pattern, name) => {
  expect(new Glob(pattern).matches(name)).toBe(false);
});

test('one glob is for many names', () => {
  const glob = new Glob('a*');
  expect(['a', 'b', 'ab', '', 'aa'].map((name) => glob.matches(name))).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});

test.each([
  ['many stars', `${'*a'.repeat(60)}b`, 'a'.repeat(250)],
  ['many whole components', `${'**/'.repeat(60)}b`, 'a/'.repeat(1000)],
  ['braces in braces', `${'{a,'.repeat(150)}b${'}'.repeat(150)}c`, 'a'.repeat(250)],
  ['braces that end nowhere', '{'.repeat(1000), 'a'.repeat(250)],
  ['words that end nowhere', '{a,{b,'.repeat(160), 'a'.repeat(250)],
  ['brackets that end nowhere', '[[:a'.repeat(250), 'a'.repeat(250)],
])('what would try all ways one after the other comes to an end: %s', (_what, pattern, name) => {
  expect(new Glob(pattern).matches(name)).toBe(false);
});
