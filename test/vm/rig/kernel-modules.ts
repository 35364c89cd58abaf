import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, relative } from 'node:path';
import { command, commandOk } from '../../support/run';

/** What a guest loads before it has a root: its connections to the host, file systems, devices. */
const AT_BOOT = [
  'virtio_pci',
  'virtio_console',
  '9pnet_virtio',
  '9p',
  'overlay',
  'fuse',
  'nfit',
  'nd_pmem',
  'dax_pmem',
  'device_dax',
];
/** Loaded then, too, if the kernel has it as a module: without it, programs wait for random numbers. */
const AT_BOOT_IF_THERE = ['virtio_rng'];
/** What a test may load. */
const IF_THERE = ['fsdev_dax', 'kmem'];
const UNPACKERS: Readonly<Record<string, string>> = { '.xz': 'xz', '.zst': 'zstd' };
const TIMEOUT_MS = 300_000;

/**
 * Packs the modules that guests load, and those that they depend on, from packages unpacked below `root` into a cpio
 * archive for an initramfs. Returns the release of the kernel. Throws when one that is needed is not there.
 */
export async function packModules(root: string, target: string): Promise<string> {
  const directory = modulesBelow(root);
  const release = basename(directory);
  const base = join(directory, '../../..');
  await commandOk('depmod', ['-b', base, release], { timeout: TIMEOUT_MS });
  const work = mkdtempSync(join(tmpdir(), 'famfs-vm-modules-'));
  try {
    const copy = join(work, 'lib/modules', release);
    const atBoot = await withDependencies(base, release, AT_BOOT, AT_BOOT_IF_THERE);
    for (const path of [...atBoot, ...(await withDependencies(base, release, [], IF_THERE))]) {
      await putUnpacked(path, join(copy, relative(directory, path)));
    }
    const inGuest = (path: string) => join('/lib/modules', release, unpackedName(relative(directory, path)));
    writeFileSync(join(work, 'init.modules'), [...atBoot].map((path) => `${inGuest(path)}\n`).join(''));
    for (const list of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
      copyFileSync(join(directory, list), join(copy, list));
    }
    await commandOk('depmod', ['-b', work, release]);
    await packCpio(work, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return release;
}

/** Packs a directory as the kernel takes it for an initramfs. */
export async function packCpio(directory: string, target: string): Promise<void> {
  const script = 'cd "$1" && find . | cpio --quiet -o -H newc >"$2"';
  await commandOk('sh', ['-c', script, 'sh', directory, target]);
}

/** The directory of modules in unpacked packages: below /lib in older releases, below /usr/lib in newer ones. */
function modulesBelow(root: string): string {
  const order = readdirSync(root, { recursive: true, encoding: 'utf8' }).find((path) =>
    /(^|\/)lib\/modules\/[^/]+\/modules\.order$/.test(path),
  );
  if (order === undefined) throw new Error(`${root}: the packages hold no modules`);
  return join(root, dirname(order));
}

/** Paths of modules, each behind those that it depends on. What is built into the kernel has none. */
async function withDependencies(
  base: string,
  release: string,
  needed: readonly string[],
  ifThere: readonly string[],
): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const name of [...needed, ...ifThere]) {
    // The configuration of this machine may keep modules from being loaded: it is left out.
    const settings = ['-C', '/dev/null', '--ignore-install', '-d', base, '-S', release];
    const { status, stdout, stderr } = await command('modprobe', [...settings, '--show-depends', name]);
    if (status !== 0 && needed.includes(name)) throw new Error(`${release} has no module ${name}: ${stderr}`);
    for (const [, path] of stdout.matchAll(/^insmod (\S+)/gm)) if (path !== undefined) paths.add(path);
  }
  return paths;
}

function unpackedName(path: string): string {
  return path.replace(/\.(xz|zst)$/, '');
}

async function putUnpacked(path: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  const unpacker = UNPACKERS[extname(path)];
  if (unpacker === undefined) return copyFileSync(path, target);
  await commandOk('sh', ['-c', `${unpacker} -dc <"$1" >"$2"`, 'sh', path, unpackedName(target)]);
}
