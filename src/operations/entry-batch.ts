import type { FileEntry, MkdirEntry } from '../log/entry';
import type { OwnerSession } from './owner-session';

const SLASH = 0x2f;

/**
 * Entries of new files and directories that are logged together. What was added is not in the session's tree before it
 * is committed: call `settle` before the tree is asked about a path.
 */
export class EntryBatch {
  #entries: (FileEntry | MkdirEntry)[] = [];
  readonly #paths = new Set<string>();

  constructor(
    private readonly session: OwnerSession,
    private readonly onCommit: () => void = () => {},
  ) {}

  get length(): number {
    return this.#entries.length;
  }

  /** Commits what was added if it holds `path` or a directory on the way to it. */
  settle(path: Buffer): void {
    if (this.#paths.size === 0) return;
    for (let end = path.length; end > 0; end = path.lastIndexOf(SLASH, end - 1)) {
      if (this.#paths.has(path.toString('latin1', 0, end))) {
        this.commit();
        return;
      }
    }
  }

  /** Throws FamfsError `log-full` when the log has no room for `count` entries behind those that were added. */
  needRoom(count: number): void {
    this.session.needRoom(count, this.#entries.length);
  }

  add(entry: FileEntry | MkdirEntry): void {
    this.#entries.push(entry);
    this.#paths.add(entry.path.toString('latin1'));
  }

  /** Makes flushed data durable and logs what was added: it exists when this returns. */
  commit(): void {
    this.session.commit(this.#entries);
    this.#entries = [];
    this.#paths.clear();
    this.onCommit();
  }
}
