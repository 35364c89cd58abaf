import { CrashImage } from './crash-image';
import { Judge, type Outcome, WrongState } from './crash-judge';
import type { Recording } from './crash-operations';
import { type Choice, eachStretch, putLine, type Stretch, statesOf } from './crash-states';
import { seeded } from './random';

/** How many states were judged, and what they were. */
export type Tally = Record<Outcome, number>;

export interface TryOptions {
  /** How many states to try of each stretch that has too many for all. */
  readonly perStretch: number;
  readonly seed: number;
  /** Called with each state that is whole while the devices are in it; they must be left as they are. */
  readonly onState?: (stretch: Stretch, state: number) => Promise<void>;
}

/** Judges states that crashes during a recorded operation leave. Throws WrongState, with how to come to it again. */
export async function tryCrashes(recording: Recording, options: TryOptions): Promise<Tally> {
  const images = recording.paths.map((path) => new CrashImage(path));
  const judge = new Judge(recording, images);
  const tally: Tally = { whole: 0, 'no-file-system': 0, 'half-taken': 0 };
  const random = seeded(options.seed);
  try {
    await eachStretch(images, recording.events, async (stretch) => {
      let state = 0;
      const here = new Uint8Array(stretch.pending.length);
      for (const choice of statesOf(stretch, options.perStretch, random)) {
        bring(images, stretch, here, choice);
        try {
          tally[await judge.judge(stretch)]++;
          await options.onState?.(stretch, state);
        } catch (error) {
          throw error instanceof WrongState
            ? told(error, recording, stretch, state, choice, options.seed)
            : error;
        }
        state++;
      }
      bring(images, stretch, here, new Uint8Array(stretch.pending.length));
    });
  } finally {
    for (const image of images) image.close();
  }
  return tally;
}

/** Brings the images from the versions `here` to those of `choice`. */
function bring(images: readonly CrashImage[], { pending }: Stretch, here: Choice, choice: Choice): void {
  for (const [i, line] of pending.entries()) {
    const version = choice[i] as number;
    if (here[i] !== version) putLine(images, line, version);
    here[i] = version;
  }
}

function told(
  error: WrongState,
  { events, name }: Recording,
  { end, pending }: Stretch,
  state: number,
  choice: Choice,
  seed: number,
): WrongState {
  const lost = choice.filter((version, i) => version < (pending[i]?.versions.length ?? 0) - 1).length;
  const where = `state ${state} before event ${end} of ${events.length} (${lost} of ${pending.length} lines not written back)`;
  return new WrongState(`${name}, seed ${seed}: ${where}: ${error.message}`);
}
