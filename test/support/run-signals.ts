import type { ChildProcess } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a program has a file open: it then is at work, and handles signals. */
export async function whenOpen(child: ChildProcess, path: string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (hasOpen(`/proc/${child.pid}/fd`, path)) return;
    await sleep(1);
  }
  throw new Error(`the program ended before it was seen to have ${path} open`);
}

function hasOpen(directory: string, path: string): boolean {
  try {
    return readdirSync(directory).some((fd) => readlinkSync(`${directory}/${fd}`) === path);
  } catch {
    return false; // a descriptor was closed meanwhile
  }
}
