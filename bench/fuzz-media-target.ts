/** What bench/fuzz-media-guided.ts counts the code of: decode and replay, and the naive checker. */
import { GuidedJudge } from '../test/support/fuzz-media-guided';

export { GUIDED_BYTES, guidedSeeds } from '../test/support/fuzz-media-guided';

const judge = new GuidedJudge();

/** Decodes the first entry of an input, and replays the whole. */
export function run(data: Buffer): void {
  judge.decode(data);
  judge.replay(data);
}
