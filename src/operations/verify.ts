import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, FamfsError } from '../errors';
import { pathBytes } from '../path-bytes';
import { readFullyLater } from '../read-fully';
import { type PathFailure, PathFailures } from './path-failures';
import { RANDOM_BLOCK_BYTES, RandomContents } from './random-contents';
import { firstDifference } from './same-contents';

/** A file, anywhere, that should have the contents that `seed` stands for. */
export interface VerifyRequest {
  readonly path: string;
  readonly seed: number;
}

export interface VerifiedFile {
  readonly path: string;
  readonly seed: number;
  /** Bytes that were compared: up to the first difference, or all. */
  readonly bytes: number;
  /** Position of the first byte that is not what the seed makes it. */
  readonly differsAt?: number;
}

export interface VerifyResult {
  readonly files: VerifiedFile[];
  readonly failures: PathFailure[];
}

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly onFile?: (file: VerifiedFile) => void;
  /** Called for each of several files that cannot be read. */
  readonly onFailure?: (failure: PathFailure) => void;
}

/**
 * Compares files with the contents that seeds stand for, by ordinary reads. Files that cannot be read are in
 * `failures`.
 * Throws FamfsError `source` when the only file cannot be read.
 */
export async function verify(
  requests: readonly VerifyRequest[],
  options: VerifyOptions,
): Promise<VerifyResult> {
  const failures = new PathFailures(requests.length, options.onFailure);
  const files: VerifiedFile[] = [];
  for (const request of requests) {
    try {
      const file = await verifyOne(request, options.signal);
      files.push(file);
      options.onFile?.(file);
    } catch (error) {
      failures.note(request.path, error);
    }
  }
  return { files, failures: failures.list };
}

async function verifyOne({ path, seed }: VerifyRequest, signal?: AbortSignal): Promise<VerifiedFile> {
  const contents = new RandomContents(seed);
  let file: FileHandle | undefined;
  try {
    file = await open(pathBytes(path), 'r');
    return { path, seed, ...(await compare(file, contents, signal)) };
  } catch (cause) {
    if (cause instanceof FamfsError || errnoOf(cause) === undefined) throw cause;
    throw new FamfsError('source', `${path}: cannot be read: ${errnoOf(cause)}`, undefined, { cause });
  } finally {
    await file?.close();
  }
}

/** Compares block by block; the next block is read while one is compared. */
async function compare(
  file: FileHandle,
  contents: RandomContents,
  signal: AbortSignal | undefined,
): Promise<{ bytes: number; differsAt?: number }> {
  let [now, next] = [Buffer.allocUnsafe(RANDOM_BLOCK_BYTES), Buffer.allocUnsafe(RANDOM_BLOCK_BYTES)];
  let reading = readFullyLater(file, now, 0);
  for (let position = 0; ; ) {
    const count = await reading;
    if (count === 0) return { bytes: position };
    if (signal?.aborted) throw new FamfsError('interrupted', 'interrupted');
    reading = readFullyLater(file, next, position + count);
    const at = firstDifference(now.subarray(0, count), contents.next(count));
    if (at !== -1) {
      await reading;
      return { bytes: position + at, differsAt: position + at };
    }
    position += count;
    [now, next] = [next, now];
  }
}
