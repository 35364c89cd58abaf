import { readlinkSync, statSync } from 'node:fs';
import { getSystemErrorName } from 'node:util';
import { logCapacity } from '../log/layout';
import type { StatusReport } from '../server-contract';
import { LOG_LEVELS } from '../types';
import type { Negotiated } from './init';
import type { LogWatch } from './log-watch';
import { type Choice, plain } from './maps/choose';
import type { Parts } from './parts';
import type { WorkerPool } from './pool';
import { OP, PROTOCOL_MAJOR } from './protocol';
import type { SharedState } from './shared-state';
import { LATENCY_CLASSES, type OpcodeCounts, type Replayed } from './worker-page';

const OPERATIONS = new Map<number, string>(Object.entries(OP).map(([name, opcode]) => [opcode, name]));

type StatusParts = Pick<Parts, 'config' | 'device' | 'devices' | 'superblock' | 'role' | 'shared'> & {
  readonly kernel: Negotiated;
  readonly pool: WorkerPool;
  readonly watch: LogWatch;
};

/** Puts together what a server tells of itself, from the memory it shares with its workers. */
export class ServerStatus {
  readonly #startedAt = new Date();
  readonly #started = performance.now();
  readonly #logFile = fileOfStderr();

  constructor(private readonly parts: StatusParts) {}

  report(): StatusReport {
    const { config, device, devices, kernel, pool, role, shared, superblock, watch } = this.parts;
    const members = pool.members;
    const pages = shared.workers.slice(0, members.length);
    return {
      pid: process.pid,
      device: device.path,
      deviceBytes: device.size,
      directory: config.directory,
      uuid: superblock.uuid,
      role,
      readOnly: config.readOnly,
      startedAt: this.#startedAt.toISOString(),
      uptimeSeconds: (performance.now() - this.#started) / 1000,
      logLevel: LOG_LEVELS[shared.logLevel] ?? 'info',
      logFile: this.#logFile,
      cache: config.cache,
      kernel: {
        protocol: `${PROTOCOL_MAJOR}.${kernel.minor}`,
        resend: kernel.resend,
        mmapWithDirectIo: kernel.mmapWithDirectIo,
        ...choiceNow(kernel, shared),
      },
      log: {
        entries: shared.wantedEntries,
        capacity: logCapacity(superblock.logLength),
        frozen: shared.frozen ?? null,
      },
      replayed: furthest(pages.map((page) => page.replayed)),
      deviceFailed: shared.deviceFailed,
      deviceReplaced: watch.replaced,
      devices: devices.reports(),
      workers: members.map(({ pid, restarts, startedAt }, i) => ({
        pid: pid ?? null,
        startedAt,
        restarts,
        served: pages[i]?.served ?? 0,
      })),
      restarts: sum(members.map(({ restarts }) => restarts)),
      gaveUp: pool.gaveUp,
      bytesRead: sum(pages.map((page) => page.bytesRead)),
      bytesWritten: sum(pages.map((page) => page.bytesWritten)),
      requests: mergeOpcodes(pages.flatMap((page) => page.opcodes())),
    };
  }
}

/** How files are served by now: what was chosen, unless the kernel would not have it. */
function choiceNow({ strategy, reason }: Choice, { mapsErrno }: SharedState): Choice {
  if (mapsErrno === 0) return { strategy, reason };
  return plain(`the kernel refused the first map: ${getSystemErrorName(-mapsErrno)}`);
}

/** The seconds below which the requests of a latency class lie; null for the last class. */
export function latencyBound(index: number): number | null {
  return index === LATENCY_CLASSES - 1 ? null : 2 ** index / 1e6;
}

function fileOfStderr(): string | null {
  try {
    const link = '/proc/self/fd/2';
    return statSync(link).isFile() ? readlinkSync(link) : null;
  } catch {
    return null;
  }
}

function furthest(replayed: readonly Replayed[]): Replayed {
  return replayed.reduce((most, next) => (next.entries > most.entries ? next : most));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mergeOpcodes(counts: readonly OpcodeCounts[]): StatusReport['requests'] {
  const opcodes = [...new Set(counts.map(({ opcode }) => opcode))].sort((a, b) => a - b);
  return opcodes.map((opcode) => {
    const same = counts.filter((count) => count.opcode === opcode);
    return {
      operation: OPERATIONS.get(opcode) ?? `opcode ${opcode}`,
      requests: sum(same.map(({ requests }) => requests)),
      errors: sum(same.map(({ errors }) => errors)),
      seconds: sum(same.map(({ seconds }) => seconds)),
      latency: Array.from({ length: LATENCY_CLASSES }, (_, i) => ({
        belowSeconds: latencyBound(i),
        requests: sum(same.map(({ latency }) => latency[i] ?? 0)),
      })),
    };
  });
}
