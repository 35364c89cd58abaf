/**
 * Measures what clients read of a device: bytes a process read(2) and its kin returned, by /proc/PID/io, while a mount is
 * idle, and when entries are appended by the owner. Each client is a mount under a system UUID of its own.
 *
 *   npx esbuild bench/scale-clients.ts --bundle --platform=node --outfile=/tmp/scale-clients.cjs
 *   node /tmp/scale-clients.cjs [CLIENTS] [SECONDS]
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const APPENDED = 1000;
const SETTLE_MS = 10_000;
const [clients = 4, seconds = 20] = process.argv.slice(2).map(Number);
const famfs = resolve('bin/famfs');

function cli(args: readonly string[], uuid: string, input = ''): void {
  const env = { ...process.env, FAMFS_SYSTEM_UUID: uuid };
  execFileSync(process.execPath, [famfs, ...args], { env, input, stdio: ['pipe', 'ignore', 'inherit'] });
}

function pids(pattern: string): string[] {
  return execFileSync('pgrep', ['-f', pattern], { encoding: 'utf8' }).trim().split('\n');
}

function bytesRead(pid: string): number {
  return Number(/^rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Bytes that each process reads while `work` goes on: the mean, by kind of process. */
async function readsDuring(mounts: readonly string[], work: () => Promise<void>): Promise<object> {
  const supervisors = mounts.flatMap((mount) => pids(`^famfs ${mount}$`));
  const workers = mounts.flatMap((mount) => pids(`^famfs worker ${mount}$`));
  const before = new Map([...supervisors, ...workers].map((pid) => [pid, bytesRead(pid)]));
  await work();
  const mean = (of: readonly string[]) =>
    Math.round(of.reduce((sum, pid) => sum + bytesRead(pid) - (before.get(pid) ?? 0), 0) / of.length);
  return { supervisorBytes: mean(supervisors), workerBytes: mean(workers) };
}

async function measure(directory: string): Promise<void> {
  const device = join(directory, 'device.img');
  const owner = randomUUID();
  cli(['mkfs', '--create', '64g', device], owner);
  const mounts = Array.from({ length: clients + 1 }, (_, i) => join(directory, `mnt-${i}`));
  const [ownMount = '', ...clientMounts] = mounts;
  try {
    for (const [i, mount] of mounts.entries()) {
      mkdirSync(mount);
      cli(['mount', '--log-file', join(directory, 'log'), device, mount], i === 0 ? owner : randomUUID());
    }
    await sleep(SETTLE_MS);
    const idle = await readsDuring(clientMounts, () => sleep(seconds * 1000));
    console.log(JSON.stringify({ clients, seconds, idle }));
    const names = Array.from({ length: APPENDED }, (_, i) => `${ownMount}/file-${i},4k\n`).join('');
    const appended = await readsDuring(clientMounts, async () => {
      cli(['creat', '--files-from', '-'], owner, names);
      await sleep(SETTLE_MS);
    });
    console.log(JSON.stringify({ clients, appendedEntries: APPENDED, seconds: SETTLE_MS / 1000, appended }));
  } finally {
    for (const mount of mounts) cli(['umount', mount], owner);
  }
}

const directory = mkdtempSync('/dev/shm/famfs-clients-');
measure(directory).finally(() => rmSync(directory, { recursive: true, force: true }));
