import { parseAllocConfig } from '../../../src/operations/stripe-defaults';

const CONFIG = 'interleaved_alloc:\n  nbuckets: 8\n  nstrips: 4\n  chunk_size: 2m\n';

describe('what .meta/.alloc.cfg may say', () => {
  test.each([
    [CONFIG, { nbuckets: 8, nstrips: 4, chunkSize: 2 ** 21 }],
    [CONFIG.replace('2m', '0x200000'), { nbuckets: 8, nstrips: 4, chunkSize: 2 ** 21 }],
    [`---\n# striped\n${CONFIG}...\n`, { nbuckets: 8, nstrips: 4, chunkSize: 2 ** 21 }],
    [
      'interleaved_alloc: {nstrips: 2, nbuckets: 3, chunk_size: 1G}',
      { nbuckets: 3, nstrips: 2, chunkSize: 2 ** 30 },
    ],
    ['interleaved_alloc:\n  nbuckets: 0\n  nstrips: 0\n  chunk_size: 0\n', undefined],
    ['', undefined],
    ['# nothing\n', undefined],
  ])('%j', async (text, stripe) => {
    expect(await parseAllocConfig(text)).toEqual(stripe);
  });

  test.each([
    ['interleaved_alloc: [', 'no YAML'],
    ['interleaved_alloc: 5', 'must hold'],
    ['- 1', 'must hold'],
    ['just text', 'must hold'],
    [`${CONFIG}other: 1\n`, '"other"'],
    [`${CONFIG}  stripes: 1\n`, '"stripes"'],
    [CONFIG.replace('8', 'eight'), 'nbuckets is "eight"'],
    [CONFIG.replace('2m', '2mb'), 'chunk_size is "2mb"'],
    [CONFIG.replace('4', '-4'), 'nstrips is "-4"'],
  ])('%j is refused', async (text, says) => {
    await expect(parseAllocConfig(text)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(says),
    });
  });
});
