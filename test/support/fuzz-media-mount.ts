import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { lstat, open, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { FINDINGS, type FindingCode } from '../../src/log/findings';
import { INO } from '../../src/log/tree';
import { directoryId, Readiness, type ServerConfig } from '../../src/server-contract';
import { hold, MediaFailure, MediaFuzzer } from './fuzz-media-attempt';
import { MediaDamage } from './fuzz-media-damage';
import { byteAt, MediaFile, placeOf, positionsIn } from './fuzz-media-file';
import { baseImages, MediaStore } from './fuzz-media-image';
import { OWNER_UUID } from './images';
import { type NaiveVerdict, naiveCheck } from './naive-check';
import type { NaiveEntry } from './naive-check-entry';

/** How long a server may take to answer, to walk through, or to end. */
const HANG_MS = 60_000;
const SLASH = Buffer.from('/');

/**
 * Mounts a device that is damaged anew each time, by the server in dist and a kernel's FUSE, and looks at every path and
 * at bytes of every file. One server for each input. Needs root and /dev/fuse.
 */
export class MountFuzzer extends MediaFuzzer {
  /** How many inputs could be mounted. */
  mounted = 0;
  readonly #directory = realpathSync(mkdtempSync(join(tmpdir(), 'famfs-media-')));
  readonly #mount = join(this.#directory, 'mnt');
  readonly #device = new MediaFile(join(this.#directory, 'device.img'));
  readonly #store = new MediaStore();
  readonly #damage: MediaDamage;
  #server: ChildProcess | undefined;

  /** `program` is the server's bundle. */
  constructor(
    private readonly program: string,
    seed: number,
  ) {
    super('mount', seed);
    mkdirSync(this.#mount);
    this.#damage = new MediaDamage(seed, baseImages(seed, 14), this.#store);
  }

  run(index: number): Promise<void> {
    return this.attempts.runLater(index, async () => {
      this.#damage.make(index);
      this.#device.write(this.#store);
      const naive = naiveCheck(this.#store);
      this.findings += naive.findings.length;
      await inTime('to mount, to walk and to end', this.#judge(naive));
    });
  }

  close(): void {
    this.#server?.kill('SIGTERM');
    this.#device.close();
    // After a failure there may be a mount that nobody ends any more.
    spawnSync('umount', ['-l', this.#mount], { stdio: 'ignore' });
    rmSync(this.#directory, { recursive: true });
  }

  async #judge(naive: NaiveVerdict): Promise<void> {
    const server = this.#start();
    const ended = once(server, 'exit');
    let refused = false;
    try {
      const said = await text(server.stdio[3] as Readable);
      hold(said !== '', 'the server ended before it said anything');
      const answer = Readiness.parse(JSON.parse(said));
      if (answer.state === 'ready') {
        this.mounted++;
        await walk(this.#mount, naive);
        return;
      }
      refused = true;
      hold(answer.code !== 'internal', `the server failed: ${answer.message}`);
      hold(mayBeRefused(naive), `the server refused a sound superblock and header: ${answer.message}`);
    } finally {
      // One that refuses ends by itself.
      if (!refused) server.kill('SIGTERM');
      const [status, signal] = await ended;
      this.#server = undefined;
      hold(signal === null && [0, 1].includes(status), `the server ended with ${signal ?? status}`);
    }
  }

  #start(): ChildProcess {
    const config: ServerConfig = {
      ...{ device: this.#device.path, devices: [], directory: this.#mount, readOnly: false, noSync: true },
      ...{ logLevel: 'error', cache: 'none', fmap: 'auto', workers: 1, pollSeconds: 0, allowOther: false },
      directoryId: directoryId(statSync(this.#mount)),
      kernelOptions: [],
    };
    this.#server = spawn(process.execPath, [this.program, 'supervisor', JSON.stringify(config)], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: { ...process.env, FAMFS_SYSTEM_UUID: OWNER_UUID, NOTIFY_SOCKET: undefined, FAMFS_DEVICES: '' },
    });
    return this.#server;
  }
}

async function inTime(what: string, work: Promise<void>): Promise<void> {
  const late = sleep(HANG_MS, undefined, { ref: false }).then(() => {
    throw new MediaFailure(`hangs: more than ${HANG_MS} ms ${what}`);
  });
  await Promise.race([work, late]);
}

/** Where something is wrong outside of the entries. */
function mayBeRefused({ findings }: NaiveVerdict): boolean {
  return findings.some(
    ({ code, entry }) => entry === undefined && FINDINGS[code as FindingCode].severity === 'error',
  );
}

/** Goes through all that a mount shows: nothing but what the naive checker has, where it has it, and all of it. */
async function walk(mount: string, { entries, shown }: NaiveVerdict): Promise<void> {
  const left = new Map(shown);
  const visit = async (directory: Buffer, above: string): Promise<void> => {
    for (const name of await readdir(directory, { encoding: 'buffer' })) {
      const path = Buffer.concat([directory, SLASH, name]);
      const inside = above + name.toString('latin1');
      const stats = await lstat(path);
      if (inside !== '.meta' && !inside.startsWith('.meta/')) {
        const index = left.get(inside);
        hold(index !== undefined, `${JSON.stringify(inside)} is there, and should not be`);
        hold(stats.ino === index + INO.first, `${JSON.stringify(inside)} is not entry ${index}`);
        hold(stats.isDirectory() || stats.isFile(), `${JSON.stringify(inside)} is of another type`);
        const entry = entries[index] as NaiveEntry;
        hold(
          stats.isDirectory() === (entry.type === 'mkdir'),
          `${JSON.stringify(inside)} is no ${entry.type}`,
        );
        if (entry.type === 'file') await readSome(path, stats.size, entry);
      }
      left.delete(inside);
      if (stats.isDirectory()) await visit(path, `${inside}/`);
    }
  };
  await visit(Buffer.from(mount), '');
  const [missing] = left.keys();
  hold(missing === undefined, `${JSON.stringify(missing)} is not there`);
  await readFile(join(mount, '.meta/.superblock'));
}

/** Bytes of a file are those of its own place on the device, or cannot be read where the device is missing. */
async function readSome(path: Buffer, size: number, entry: NaiveEntry): Promise<void> {
  hold(size === Number(entry.size), `${entry.path} has ${size} bytes, not ${entry.size}`);
  const file = await open(path, 'r');
  try {
    for (const position of positionsIn(size)) {
      const { device, offset } = placeOf(entry, BigInt(position));
      const byte = Buffer.alloc(1);
      const count = await file.read(byte, 0, 1, position).then(
        ({ bytesRead }) => bytesRead,
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (device === 0n) {
        const same = count === 1 && byte[0] === byteAt(Number(offset));
        hold(same, `byte ${position} of ${entry.path} (${count}) is not that at ${offset}`);
      } else hold(count === 'EIO', `byte ${position} of ${entry.path} is on a missing device, and ${count}`);
    }
  } finally {
    await file.close();
  }
}
