/**
 * Virtual machines that share a device, for tests:
 *
 *     const rig = rigAll();                      // of this file, or describe: gone, with all guests, at its end
 *     let a: Guest;
 *     beforeAll(async () => { a = await rig.boot('a'); });
 *
 *     test('...', async () => {
 *       await a.ok('famfs mkfs /dev/dax0.0');    // a script of bash; throws what it said unless it ends with 0
 *       const refused = await a.run('...');      // any status: { status, stdout, stderr }
 *       const info = await a.famfsOk('info', '--json', '/dev/dax0.0');
 *       info.json<Info>();                       // checked against the schema of the verb
 *     });
 *
 * `rig.boot('b')` is another host at the same memory, which may boot at the same time (Promise.all). A guest has one
 * processor, 1 GiB of memory, and an emulated NVDIMM in devdax mode, so that /dev/dax0.0 is real. It is root there. It
 * sees the root of the host read-only, under an overlay that is lost with its power: all programs, the checkout and
 * what tests put into files before they boot it. A host of the same name keeps its system UUID when it boots again.
 *
 * `rig.boot('a', 'new')` has the kernel of Debian's backports, with fsdev_dax; `modprobe` in a guest finds the modules
 * of kernel-modules.ts. `guest.kill()` takes the power away, `pause()` and `resume()` stop the processor,
 * `guest.console` is what its kernel said.
 *
 * Guests are slow: 0.4 s for the start of node, and JavaScript takes some 18 times as long as on the host.
 */

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandOk } from '../../support/run';
import { Guest } from './guest';
import { type Kernel, type KernelKind, kernelOf } from './kernel';
import { packCpio } from './kernel-modules';
import { needPrograms } from './machine';

export type { Guest, Job } from './guest';
export type { KernelKind } from './kernel';

/** Bytes of /dev/dax0.0: the least that a famfs may have. */
export const DEVICE_BYTES = 4 * 2 ** 30;
/** What an info block takes at the beginning of the NVDIMM. */
const INFO_BLOCK_MIB = 2;
const BACKING_MIB = DEVICE_BYTES / 2 ** 20 + INFO_BLOCK_MIB;

const INIT = join(__dirname, '../guest/init.sh');

/** Machines of a test file and the memory that they share. Make one with rigAll(). */
export class Rig {
  #root: string | undefined;
  readonly #guests: Guest[] = [];

  /** Boots a host called `name`; a former machine of this name must have ended. */
  async boot(name: string, kind: KernelKind = 'stable'): Promise<Guest> {
    const directory = join(this.root, name);
    mkdirSync(directory, { recursive: true });
    const kernel = await kernelOf(kind);
    const initramfs = await makeInitramfs(kernel, directory);
    const backing = { path: this.#backing, mib: BACKING_MIB };
    const guest = await Guest.start({ name, uuid: uuidOf(name), kernel, initramfs, backing, directory });
    this.#guests.push(guest);
    await guest.booted();
    return guest;
  }

  /** The directory of all that belongs to the rig. */
  get root(): string {
    if (this.#root === undefined) throw new Error('a Rig is there while tests run');
    return this.#root;
  }

  get #backing(): string {
    return join(this.root, 'memory');
  }

  async create(): Promise<void> {
    await needPrograms();
    this.#root = mkdtempSync(join(tmpdir(), 'famfs-vm-'));
    writeFileSync(this.#backing, '');
    truncateSync(this.#backing, BACKING_MIB * 2 ** 20);
    // Whoever boots with this NVDIMM finds /dev/dax0.0, without having to make a namespace first.
    const devdax = ['-m', 'devdax', '-M', 'mem', '-a', '2M'];
    await commandOk('ndctl', ['write-infoblock', '-o', this.#backing, '-s', `${BACKING_MIB}M`, ...devdax]);
  }

  /** Ends all machines and removes what they left. */
  async dispose(): Promise<void> {
    await Promise.all(this.#guests.splice(0).map((guest) => guest.kill()));
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true });
    this.#root = undefined;
  }
}

/** A rig for all tests of the file, or `describe`, that this is called in. */
export function rigAll(): Rig {
  const rig = new Rig();
  beforeAll(() => rig.create());
  afterAll(() => rig.dispose());
  return rig;
}

/** The system UUID of a host: the same for a name, whenever it boots. */
function uuidOf(name: string): string {
  const digits = createHash('sha256').update(name).digest('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
}

/** An initramfs of what a guest starts with and the modules of its kernel. The kernel takes archives in a row. */
async function makeInitramfs(kernel: Kernel, directory: string): Promise<string> {
  const files = join(directory, 'initramfs.files');
  mkdirSync(join(files, 'bin'), { recursive: true });
  copyFileSync(INIT, join(files, 'init'));
  chmodSync(join(files, 'init'), 0o755);
  const { stdout: busybox } = await commandOk('sh', ['-c', 'command -v busybox']);
  copyFileSync(busybox.trim(), join(files, 'bin/busybox'));
  const initramfs = join(directory, 'initramfs');
  await packCpio(files, initramfs);
  appendFileSync(initramfs, readFileSync(kernel.modules));
  return initramfs;
}
