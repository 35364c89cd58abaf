import { closeSync, constants, openSync } from 'node:fs';
import { errnoOf } from '../../errors';
import { KIND, type Tree } from '../../log/tree';
import type { Logger } from '../logger';
import { MAP_STATE, type SharedState } from '../shared-state';
import { type Choice, plain } from './choose';
import { BACKING_OPEN, backingOpenArgument, MOST_MAP_BYTES, writeMap } from './extent-layout';
import { extentsOfFile } from './extents';

/** ioctl(2) with a pointer to `argument`. Throws the system's error. */
export type Ioctl = (fd: number, request: number, argument: Buffer) => number;
/** Writes a notification to the kernel. Throws the system's error. */
export type Notify = (message: Buffer) => void;

/**
 * Tells the kernel of the primary device, once a mount and before anything is served, where the strategy chosen needs
 * that. Returns the choice, or the plain one with the reason when the kernel, or the system, refuses. `path` leads to
 * the device.
 */
export function attachDevice(choice: Choice, registrar: Registrar, path: string): Choice {
  if (choice.strategy !== 'extent-maps') return choice;
  try {
    registerDevice(registrar, 0, path);
    return choice;
  } catch (error) {
    return plain(`the kernel does not take the device: ${errnoOf(error)}`);
  }
}

/** How devices are registered: the session's descriptor, and whether files may be written to through the mount. */
export interface Registrar {
  readonly fuseFd: number;
  readonly writable: boolean;
  readonly ioctl: Ioctl;
}

/** Tells the kernel of device `index`, which `path` leads to. Throws the system's error. */
export function registerDevice({ fuseFd, ioctl, writable }: Registrar, index: number, path: string): void {
  const fd = openSync(path, writable ? constants.O_RDWR : constants.O_RDONLY);
  try {
    ioctl(fuseFd, BACKING_OPEN, backingOpenArgument(fd, index));
  } finally {
    closeSync(fd);
  }
}

/**
 * Describes files to the kernel, which then reads, writes and maps them without asking the server. A file is described
 * before it is opened for the first time and never again; what workers know of that is in the shared state. Decided once
 * for a file, since the kernel does not let an inode be open in both ways at a time.
 */
export class ExtentMaps {
  readonly #message = Buffer.alloc(MOST_MAP_BYTES);

  constructor(
    private readonly tree: Tree,
    private readonly shared: SharedState,
    private readonly notify: Notify,
    private readonly logger: Logger,
  ) {}

  /** Whether the kernel serves a file by itself from now on. Never throws: what it refuses is served plainly. */
  admit(ino: number): boolean {
    const { shared, tree } = this;
    if (shared.mapsErrno !== 0 || tree.kind.get(ino) !== KIND.file) return false;
    const state = shared.mapState(ino);
    if (state !== MAP_STATE.undecided) return state === MAP_STATE.described;
    const described = this.#describe(ino);
    if (shared.mapsErrno === 0) shared.setMapState(ino, described ? MAP_STATE.described : MAP_STATE.plain);
    return described;
  }

  #describe(ino: number): boolean {
    const extents = extentsOfFile(this.tree.map(ino), this.tree.size.get(ino));
    const isKnown = (devindex: number) => devindex === 0 || this.shared.isInKernel(devindex);
    if (!extents?.every(({ devindex }) => isKnown(devindex))) return false;
    const length = writeMap(this.#message, ino, extents);
    try {
      this.notify(this.#message.subarray(0, length));
    } catch (error) {
      // EEXIST: another worker was faster, or one that died here.
      if (errnoOf(error) !== 'EEXIST') {
        this.#refused(ino, error as NodeJS.ErrnoException);
        return false;
      }
    }
    this.shared.acceptMaps();
    return true;
  }

  /** A refusal before any map was taken is one of maps as such; later ones are of the file. */
  #refused(ino: number, { code, errno = -1 }: NodeJS.ErrnoException): void {
    if (this.shared.refuseMaps(-errno)) {
      this.logger.warn(`the kernel takes no file maps (${code}): all files are served plainly`);
    } else if (this.shared.mapsErrno === 0) {
      this.logger.warn(`the kernel does not take the map of inode ${ino} (${code}): it is served plainly`);
    }
  }
}
