import { type ErrorCode, FamfsError } from '../errors';

/** A path that nothing was done about, and why. */
export interface PathFailure {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Errors about one path; all others concern whatever would come next as well. */
const ABOUT_A_PATH: readonly ErrorCode[] = [
  'bad-path',
  'device-damaged',
  'device-foreign',
  'device-full',
  'device-missing',
  'device-truncated',
  'exists',
  'no-parent',
  'no-permission',
  'no-server',
  'not-mounted',
  'path-too-long',
  'size-differs',
  'source',
  'usage',
];

/** Collects what concerns single paths of a verb that takes many, so that the rest is done. */
export class PathFailures {
  readonly list: PathFailure[] = [];

  /** `count` paths were given: what concerns the only one is thrown, what concerns one of several is told. */
  constructor(
    private readonly count: number,
    private readonly onFailure: (failure: PathFailure) => void = () => {},
  ) {}

  /** Takes note of an error about `path`. Throws it again when it ends the verb. */
  note(path: string, error: unknown): void {
    const mayGoOn = this.count > 1 && error instanceof FamfsError && ABOUT_A_PATH.includes(error.code);
    if (!mayGoOn) throw error;
    const failure = { path, code: error.code, message: error.message };
    this.list.push(failure);
    this.onFailure(failure);
  }
}
