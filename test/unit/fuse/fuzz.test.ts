import { FUZZ_IMAGE, Fuzzer, fuzzEntries } from '../../support/fuse-fuzz';
import { FuseImages } from '../../support/fuse-image';

const images = new FuseImages();
const REQUESTS = 10_000;

/** scripts/fuzz-fuse runs more of them. */
test.each([1, 2])('any requests get the answers that a model says, seed %d', (seed) => {
  const fuzzer = new Fuzzer(images.device(fuzzEntries(), FUZZ_IMAGE), seed);
  fuzzer.run(REQUESTS);
  expect(fuzzer.requests).toBe(REQUESTS);
  expect(fuzzer.errors).toBeGreaterThan(REQUESTS / 10);
  fuzzer.close();
});
