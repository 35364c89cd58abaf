import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { WorkerConfig } from './config';
import { WORKER_FD } from './worker';

/**
 * Starts the process of a worker, given its descriptors of /dev/fuse and of the shared state. Throws the system's error
 * where it has no memory; other reasons for which there is none are thrown by hasStarted().
 */
export function startWorker(config: WorkerConfig, fuse: number, state: number): ChildProcess {
  const script = process.argv[1] as string;
  return spawn(process.execPath, [...process.execArgv, script, 'worker', JSON.stringify(config)], {
    // A process group of its own: Ctrl-C at a terminal is for the supervisor alone.
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', fuse, state, 'pipe'],
  });
}

/** Waits until there is a process. Throws the system's error when there will be none; Node tells of no end then. */
export async function hasStarted(worker: ChildProcess): Promise<void> {
  await once(worker, 'spawn');
}

/** Waits until a worker says that it serves; false when it ended before, or never began. */
export async function comesToServe(worker: ChildProcess): Promise<boolean> {
  const streams = worker.stdio as readonly unknown[] | undefined; // none where there are no descriptors left
  if (!streams) return false;
  return (await text(streams[WORKER_FD.pipe] as Readable).catch(() => '')) !== '';
}
