import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk } from '../../support/run';

/** The Debian archive refuses nobody, but it may be slow. */
const TIMEOUT_MS = 600_000;
const LISTS_MAX_AGE_MS = 24 * 3600 * 1000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Of what linux-image-amd64 depends on, the packages that hold a kernel. */
const KERNEL_PACKAGE = /^linux-(image|binary|modules|base)-.*-amd64$/;

/** A package with its version, as apt-get download takes it. */
export type Package = `${string}=${string}`;

/**
 * One suite of the Debian archive, looked at through lists of its own, so that the sources of the machine stay as
 * they are. Which mirror, and whether through a proxy, is as the machine's apt is configured.
 */
export class Archive {
  readonly #suite: string;
  readonly #root: string;

  /** `root` is a directory for the lists, which is made. */
  constructor(suite: string, root: string) {
    this.#suite = suite;
    this.#root = root;
    this.#makeDirectories();
  }

  /** Whether the lists were fetched within a day. */
  get fresh(): boolean {
    const fetched = join(this.#root, 'fetched');
    return existsSync(fetched) && Date.now() - statSync(fetched).mtimeMs < LISTS_MAX_AGE_MS;
  }

  /** Whether there are lists at all. */
  get known(): boolean {
    return existsSync(join(this.#root, 'fetched'));
  }

  /** Forgets the lists, which may be wrong. */
  forget(): void {
    rmSync(this.#root, { recursive: true, force: true });
    this.#makeDirectories();
  }

  /** Fetches the lists of packages. Throws when the archive cannot be reached. */
  async update(): Promise<void> {
    const mirror = await machineMirror();
    writeFileSync(
      join(this.#root, 'sources.list'),
      `deb [signed-by=${KEYRING}] ${mirror} ${this.#suite} main\n`,
    );
    await this.#apt('apt-get', ['update', '--error-on=any']);
    writeFileSync(join(this.#root, 'fetched'), '');
  }

  /** The packages that make up the kernel that linux-image-amd64 stands for now. */
  async kernelPackages(): Promise<Package[]> {
    const tree = await this.#apt('apt-cache', ['depends', '--recurse', '--important', 'linux-image-amd64']);
    const names = tree.split('\n').filter((line) => KERNEL_PACKAGE.test(line));
    if (names.length === 0)
      throw new Error(`${this.#suite}: linux-image-amd64 depends on no kernel:\n${tree}`);
    return Promise.all(names.sort().map(async (name) => `${name}=${await this.#version(name)}` as const));
  }

  /** Downloads packages into a directory and unpacks them into it. Throws when one is not in the archive any more. */
  async unpack(packages: readonly Package[], directory: string): Promise<void> {
    await this.#apt('apt-get', ['download', ...packages], directory);
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.deb'))) {
      await commandOk('dpkg-deb', ['-x', join(directory, file), directory], { timeout: TIMEOUT_MS });
    }
  }

  #makeDirectories(): void {
    for (const directory of ['lists/partial', 'cache/archives/partial', 'parts']) {
      mkdirSync(join(this.#root, directory), { recursive: true });
    }
    writeFileSync(join(this.#root, 'status'), '');
  }

  async #version(name: string): Promise<string> {
    const shown = await this.#apt('apt-cache', ['show', '--no-all-versions', name]);
    const version = /^Version: (.*)$/m.exec(shown)?.[1];
    if (version === undefined) throw new Error(`${name}: apt-cache show names no version`);
    return version;
  }

  async #apt(program: 'apt-get' | 'apt-cache', args: readonly string[], cwd = this.#root): Promise<string> {
    const at = (path: string) => join(this.#root, path);
    const settings = [
      `Dir::State=${this.#root}`,
      `Dir::State::status=${at('status')}`,
      `Dir::State::lists=${at('lists')}`,
      `Dir::Cache=${at('cache')}`,
      `Dir::Etc::sourcelist=${at('sources.list')}`,
      `Dir::Etc::sourceparts=${at('parts')}`,
      `Dir::Etc::preferencesparts=${at('parts')}`,
      'Dir::Etc::preferences=/dev/null',
      'Acquire::Languages=none',
      // apt fetches as the user _apt, who may not enter the cache of root.
      'APT::Sandbox::User=root',
    ];
    const options = ['-qq', ...settings.flatMap((setting) => ['-o', setting])];
    return (await commandOk(program, [...options, ...args], { cwd, timeout: TIMEOUT_MS })).stdout;
  }
}

/** The name of the Debian release that this machine runs. */
export function machineSuite(): string {
  const name = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (!name) throw new Error('/etc/os-release: no VERSION_CODENAME; virtual machines need a Debian release');
  return name;
}

/** The mirror that this machine's apt fetches its release from. */
async function machineMirror(): Promise<string> {
  const format = ['--format', '$(REPO_URI) $(RELEASE) $(COMPONENT)'];
  const { stdout } = await commandOk('apt-get', ['indextargets', ...format, 'Created-By: Packages']);
  const wanted = ` ${machineSuite()} main`;
  const line = stdout.split('\n').find((target) => target.endsWith(wanted));
  if (line === undefined) throw new Error(`apt has no source for${wanted}: it said\n${stdout}`);
  return line.slice(0, -wanted.length);
}
