// The peer of the FUSE benchmarks: libfuse's example passthrough_ll, built from Debian's source package of fuse3.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = '/etc/apt/sources.list.d/famfs-bench-src.sources';

function run(command, args, options = {}) {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });
}

/** Builds passthrough_ll with -O2 in `directory`, once, and returns the program's path. Needs root and apt. */
export function buildPeer(directory) {
  const program = join(directory, 'passthrough_ll');
  if (existsSync(program)) return program;
  mkdirSync(directory, { recursive: true });
  run('apt-get', ['install', '-y', '-qq', 'libfuse3-dev', 'pkg-config', 'dpkg-dev', 'gcc']);
  const binary = readFileSync('/etc/apt/sources.list.d/debian.sources', 'utf8');
  writeFileSync(SOURCES, binary.replaceAll(/^Types: deb$/gm, 'Types: deb-src'));
  try {
    run('apt-get', ['update', '-qq']);
    run('apt-get', ['source', '-qq', 'fuse3'], { cwd: directory });
  } finally {
    run('rm', [SOURCES]);
  }
  const source = readdirSync(directory).find((name) => /^fuse3-[\d.]+$/.test(name));
  const flags = run('pkg-config', ['--cflags', '--libs', 'fuse3']).trim().split(' ');
  run('gcc', ['-O2', '-o', program, join(directory, source, 'example/passthrough_ll.c'), ...flags]);
  return program;
}
