export type Severity = 'error' | 'warning';

/**
 * Everything that can be wrong with the media, by a code that never changes its meaning. `means` is for the docs
 * and for people who look a code up.
 */
export const FINDINGS = {
  'sb-magic': {
    severity: 'error',
    means: 'The superblock does not begin with the famfs magic: no famfs, or wiped.',
  },
  'sb-version': { severity: 'error', means: 'The superblock is of a version other than 48.' },
  'sb-crc': { severity: 'error', means: 'The superblock does not match its checksum.' },
  'sb-alloc-unit': { severity: 'error', means: 'The allocation unit is neither 4096 bytes nor 2 MiB.' },
  'sb-omf-major': { severity: 'error', means: 'The on-media format has another major number than 2.' },
  'sb-log-offset': { severity: 'error', means: 'The log does not begin at 2 MiB.' },
  'sb-log-length': { severity: 'error', means: 'The log length is no power of two of 8 MiB or more.' },
  'sb-log-beyond-device': { severity: 'error', means: 'The log does not fit on the device.' },
  'sb-flags': { severity: 'warning', means: 'Superblock flags that are not defined are set.' },
  'sb-device-size': { severity: 'warning', means: 'The stored device size is not that of the device.' },
  'sb-device-name': { severity: 'warning', means: 'The stored device name has no NUL behind it.' },
  'log-magic': { severity: 'error', means: 'The log header does not begin with its magic.' },
  'log-crc': { severity: 'error', means: 'The log header does not match its checksum.' },
  'log-length': { severity: 'error', means: "The log header's length is not the superblock's." },
  'log-last-index': { severity: 'error', means: 'The last valid index does not follow from the log length.' },
  'log-next-index': { severity: 'error', means: 'More entries are counted than the log can hold.' },
  'log-next-seqnum': { severity: 'error', means: 'The next sequence number is not the next index.' },
  'entry-crc': { severity: 'error', means: 'An entry does not match its checksum.' },
  'entry-seqnum': { severity: 'error', means: "An entry's sequence number is not its index." },
  'entry-type': { severity: 'error', means: 'An entry is of a type that this format does not have.' },
  'entry-stray-bytes': { severity: 'warning', means: 'Bytes of an entry that must be zero are not.' },
  'file-flags': { severity: 'warning', means: "A file's flags that are not defined are set." },
  'file-mode': { severity: 'warning', means: 'A mode holds more than permission bits.' },
  'file-size': { severity: 'error', means: "A file's size is no sensible number." },
  'path-empty': { severity: 'error', means: 'A path is empty.' },
  'path-unterminated': { severity: 'error', means: 'A path fills all 80 bytes and has no NUL behind it.' },
  'path-absolute': { severity: 'error', means: 'A path begins with a slash.' },
  'path-trailing-slash': { severity: 'error', means: 'A path ends with a slash.' },
  'path-empty-component': { severity: 'error', means: 'A path has two slashes in a row.' },
  'path-dot': { severity: 'error', means: 'A path has a component ".".' },
  'path-dotdot': {
    severity: 'error',
    means: 'A path has a component "..", which leads out of its directory.',
  },
  'path-reserved': { severity: 'error', means: 'A path lies in .meta, which belongs to the file system.' },
  'path-control': { severity: 'warning', means: 'A path has control characters.' },
  'path-utf8': { severity: 'warning', means: 'A path is not valid UTF-8.' },
  'path-no-parent': { severity: 'error', means: 'The parent directory of a path was not made before it.' },
  'path-parent-is-file': { severity: 'error', means: 'A parent of a path is a file.' },
  'path-duplicate': { severity: 'error', means: 'A file has the path of an earlier file.' },
  'path-file-over-directory': { severity: 'error', means: 'A file has the path of an earlier directory.' },
  'path-directory-over-file': { severity: 'error', means: 'A directory has the path of an earlier file.' },
  'path-directory-again': { severity: 'warning', means: 'A directory is made a second time.' },
  'ext-type': { severity: 'error', means: 'A file has an extent type that this format does not have.' },
  'ext-count': { severity: 'error', means: 'A file has no extents, or more than 16.' },
  'ext-length': {
    severity: 'error',
    means: 'The length of an extent or strip is zero or no multiple of the unit.',
  },
  'ext-offset': {
    severity: 'error',
    means: 'The offset of an extent or strip is zero or no multiple of the unit.',
  },
  'ext-in-metadata': { severity: 'error', means: 'An extent or strip lies in the superblock or the log.' },
  'ext-beyond-device': { severity: 'error', means: 'An extent or strip does not end inside its device.' },
  'ext-devindex': { severity: 'error', means: 'An extent or strip is on a device that was never added.' },
  'ext-short': { severity: 'error', means: 'The extents or strips of a file do not hold its size.' },
  'ext-overlap': { severity: 'error', means: 'Two files, or two extents of one, share bytes of a device.' },
  'il-count': {
    severity: 'error',
    means: 'An interleaved file has another number of interleaved extents than 1.',
  },
  'il-strips': { severity: 'error', means: 'An interleaved file has no strips, or more than 16.' },
  'il-chunk': { severity: 'error', means: 'A chunk size is no power of two that is a multiple of the unit.' },
  'il-strip-lengths': { severity: 'warning', means: 'The strips of a file are not equally long.' },
  'dev-index': { severity: 'error', means: 'An added device does not have the next device index.' },
  'dev-duplicate': { severity: 'error', means: 'A device is added under a UUID that is taken.' },
  'dev-size': { severity: 'error', means: 'An added device has a size that cannot be.' },
  'dev-missing': {
    severity: 'warning',
    means: 'An added device is not found on this host: what lies on it was not looked at.',
  },
  'dev-damaged': { severity: 'error', means: 'The superblock of an added device is damaged or gone.' },
  'dev-foreign': {
    severity: 'error',
    means: 'A device of another file system is where an added one should be.',
  },
  'dev-truncated': { severity: 'error', means: 'An added device is smaller than it was when it was added.' },
} as const satisfies Record<string, { severity: Severity; means: string }>;

export type FindingCode = keyof typeof FINDINGS;

/** Something wrong on the media. `entry` is the index of the log entry, `path` its path in printable form. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly detail: string;
  readonly entry?: number;
  readonly path?: string;
}

/** A finding outside the entries. */
export function finding(code: FindingCode, detail: string): Finding {
  return { code, severity: FINDINGS[code].severity, detail };
}

/** A finding about the entry `entry`, whose path is `path`. */
export function entryFinding(
  code: FindingCode,
  entry: number,
  path: string | undefined,
  detail: string,
): Finding {
  return { ...finding(code, detail), entry, ...(path === undefined ? {} : { path }) };
}

export function isError(found: Finding): boolean {
  return found.severity === 'error';
}

/** So many findings of one code are kept by a FindingList: all entries of a log of millions can be bad. */
export const LISTED_OF_A_CODE = 100_000;

/** The findings of a check. All are counted, and the first LISTED_OF_A_CODE of each code are kept. */
export class FindingList {
  readonly listed: Finding[] = [];
  errors = 0;
  warnings = 0;
  readonly #countOf = new Map<FindingCode, number>();

  add(found: Finding): void {
    if (isError(found)) this.errors++;
    else this.warnings++;
    const count = (this.#countOf.get(found.code) ?? 0) + 1;
    this.#countOf.set(found.code, count);
    if (count <= LISTED_OF_A_CODE) this.listed.push(found);
  }

  addAll(found: Iterable<Finding>): void {
    for (const one of found) this.add(one);
  }

  /** Findings that were counted and not kept. */
  get unlisted(): number {
    return this.errors + this.warnings - this.listed.length;
  }
}
