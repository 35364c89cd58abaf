import { dirname, join } from 'node:path';
import { CrashImage } from './crash-image';
import { asHost, Judge, type Outcome, WrongState } from './crash-judge';
import { mounted, OWNER, seen } from './crash-operations';
import type { Recording } from './crash-recording';
import {
  ALL_STATES,
  type Choice,
  eachStretch,
  putLine,
  type Stretch,
  stateCount,
  statesOf,
} from './crash-states';
import { seeded } from './random';

/** How many states were judged, and what they were; `mounted` of those that are whole. */
export type Tally = Record<Outcome | 'mounted', number>;

export interface TryOptions {
  /** How many states to try of each stretch that has too many for all. */
  readonly perStretch: number;
  readonly seed: number;
  /** Leave stretches out of which all states are tried: they were. */
  readonly largeOnly?: boolean;
  /** How many of the first whole states are mounted, picked as the seed says: one among four, then among eight and so on. */
  readonly mounts?: number;
}

/** Judges states that crashes during a recorded operation leave. Throws WrongState, with how to come to it again. */
export async function tryCrashes(recording: Recording, options: TryOptions): Promise<Tally> {
  const images = recording.paths.map((path) => new CrashImage(path));
  try {
    return await new Trial(recording, images, options).run();
  } finally {
    for (const image of images) image.close();
  }
}

class Trial {
  readonly #judge: Judge;
  readonly #random: () => number;
  readonly #tally: Tally = { whole: 0, 'no-file-system': 0, 'half-taken': 0, mounted: 0 };
  readonly #mountAt: ReadonlySet<number>;

  constructor(
    private readonly recording: Recording,
    private readonly images: readonly CrashImage[],
    private readonly options: TryOptions,
  ) {
    this.#judge = new Judge(recording, images);
    this.#random = seeded(options.seed);
    const mounts = Array.from({ length: options.mounts ?? 0 }, (_, i) => 2 ** (i + 2));
    this.#mountAt = new Set(mounts.map((range) => Math.ceil((range * (1 + this.#random())) / 2)));
  }

  async run(): Promise<Tally> {
    const { images, recording } = this;
    await eachStretch(images, recording.events, async (stretch) => {
      if (this.options.largeOnly && stateCount(stretch) <= ALL_STATES) return;
      const here = new Uint8Array(stretch.pending.length);
      let state = 0;
      for (const choice of statesOf(stretch, this.options.perStretch, this.#random)) {
        bring(images, stretch, here, choice);
        await this.#try(stretch, choice, state++);
      }
      bring(images, stretch, here, new Uint8Array(stretch.pending.length));
    });
    return this.#tally;
  }

  async #try(stretch: Stretch, choice: Choice, state: number): Promise<void> {
    try {
      const outcome = await this.#judge.judge(stretch);
      this.#tally[outcome]++;
      if (outcome === 'whole' && this.#mountAt.has(this.#tally.whole)) await this.#mount();
    } catch (error) {
      if (error instanceof WrongState) throw this.#told(error, stretch, choice, state);
      throw error;
    }
  }

  /** Mounts the devices as they are: what the judge found in them is in the mount. */
  async #mount(): Promise<void> {
    const [primary = ''] = this.recording.paths;
    const mount = join(dirname(primary), 'mnt');
    const there = await asHost(OWNER, () => mounted(primary, mount, async () => seen(mount)));
    const wrong = this.#judge.differsFrom(there);
    if (wrong !== undefined) throw new WrongState(`mounted: ${wrong}`);
    this.#tally.mounted++;
  }

  #told(error: WrongState, { end, pending }: Stretch, choice: Choice, state: number): WrongState {
    const { events, name } = this.recording;
    const { perStretch, seed } = this.options;
    const old = choice.filter((version, i) => version < (pending[i]?.versions.length ?? 0) - 1).length;
    const where = `state ${state} before event ${end} of ${events.length}`;
    const how = `${old} of ${pending.length} lines not written back`;
    return new WrongState(
      `${name}, seed ${seed}, ${perStretch} per stretch: ${where}, ${how}: ${error.message}`,
    );
  }
}

/** Brings the images from the versions `here` to those of `choice`. */
function bring(images: readonly CrashImage[], { pending }: Stretch, here: Choice, choice: Choice): void {
  for (const [i, line] of pending.entries()) {
    const version = choice[i] as number;
    if (here[i] !== version) putLine(images, line, version);
    here[i] = version;
  }
}
