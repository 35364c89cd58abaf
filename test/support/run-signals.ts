import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a program has a handler for a signal, which before that would just end it. */
export async function whenCatching(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  while (child.exitCode === null && child.signalCode === null) {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(statusOf(child.pid))?.[1];
    if (caught !== undefined && (BigInt(`0x${caught}`) & bit) !== 0n) return;
    await sleep(1);
  }
  throw new Error(`the program ended before it caught ${signal}`);
}

function statusOf(pid: number | undefined): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
