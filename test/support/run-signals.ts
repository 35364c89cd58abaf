import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, shell } from './run';
import { exists, put } from './run-files';
import type { Scratch } from './run-scratch';

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

/** Processes that have a file open. */
export function processesWithOpen(path: string): string[] {
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && hasOpen(`/proc/${pid}/fd`, path));
}

/** Takes the lock of a device, as another process that appends to it does. Returns once it is held. */
export async function holdLock(
  device: string,
  scratch: Scratch,
  name = 'lock',
): Promise<{ release: () => Promise<void> }> {
  return hold(`9<>'${device}'`, scratch, name);
}

/** Takes the lock of a directory, as servers do. Returns once it is held. */
export async function holdDirectoryLock(
  directory: string,
  scratch: Scratch,
): Promise<{ release: () => Promise<void> }> {
  return hold(`9<'${directory}'`, scratch, 'directory');
}

async function hold(
  redirection: string,
  scratch: Scratch,
  name: string,
): Promise<{ release: () => Promise<void> }> {
  const [held, go] = [scratch.path(`${name}-held`), scratch.path(`${name}-go`)];
  const holder = shell(
    `exec ${redirection}; flock 9; touch ${held}; until [ -e ${go} ]; do sleep 0.01; done`,
  );
  while (!exists(held)) await sleep(5);
  return {
    release: async () => {
      put(go, '');
      await holder;
    },
  };
}

/** Processes that serve a mount. */
export async function workersOf(mount: string): Promise<number[]> {
  const { stdout } = await command('pgrep', ['-f', `^famfs worker ${mount}$`]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** Whether a debugger or strace is attached to a process. */
export function isTraced(pid: number): boolean {
  return !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
