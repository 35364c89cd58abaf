import { famfs, famfsOk, type Run, type RunOptions } from './run';
import { type Scratch, scratchAll } from './run-scratch';

/** What tests of `famfs cp` share: a mounted device for all of a file, and new places in it. */
export class CopyPlace {
  device = '';
  mount = '';

  constructor(readonly scratch: Scratch) {}

  readonly cp = (args: string[], options?: RunOptions): Promise<Run> =>
    famfs(['cp', '--no-sync', ...args], options);

  /** A path in the mount that nothing is at. */
  readonly fresh = (): string => `${this.mount}/${this.scratch.unique('to')}`;

  /** A new directory in the mount. */
  readonly freshDirectory = async (): Promise<string> => {
    const path = this.fresh();
    await famfsOk(['mkdir', '--no-sync', path]);
    return path;
  };
}

/** Mounts a device before the tests of a file, for all of them. */
export function copyPlace(): CopyPlace {
  const place = new CopyPlace(scratchAll());
  beforeAll(async () => {
    Object.assign(place, await place.scratch.mountedDevice('16g'));
  });
  return place;
}
