import { readFileSync } from 'node:fs';
import { command, commandOk, famfsOk, shell, succeeded } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { makeTree, type TreeSource } from './tree-source';

/** All that `find` knows of a tree that a file system without times keeps: type, mode, owner, size of files, path. */
async function listing(directory: string): Promise<string[]> {
  const format = '%y %m %U %G %s %P\\0';
  const directories = '%y %m %U %G %P\\0';
  const script = `find . -type d -printf '${directories}' -o -printf '${format}'`;
  const { stdout } = succeeded(await shell(script, { cwd: directory }));
  return stdout.split('\0').sort();
}

describe('a copied tree', () => {
  const scratch = scratchAll();
  let source: string;
  let counts: TreeSource;
  let device: string;
  let mount: string;
  let copy: string;
  let sums: string;

  beforeAll(async () => {
    source = scratch.path('source');
    counts = makeTree(source);
    sums = scratch.path('sums');
    const script = `find . -type f -print0 | sort -z | xargs -0 sha256sum >'${sums}'`;
    succeeded(await shell(script, { cwd: source }));
    ({ device, mount } = await scratch.mountedDevice('8g'));
    copy = `${mount}/source`;
    await famfsOk(['cp', '-r', '-q', '--no-sync', source, mount]);
  });

  const sameTree = () => {
    test('has no difference for diff', async () => {
      const { status, stdout } = await command('diff', ['-r', source, copy]);
      expect(stdout).toBe('');
      expect(status).toBe(0);
    });

    test('lists the same paths, types, modes, owners and sizes', async () => {
      const [there, here] = await Promise.all([listing(copy), listing(source)]);
      expect(there).toEqual(here);
      expect(there).toHaveLength(counts.files + counts.directories + 1);
    });

    test('passes sha256sum -c', async () => {
      const { status, stdout, stderr } = await command('sha256sum', ['--quiet', '-c', sums], { cwd: copy });
      expect(stdout + stderr).toBe('');
      expect(status).toBe(0);
    });
  };

  test('is of more than 2,000 files and directories', () => {
    expect(counts.files + counts.directories).toBeGreaterThan(2000);
  });

  describe('as copied', sameTree);

  describe('copied out again', () => {
    test('by cp -a', async () => {
      const out = scratch.path('out-cp');
      await commandOk('cp', ['-a', copy, out]);
      expect((await command('diff', ['-r', source, out])).stdout).toBe('');
      expect(await listing(out)).toEqual(await listing(source));
      await commandOk('rm', ['-r', out]);
    });

    test('by tar', async () => {
      const out = scratch.directory('out-tar');
      const script = `set -o pipefail; tar -C '${mount}' -cf - source | tar -C '${out}' -xpf -`;
      expect(succeeded(await shell(script)).stderr).toBe('');
      expect((await command('diff', ['-r', source, `${out}/source`])).stdout).toBe('');
      expect(await listing(`${out}/source`)).toEqual(await listing(source));
      await commandOk('rm', ['-r', out]);
    });

    test('and rsync, where there is one, finds nothing to transfer', async () => {
      if ((await shell('command -v rsync')).status !== 0) return;
      const dryRun = ['-rpogn', '--checksum', '--itemize-changes', `${source}/`, `${copy}/`];
      expect((await commandOk('rsync', dryRun)).stdout).toBe('');
    });
  });

  test('is copied again with --resume --verify without a byte', async () => {
    const again = ['cp', '-r', '-q', '--resume', '--verify', '--json', source, mount];
    const result = (await famfsOk(again)).json<Record<string, unknown>>();
    expect(result).toMatchObject({ directories: 0, files: 0, overwritten: 0, bytes: 0, failures: [] });
    expect(result.skipped).toBe(counts.files);
  });

  test('is clean for fsck', async () => {
    const report = (await famfsOk(['fsck', '--json', mount])).json<Record<string, unknown>>();
    expect(report).toMatchObject({
      errors: 0,
      contents: { ...counts, entries: counts.files + counts.directories },
    });
  });

  describe('after an unmount and a mount', () => {
    beforeAll(async () => {
      await famfsOk(['umount', mount]);
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(mount);
      await scratch.mounted(device, [], { at: mount });
    });

    sameTree();
  });
});
