import { parseSeededName, parseSizedName } from '../../../src/ui/file-lists';

describe('NAME,SIZE[,SEED]', () => {
  test.each([
    ['a,1m', { path: 'a', size: 2 ** 20 }],
    ['a,1m,42', { path: 'a', size: 2 ** 20, seed: 42 }],
    ['a,10,42', { path: 'a', size: 10, seed: 42 }],
    ['a,10,0xFFFFFFFF', { path: 'a', size: 10, seed: 0xffffffff }],
    ['a,b,1m', { path: 'a,b', size: 2 ** 20 }],
    ['a,b,1m,42', { path: 'a,b', size: 2 ** 20, seed: 42 }],
    ['a,1,2,', { path: 'a,1', size: 2 }],
    [',,1', { path: ',', size: 1 }],
    ['a,x,5', { path: 'a,x', size: 5 }],
  ])('%j', (text, expected) => {
    expect(parseSizedName(text)).toEqual(expected);
  });

  test.each([
    ['a', 'too few fields'],
    ['', 'too few fields'],
    [',1m', 'too few fields'],
    [',1m,42', 'too few fields'],
    ['a,', '"" is not a size'],
    ['a,1q', '"1q" is not a size'],
    ['a,1m,x', '"x" is not a size'],
    ['a,1m,0', 'the seed 0'],
    ['a,1m,4294967296', 'seeds have 32 bits'],
  ])('%j is refused', (text, says) => {
    expect(() => parseSizedName(text)).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining(says) }),
    );
  });
});

describe('FILE,SEED', () => {
  test('with commas in the name', () => {
    expect(parseSeededName('a,1m,42')).toEqual({ path: 'a,1m', seed: 42 });
  });

  test.each(['a', ',42', 'a,', 'a,x', 'a,0'])('%j is refused', (text) => {
    expect(() => parseSeededName(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
