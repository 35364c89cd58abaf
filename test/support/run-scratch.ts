import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { command, famfsOk, type RunOptions } from './run';

/**
 * A directory of its own for a test, or for all tests of a `describe`, which is unmounted and removed at the end.
 * Devices are sparse files in it. Make one with scratchEach() or scratchAll().
 */
export class Scratch {
  #root: string | undefined;
  #names = 0;

  /** The directory; there is one while a test runs, or a hook registered after this one. */
  get root(): string {
    if (this.#root === undefined) throw new Error('a Scratch is there while a test runs');
    return this.#root;
  }

  /** A path in the directory. */
  path(...names: string[]): string {
    return join(this.root, ...names);
  }

  /** A name that no other call returns: what tests that share a mount create does not collide. */
  unique(prefix = 'x'): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  /** Makes a directory in it, with its parents. Returns its path. */
  directory(...names: string[]): string {
    const path = this.path(...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Makes a file system on a new sparse file. Returns the file's path. */
  async makeDevice(size = '8g', mkfsArgs: readonly string[] = [], options: RunOptions = {}): Promise<string> {
    const device = this.path(`${this.unique('device')}.img`);
    await famfsOk(['mkfs', '--no-sync', '--create', size, ...mkfsArgs, device], options);
    return device;
  }

  /** Mounts a device on a new directory, or on `at`. Returns the mount point. */
  async mounted(
    device: string,
    mountArgs: readonly string[] = [],
    { at = this.directory(this.unique('mnt')), ...options }: RunOptions & { readonly at?: string } = {},
  ): Promise<string> {
    const log = join(dirname(at), `${this.unique('server')}.log`);
    await famfsOk(['mount', '--no-sync', '--log-file', log, ...mountArgs, device, at], options);
    return at;
  }

  /** A new file system, mounted. */
  async mountedDevice(
    size?: string,
    mkfsArgs?: readonly string[],
  ): Promise<{ device: string; mount: string }> {
    const device = await this.makeDevice(size, mkfsArgs);
    return { device, mount: await this.mounted(device) };
  }

  create(): void {
    this.#root = realpathSync(mkdtempSync(join(tmpdir(), 'famfs-test-')));
    chmodSync(this.#root, 0o755);
  }

  /** Unmounts whatever is mounted below the directory, and removes it. */
  async dispose(): Promise<void> {
    const root = this.root;
    for (const mount of mountsBelow(root)) {
      const { status } = await command('umount', [mount]);
      if (status !== 0) await command('umount', ['-l', mount]);
    }
    rmSync(root, { recursive: true, force: true });
    this.#root = undefined;
  }
}

/** A new directory for each test. */
export function scratchEach(): Scratch {
  const scratch = new Scratch();
  beforeEach(() => scratch.create());
  afterEach(() => scratch.dispose());
  return scratch;
}

/** One directory for all tests of the file, or `describe`, that this is called in. */
export function scratchAll(): Scratch {
  const scratch = new Scratch();
  beforeAll(() => scratch.create());
  afterAll(() => scratch.dispose());
  return scratch;
}

/** Mount points below a directory, the newest first. */
export function mountsBelow(root: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapeOctal(line.split(' ')[4] ?? ''))
    .filter((directory) => directory.startsWith(`${root}/`))
    .reverse();
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
