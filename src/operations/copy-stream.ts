import type { Readable } from 'node:stream';
import { FamfsError } from '../errors';
import { KIND } from '../log/tree';
import type { FileMap } from '../types';
import type { CopyOptions, CopyResult } from './copy-options';
import { runsOf } from './copy-transfer';
import { allocate, checkMayOverwrite, checkNewPath, checkSameSize, fileEntry, inFileSystem } from './create';
import type { OwnerSession } from './owner-session';
import { stripeFor } from './stripe-defaults';

/**
 * Copies `size` bytes from a stream into the file `destination`, which appears when all are there. One of that size
 * that exists is overwritten in place. Throws FamfsError `source` when the stream ends before or goes on behind them,
 * `exists` when the destination is a directory.
 */
export async function copyStream(
  input: Readable,
  size: number,
  destination: string,
  options: CopyOptions,
): Promise<CopyResult> {
  return inFileSystem(destination, options, async (session, relative) => {
    const { signal } = options;
    const stripe = await stripeFor(session, options);
    const ino = session.tree.resolve(relative);
    if (
      relative.length === 0 ||
      destination.endsWith('/') ||
      (ino && session.tree.kind.get(ino) !== KIND.file)
    )
      throw new FamfsError('exists', `${destination}: is no file`, 'standard input has no name: give one');
    if (ino) {
      checkSameSize(destination, session.tree.size.get(ino), size);
      checkMayOverwrite(session, ino, destination);
    } else {
      checkNewPath(session, relative);
      session.needRoom(1);
    }
    const map = ino ? session.tree.map(ino) : allocate(session, relative, size, stripe);
    await options.onPlan?.(size);
    const stop = () =>
      input.destroy(new FamfsError('interrupted', 'interrupted: standard input is not copied'));
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (signal?.aborted) stop();
      await storeAll(session, map, size, input, (bytes) => options.onProgress?.(bytes, () => destination));
    } catch (error) {
      if (!ino || !(error instanceof FamfsError)) throw error;
      const message = `${error.message}; ${destination} is now half old and half new`;
      throw new FamfsError(error.code, message, error.hint, { cause: error });
    } finally {
      signal?.removeEventListener('abort', stop);
      if (ino) session.overwritten.add(ino);
      session.flushData(map);
      session.fence();
    }
    if (!ino) {
      session.zeroBehind(map, size);
      session.commit([fileEntry(relative, size, map, options)]);
    }
    return {
      directories: 0,
      files: ino ? 0 : 1,
      overwritten: ino ? 1 : 0,
      skipped: 0,
      bytes: size,
      failures: [],
    };
  });
}

async function storeAll(
  session: OwnerSession,
  map: FileMap,
  size: number,
  input: Readable,
  onStored: (bytes: number) => void,
): Promise<void> {
  let position = 0;
  for await (const data of input) {
    const chunk = data as Buffer;
    if (position + chunk.length > size)
      throw new FamfsError('source', `standard input: has more than ${size} bytes, which --size tells`);
    session.checkStillOwner();
    let done = 0;
    for (const run of runsOf(map, position, chunk.length)) {
      session.members.at(run.devindex).store(run.offset, chunk.subarray(done, done + run.length));
      done += run.length;
    }
    position += chunk.length;
    onStored(chunk.length);
  }
  if (position < size)
    throw new FamfsError(
      'source',
      `standard input: ended after ${position} bytes of ${size}, which --size tells`,
    );
}
