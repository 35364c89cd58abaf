import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Archive, machineSuite, type Package } from './archive';
import { extractKernel } from './kernel-image';
import { packModules } from './kernel-modules';

/** The kernel of this machine's Debian release, or a newer one, which has fsdev_dax. */
export type KernelKind = 'stable' | 'new';

export interface Kernel {
  /** As uname -r prints it. */
  readonly release: string;
  /** The kernel as an ELF file, which QEMU starts without a boot loader. */
  readonly image: string;
  /** A cpio archive of the modules that guests need, below lib/modules. */
  readonly modules: string;
}

const NEW_SUITE = 'trixie-backports';
const PARTS = { image: 'vmlinux', modules: 'modules.cpio' };

/**
 * The kernel that the Debian archive has now. It is kept in `$FAMFS_VM_CACHE`, or in `famfs-vm` of the user's cache,
 * and made again when the archive has another one; the archive is asked once a day. Without the archive, the kernel
 * that is kept is used, which a line on standard error tells. Throws when there is none.
 */
export function kernelOf(kind: KernelKind): Promise<Kernel> {
  const found = known.get(kind) ?? findKernel(kind);
  known.set(kind, found);
  return found;
}

const known = new Map<KernelKind, Promise<Kernel>>();

async function findKernel(kind: KernelKind): Promise<Kernel> {
  const cache = join(cacheDirectory(), kind);
  const archive = new Archive(kind === 'new' ? NEW_SUITE : machineSuite(), join(cache, 'apt'));
  if (!archive.fresh) await refresh(archive, kind);
  try {
    return await currentKernel(archive, cache);
  } catch {
    // Former versions vanish from the archive: what the lists name may be gone.
    archive.forget();
    await archive.update();
    return currentKernel(archive, cache);
  }
}

async function currentKernel(archive: Archive, cache: string): Promise<Kernel> {
  const packages = await archive.kernelPackages();
  return kernelIn(join(cache, nameOf(packages))) ?? make(archive, packages, cache);
}

async function refresh(archive: Archive, kind: KernelKind): Promise<void> {
  try {
    await archive.update();
  } catch (error) {
    if (!archive.known) throw error;
    const [reason] = String(error).split('\n').slice(-2);
    process.stderr.write(
      `vm: the archive cannot be asked for the ${kind} kernel (${reason}): using what is kept\n`,
    );
  }
}

function cacheDirectory(): string {
  const { FAMFS_VM_CACHE, XDG_CACHE_HOME } = process.env;
  return FAMFS_VM_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'famfs-vm');
}

/** All versions are part of the name, so that another version of any package is another kernel. */
function nameOf(packages: readonly Package[]): string {
  return `kernel-${packages.join('+').replace(/[^\w.+~=-]/g, '_')}`;
}

/** The kernel that was made in a directory, if one was: the directory got its name when all was in it. */
function kernelIn(directory: string): Kernel | undefined {
  if (!existsSync(directory)) return undefined;
  const [release = ''] = readdirSync(join(directory, 'releases'));
  return { release, image: join(directory, PARTS.image), modules: join(directory, PARTS.modules) };
}

async function make(archive: Archive, packages: readonly Package[], cache: string): Promise<Kernel> {
  const work = mkdtempSync(join(cache, 'making-'));
  try {
    const unpacked = join(work, 'unpacked');
    const made = join(work, 'made');
    for (const directory of [unpacked, made]) mkdirSync(directory);
    await archive.unpack(packages, unpacked);
    await extractKernel(unpacked, join(made, PARTS.image));
    const release = await packModules(unpacked, join(made, PARTS.modules));
    mkdirSync(join(made, 'releases', release), { recursive: true });
    return replace(made, cache, nameOf(packages));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Puts what was made into the cache and removes former kernels. Another process may have done the same meanwhile. */
function replace(made: string, cache: string, name: string): Kernel {
  const place = join(cache, name);
  try {
    renameSync(made, place);
  } catch (error) {
    if (!existsSync(place)) throw error;
  }
  const kernel = kernelIn(place);
  if (!kernel) throw new Error(`${place}: vanished`);
  for (const other of readdirSync(cache).filter((file) => file.startsWith('kernel-') && file !== name)) {
    rmSync(join(cache, other), { recursive: true, force: true });
  }
  return kernel;
}
