import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { output, ROOT, SCRATCH } from './place';
import type { Results } from './results';

/** The first number of two parts or more in what a program says of itself, on either stream. */
function version(program: string, flag: string): string {
  const said = output('sh', '-c', `${program} ${flag} 2>&1 || true`);
  return /\d+(\.\d+)+/.exec(said)?.[0] ?? 'not there';
}

/** What a run is told by: machine, commit, versions. */
export function circumstances(): Pick<Results, 'commit' | 'date' | 'machine' | 'modified' | 'versions'> {
  const git = (...args: string[]) => output('git', '-C', ROOT, ...args);
  const famfs: { readonly version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [processor] = cpus();
  return {
    date: new Date().toISOString(),
    commit: git('rev-parse', '--short=12', 'HEAD'),
    modified: git('status', '--porcelain', '--untracked-files=no') !== '',
    machine: {
      processor: processor?.model ?? 'unknown',
      processors: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
      scratch: SCRATCH,
      load: Number((loadavg()[0] ?? 0).toFixed(2)),
    },
    versions: {
      famfs: famfs.version,
      'Node.js': process.versions.node,
      coreutils: version('cp', '--version'),
      e2fsprogs: version('mkfs.ext4', '-V'),
      libfuse: version('fusermount3', '--version'),
    },
  };
}
