/** One thing that was looked at. */
export interface DoctorCheck {
  /** What it is about; keeps its meaning. */
  readonly name: DoctorSubject;
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  /** What to do about a warning or an error. */
  readonly hint?: string;
}

export type DoctorSubject =
  | 'node'
  | 'kernel'
  | 'fuse'
  | 'fusermount3'
  | 'libfuse'
  | 'libpmem'
  | 'other-users'
  | 'system-uuid'
  | 'dax'
  | 'mount'
  | 'leftover';
