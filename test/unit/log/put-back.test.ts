import { putBack, type SavedLog } from '../../../src/log/backup';
import { LOG_HEADER, LOG_OFFSET, MIB, SUPERBLOCK } from '../../../src/log/layout';
import { decodeSuperblock, findSuperblock } from '../../../src/log/superblock';
import { DEVICE_UUID, damage, type Image, makeImage, mkdir, superblockField } from '../../support/images';

const LOG_LENGTH = 8 * MIB;
const PIECE = 64 * 1024;
const SAVED = makeImage();
const contentsOf = ({ store }: Image) => store.read(0, LOG_OFFSET + LOG_LENGTH);
const superblockOf = ({ store }: Image) => store.read(0, SUPERBLOCK.bytes);

const saved: SavedLog = {
  superblock: decodeSuperblock(superblockOf(SAVED)),
  superblockBytes: superblockOf(SAVED),
  *pieces() {
    const log = SAVED.store.read(LOG_OFFSET, LOG_LENGTH);
    for (let offset = 0; offset < LOG_LENGTH; offset += PIECE)
      yield { offset, bytes: log.subarray(offset, offset + PIECE) };
  },
};

function spoilt(spoil: (image: Image) => void): Image {
  const image = makeImage({ entries: [mkdir('a')] });
  spoil(image);
  return image;
}

/** What a backup is put back over, and whether it is of the same file system. */
const TARGETS: readonly (readonly [string, () => Image, boolean])[] = [
  ['fewer entries', () => spoilt(() => {}), true],
  [
    'noise in place of the log',
    () => spoilt((i) => i.store.store(LOG_OFFSET, Buffer.alloc(LOG_LENGTH, 9))),
    true,
  ],
  [
    'an owner that is another',
    () => spoilt((i) => damage(i, superblockField('ownerUuid'), DEVICE_UUID, { reseal: true })),
    true,
  ],
  [
    'a damaged superblock',
    () => spoilt((i) => damage(i, superblockField('version'), 49, { reseal: true })),
    false,
  ],
  [
    'another file system',
    () => spoilt((i) => damage(i, superblockField('uuid'), DEVICE_UUID, { reseal: true })),
    false,
  ],
  ['nothing', () => spoilt((i) => i.store.zero(0, LOG_OFFSET + LOG_LENGTH)), false],
];

class Cut extends Error {}

/** Puts back, with the power cut before store `stores`, counted from 0. True when it came to its end. */
function putBackUntil({ store }: Image, stores: number): boolean {
  const original = store.store;
  let left = stores;
  store.store = (offset, bytes) => {
    if (left-- === 0) throw new Cut();
    original.call(store, offset, bytes);
  };
  try {
    putBack(store, saved);
    return true;
  } catch (error) {
    if (error instanceof Cut) return false;
    throw error;
  } finally {
    store.store = original;
  }
}

describe.each(TARGETS)('over %s', (_what, make, same) => {
  test('all is as it was, and a second time nothing is stored', () => {
    const image = make();
    expect(putBack(image.store, saved)).toBeGreaterThan(0);
    expect(contentsOf(image).equals(contentsOf(SAVED))).toBe(true);
    image.store.calls.length = 0;
    expect(putBack(image.store, saved)).toBe(0);
    expect(image.store.calls).toEqual([{ call: 'fence' }]);
  });

  test('entries are durable before the header, and the header before the superblock', () => {
    const image = make();
    image.store.calls.length = 0;
    putBack(image.store, saved);
    const steps = image.store.calls.map((call) => {
      if (call.call === 'fence') return 'fence';
      return call.offset === 0 ? 'superblock' : call.offset === LOG_OFFSET ? 'header' : 'entries';
    });
    const order = steps.filter((step, i) => step !== steps[i - 1]).join(' ');
    const wiped = same ? '' : 'superblock fence ';
    expect(order).toMatch(new RegExp(`^${wiped}entries fence header fence( superblock fence)?$`));
    if (!same) expect(order).toMatch(/superblock fence$/);
    const [flushed, stored] = (['flush', 'store'] as const).map((kind) =>
      image.store.calls.flatMap((call) => (call.call === kind ? [[call.offset, call.length]] : [])),
    );
    expect(flushed).toEqual(stored);
  });

  test('a power cut leaves no superblock above a log that is not its own, and it can be done again', () => {
    const former = superblockOf(make());
    for (let stores = 0; ; stores = Math.ceil(stores * 1.3) + 1) {
      const image = make();
      if (putBackUntil(image, stores)) break;
      const left = superblockOf(image);
      const { findings } = findSuperblock(image.store);
      const log = image.store.read(LOG_OFFSET, LOG_LENGTH);
      const logIsWhole = log.equals(SAVED.store.read(LOG_OFFSET, LOG_LENGTH));
      if (!logIsWhole && stores > 0) {
        if (same) expect(left.equals(former)).toBe(true);
        else expect(findings.map(({ code }) => code)).toContain('sb-magic');
      }
      if (log.subarray(0, LOG_HEADER.bytes).equals(SAVED.store.read(LOG_OFFSET, LOG_HEADER.bytes)))
        expect(logIsWhole).toBe(true);
      putBack(image.store, saved);
      expect(contentsOf(image).equals(contentsOf(SAVED))).toBe(true);
    }
  });
});
