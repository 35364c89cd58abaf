import { createCipheriv } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FileMap } from '../../src/types';
import { commandOk, famfsOk, type RunOptions } from '../support/run';

const EVENTUALLY_MS = 30_000;
const POLL_MS = 20;

const PRELUDE = `
import ctypes, errno, fcntl, json, mmap, os, subprocess, sys
args = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)

def attempt(call):
    """What the call returns, or the name of the errno it failed with."""
    try:
        return call()
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return 'EOPNOTSUPP'
        return errno.errorcode[error.errno]

def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), '')
    return result

def fallocate(fd, mode, offset, length):
    return checked(libc.fallocate(fd, mode, ctypes.c_long(offset), ctypes.c_long(length)))

def answer(value):
    print(json.dumps(value))

`;

/**
 * Runs Python, for system calls that no shell tool makes as such. The script has `args`, and `attempt(call)` for what
 * may fail; what it gives to `answer(value)` is returned.
 */
export async function python<T>(script: string, args: readonly string[] = [], options: RunOptions = {}) {
  const { stdout } = await commandOk('python3', ['-c', PRELUDE + script, ...args], options);
  return JSON.parse(stdout) as T;
}

/** Bytes that look random and are the same every time for a seed. */
export function pattern(length: number, seed = 1): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed, 0);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** What `famfs creat --json` says of a file. */
export interface Created {
  readonly path: string;
  readonly size: number;
  readonly map: FileMap;
}

/** Creates a file. */
export async function creat(
  path: string,
  size: number | string,
  more: readonly string[] = [],
  options: RunOptions = {},
) {
  const run = await famfsOk(['creat', '--no-sync', '--json', '--size', String(size), ...more, path], options);
  return run.json<{ files: [Created] }>().files[0];
}

/** Bytes of a file, from the start or from `offset` on. */
export function readAt(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
  } finally {
    closeSync(fd);
  }
}

/** Writes into a file in place. Returns the bytes written by one write. */
export function writeAt(path: string, offset: number, bytes: Buffer): number {
  const fd = openSync(path, 'r+');
  try {
    return writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}

/** Where byte `position` of a file is on its device, as docs/FORMAT.md tells it. */
export function deviceOffset(map: FileMap, position: number): number {
  if (map.kind === 'interleaved') {
    const { chunkSize, strips } = map;
    const chunk = Math.floor(position / chunkSize);
    const strip = strips[chunk % strips.length];
    if (!strip) throw new Error('a map without strips');
    return strip.offset + Math.floor(chunk / strips.length) * chunkSize + (position % chunkSize);
  }
  let before = 0;
  for (const { offset, length } of map.extents) {
    if (position < before + length) return offset + position - before;
    before += length;
  }
  throw new Error(`byte ${position} lies behind the map`);
}

/** The first extent of a file with a simple map: where all of it is, when it has no other. */
export function firstOffset({ map }: Created): number {
  return deviceOffset(map, 0);
}

/** Waits until `check` holds; fails when it does not in the end. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; waited < EVENTUALLY_MS; waited += POLL_MS) {
    if (await check()) return;
    await sleep(POLL_MS);
  }
  throw new Error(`still not so: ${what}`);
}

/** Processes that have `device` open, or whose command line names it or `mount`. */
export function processesOf(device: string, mount: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => Number(pid) !== process.pid && isOf(pid, device, mount)).map(Number);
}

function isOf(pid: string, device: string, mount: string): boolean {
  try {
    const words = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split(/[\0 ]/);
    if (words.includes(device) || words.includes(mount)) return true;
    const fds = join('/proc', pid, 'fd');
    return readdirSync(fds).some((fd) => readlinkSync(join(fds, fd)) === device);
  } catch {
    return false; // it ended meanwhile
  }
}
