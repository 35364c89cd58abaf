import { closeSync, fstatSync, openSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MappedFile } from '../device/mapped-file';
import { errnoOf, FamfsError } from '../errors';
import { isError } from '../log/findings';
import { inspectHeaderBytes } from '../log/header';
import { LOG_HEADER, SUPERBLOCK } from '../log/layout';
import { inspectSuperblock } from '../log/superblock';
import { pathBytes } from '../path-bytes';
import { readFully } from '../read-fully';
import { deadServer } from './mounts';
import { firstDifference } from './same-contents';

/** What a file is besides bytes, and checked for. */
export type FileForm = 'superblock' | 'log';

export interface CheckReadResult {
  readonly path: string;
  /** Bytes that were compared: up to the first difference, or all. */
  readonly bytes: number;
  /** Position of the first byte that read(2) and mmap(2) do not agree on. */
  readonly differsAt?: number;
  /** What is wrong with the superblock or the log header in the file. */
  readonly problems: string[];
}

const WINDOW_BYTES = 64 * 2 ** 20;
const BLOCK_BYTES = 2 ** 20;

/**
 * Reads a file by read(2) and through a mapping and compares the two. As `form` its beginning is checked as well.
 * Throws FamfsError `source` when the file cannot be read or mapped, or a page of the mapping is bad, `no-server` when the
 * server of its mount is dead, and `interrupted`.
 */
export async function checkRead(
  path: string,
  form?: FileForm,
  signal?: AbortSignal,
): Promise<CheckReadResult> {
  const fd = open(path);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new FamfsError('source', `${path}: not a regular file`);
    const result = { path, ...(await compare(path, fd, stats.size, signal)), problems: [] };
    return form === undefined ? result : { ...result, problems: problemsOf(path, fd, stats.size, form) };
  } catch (cause) {
    if (cause instanceof FamfsError || errnoOf(cause) === undefined) throw cause;
    throw new FamfsError('source', `${path}: cannot be read: ${(cause as Error).message}`, undefined, {
      cause,
    });
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number {
  try {
    return openSync(pathBytes(path), 'r');
  } catch (cause) {
    const dead = deadServer(path, cause);
    if (dead) throw dead;
    throw new FamfsError('source', `${path}: cannot be opened: ${errnoOf(cause)}`, undefined, { cause });
  }
}

async function compare(
  path: string,
  fd: number,
  size: number,
  signal?: AbortSignal,
): Promise<{ bytes: number; differsAt?: number }> {
  for (let start = 0; start < size; start += WINDOW_BYTES) {
    await nextTurn();
    if (signal?.aborted)
      throw new FamfsError('interrupted', `${path}: interrupted at ${start} of ${size} bytes`);
    const length = Math.min(WINDOW_BYTES, size - start);
    const mapping = new MappedFile(fd, start, length);
    try {
      const at = compareWindow(path, fd, start, length, mapping);
      if (at !== -1) return { bytes: at, differsAt: at };
    } finally {
      mapping.close();
    }
  }
  return { bytes: size };
}

/** The position in the file where reads and a mapping first differ, or -1. */
function compareWindow(path: string, fd: number, start: number, length: number, mapping: MappedFile): number {
  const mapped = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, length));
  for (let done = 0; done < length; done += BLOCK_BYTES) {
    const count = Math.min(BLOCK_BYTES, length - done);
    const bytes = readRange(path, fd, start + done, count);
    const block = mapped.subarray(0, count);
    if (!mapping.read(block, done)) {
      throw new FamfsError('source', `${path}: a mapped page at ${start + done} or behind cannot be read`);
    }
    const at = firstDifference(bytes, block);
    if (at !== -1) return start + done + at;
  }
  return -1;
}

function readRange(path: string, fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  const count = readFully(fd, bytes, position);
  if (count < length) throw new FamfsError('source', `${path}: ends at ${position + count}, before its size`);
  return bytes;
}

/** What is wrong with the superblock, or the log header, at the start of a file of `size` bytes. */
function problemsOf(path: string, fd: number, size: number, form: FileForm): string[] {
  const [structure, inspect] =
    form === 'log' ? ([LOG_HEADER, inspectHeaderBytes] as const) : ([SUPERBLOCK, inspectSuperblock] as const);
  const bytes = Buffer.alloc(structure.bytes);
  readRange(path, fd, 0, Math.min(size, bytes.length)).copy(bytes);
  // The file does not tell how large the device is, so nothing can lie beyond its end.
  const { findings } = inspect(bytes, form === 'log' ? size : Number.POSITIVE_INFINITY);
  return findings.filter(isError).map(({ code, detail }) => `${code}: ${detail}`);
}
