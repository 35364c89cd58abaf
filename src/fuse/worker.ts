import { closeSync, writeSync } from 'node:fs';
import type { Device } from '../device/device';
import { openDevice } from '../device/open';
import { isError } from '../log/findings';
import { inspectHeader } from '../log/header';
import { LOG_OFFSET, logCapacity } from '../log/layout';
import { Replay } from '../log/replay';
import { loadSuperblock } from '../log/superblock';
import { Members } from '../members/members';
import { dieWithParent, interruptSystemCallsOn } from '../native/signals';
import type { WorkerConfig } from './config';
import { FileServer } from './file-server';
import { Logger } from './logger';
import { RequestLoop } from './request-loop';
import { SharedState } from './shared-state';
import type { WorkerPage } from './worker-page';

/** The descriptors that a worker is given: /dev/fuse, the shared state, and a pipe on which it says that it serves. */
export const WORKER_FD = { fuse: 3, state: 4, pipe: 5 } as const;

/** Sent by the supervisor to have a worker look at the shared state. */
export const ATTENTION = 'SIGUSR2';

/**
 * Serves requests until the file system is unmounted. Blocks the process: requests are read, answered and read again
 * by plain system calls, which are four times as fast as asynchronous ones.
 */
export function serve(config: WorkerConfig): void {
  dieWithParent();
  interruptSystemCallsOn(ATTENTION);
  const logger = new Logger(config.logLevel, 'worker');
  const { deviceLink: through, noSync, readOnly } = config;
  const device = openDevice(config.device, { writable: !readOnly, noSync, through });
  const superblock = loadSuperblock(device);
  if (superblock.uuid !== config.uuid) throw new Error('another file system was made over the one to serve');
  device.protect(LOG_OFFSET + superblock.logLength);
  const shared = new SharedState(WORKER_FD.state, superblock.logLength);
  logger.follow(shared);
  const page = shared.workers[config.slot] as WorkerPage;
  const replay = new Replay(device, superblock, (found) => {
    const line = `log entry ${found.entry ?? '-'}: ${found.code}: ${found.detail}`;
    if (isError(found)) logger.error(line);
    else logger.warn(line);
  });
  begin(replay, device, shared);
  page.setReplayed(replay);
  shared.wantEntries(replay.counts.entries);
  logger.info(`serving ${replay.tree.fileCount} files, ${replay.tree.directoryCount} directories`);
  writeSync(WORKER_FD.pipe, 'serving\n');
  closeSync(WORKER_FD.pipe);
  const members = new Members(device, superblock, replay.devices, config.devices, {
    writable: !readOnly,
    noSync,
    notBelow: config.directory,
  });
  const notify = (message: Buffer) => void writeSync(WORKER_FD.fuse, message);
  const server = new FileServer(members, replay, config, shared, page, notify, logger);
  new RequestLoop(WORKER_FD.fuse, server, shared, page, logger).run();
}

/**
 * Replays the log for the first time: all of it, or where other workers served before, what they know and what is
 * sound behind that. Once the log turned invalid only the former is served.
 */
function begin(replay: Replay, device: Device, shared: SharedState): void {
  const { logLength } = replay.superblock;
  const known = shared.wantedEntries;
  const { nextIndex } = inspectHeader(device, logLength).counters;
  replay.to(known > 0 ? known : Math.min(nextIndex, logCapacity(logLength)));
  if (known === 0 || shared.frozen) return;
  const derailment = replay.catchUp();
  if (derailment) shared.freeze(derailment);
}
