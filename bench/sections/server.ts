import { spawn } from 'node:child_process';
import { closeSync, lstatSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildPeer } from '../peer.mjs';
import { cli, inScratch, memory, mounted, run, servers } from '../place';
import type { Figure } from '../results';
import type { Section } from '../section';
import { figure, Rounds, timed } from '../stats';

const PEER_PROGRAM_DIRECTORY = '/var/tmp/famfs-bench-peer';
const PEER = 'passthrough_ll';
const FILES_A_DIRECTORY = 1000;
const FUSE_SUPER_MAGIC = 0x65735546;
const CALLS = 5000;
/** The peer keeps a descriptor for each inode that the kernel knows, and may have fewer than `ulimit -n`. */
const STATS_A_WALK = 15_000;

/** The kernel forgets all that it need not know, so that the next stat of each name is a request. */
const forget = () => writeFileSync('/proc/sys/vm/drop_caches', '2');

const nameOf = (i: number) => `tree/d${Math.floor(i / FILES_A_DIRECTORY)}/file-${i}`;

function makeTree(plain: string, count: number): void {
  for (let i = 0; i < count; i++) {
    if (i % FILES_A_DIRECTORY === 0)
      mkdirSync(join(plain, `tree/d${i / FILES_A_DIRECTORY}`), { recursive: true });
    writeFileSync(join(plain, nameOf(i)), '');
  }
}

/** Microseconds for each of `count` calls. */
function each(count: number, call: (i: number) => unknown): number {
  return (
    (timed(() => {
      for (let i = 0; i < count; i++) call(i);
    }) *
      1000) /
    count
  );
}

const statNone = (path: string) => {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw new Error(`${path} is there`);
};

/** Microseconds for the first stat of each file; the kernel forgets those of each walk before the next one begins. */
function coldStats(mount: string, count: number): number {
  let total = 0;
  for (let from = 0; from < count; from += STATS_A_WALK) {
    const files = Math.min(STATS_A_WALK, count - from);
    forget();
    total += files * each(files, (i) => lstatSync(join(mount, nameOf(from + i))));
  }
  return total / count;
}

/** All that is measured of one mount, noted as famfs or peer. */
function measureMount(mount: string, who: string, counts: readonly number[], rounds: Rounds): void {
  const calls = Math.min(CALLS, counts[0] as number);
  for (const count of counts) rounds.note(`cold-${count}-${who}`, coldStats(mount, count));
  const known = join(mount, nameOf(0));
  lstatSync(known);
  rounds.note(
    `again-${who}`,
    each(CALLS, () => lstatSync(known)),
  );
  rounds.note(
    `open-${who}`,
    each(calls, () => closeSync(openSync(known, 'r'))),
  );
  const stamp = process.hrtime.bigint();
  rounds.note(
    `miss-${who}`,
    each(calls, (i) => statNone(join(mount, `tree/d0/none-${stamp}-${i}`))),
  );
  rounds.note(
    `statfs-${who}`,
    each(calls, () => statfsSync(mount)),
  );
}

/** Serves a directory by the peer while `work` runs. */
async function withPeer(program: string, plain: string, mount: string, work: (pid: string) => Promise<void>) {
  const words = ['-f', '-o', `source=${plain},cache=auto`, mount];
  const peer = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => peer.once('exit', resolve));
  while (statfsSync(mount).type !== FUSE_SUPER_MAGIC) {
    if (peer.exitCode !== null) throw new Error(`${PEER} ended with status ${peer.exitCode}`);
    await sleep(10);
  }
  try {
    await work(`${peer.pid}`);
  } finally {
    run('umount', mount);
    await ended;
  }
}

function peerProgram(): { readonly program?: string; readonly missing: readonly string[] } {
  try {
    return { program: buildPeer(PEER_PROGRAM_DIRECTORY), missing: [] };
  } catch (error) {
    const [why] = (error as Error).message.split('\n');
    return { missing: [`${PEER}, which could not be built (${why})`] };
  }
}

function figuresOf(rounds: Rounds, counts: readonly number[], withPeerValues: boolean): Figure[] {
  const of = (what: string, title: string, unit: 'µs' | 'MiB' = 'µs') =>
    figure({
      id: `server-${what}`,
      title,
      unit,
      ours: rounds.of(`${what}-famfs`),
      peer: withPeerValues ? { name: PEER, values: rounds.of(`${what}-peer`) } : undefined,
    });
  return [
    ...counts.map((count) =>
      of(
        `cold-${count}`,
        `stat of each of ${count.toLocaleString('en')} files that the kernel does not know`,
      ),
    ),
    of('again', 'stat of the same file over and over'),
    of('open', 'open and close'),
    of('miss', 'stat of a name that does not exist'),
    of('statfs', 'statfs'),
    of('memory', 'resident set of all processes of the mount after that', 'MiB'),
  ];
}

/** The server beside an example of libfuse, call by call. */
export const server: Section = {
  name: 'server',
  title: 'The server',
  about:
    'Calls through a mount beside `passthrough_ll`, an example of libfuse in C that serves a directory of tmpfs, built with ' +
    '`-O2`. Microseconds for each call, from one process of Node.js. The kernel is made to forget the files before the first stat ' +
    `of each, and after every ${STATS_A_WALK}, since the peer keeps a descriptor for each that is known.`,
  measure: ({ quick }) =>
    inScratch(async (scratch) => {
      const counts = quick ? [1_000] : [1_000, 10_000, 50_000];
      const most = counts.at(-1) as number;
      const [plain, device, peerMount] = ['plain', 'device', 'peer'].map((name) => join(scratch, name)) as [
        string,
        string,
        string,
      ];
      mkdirSync(peerMount);
      makeTree(plain, most);
      // A quick run installs nothing.
      const { program, missing } = quick ? { missing: [`${PEER}, left out by --quick`] } : peerProgram();
      const size = Math.ceil((most * 2) / 1024) + 4;
      cli('mkfs', '--no-sync', '--loglen', '64m', '--create', `${size}g`, device);
      const rounds = new Rounds();
      await mounted(device, join(scratch, 'mnt'), async (mount) => {
        cli('cp', '--no-sync', '-r', join(plain, 'tree'), mount);
        for (let round = 0; round < (quick ? 1 : 5); round++) {
          measureMount(mount, 'famfs', counts, rounds);
          rounds.note('memory-famfs', memory(servers(mount), 'Rss'));
          if (program === undefined) continue;
          await withPeer(program, plain, peerMount, async (pid) => {
            measureMount(peerMount, 'peer', counts, rounds);
            rounds.note('memory-peer', memory([pid], 'Rss'));
          });
        }
      });
      rmSync(device);
      return { figures: figuresOf(rounds, counts, program !== undefined), missing };
    }),
};
