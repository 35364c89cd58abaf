import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { commandOk, OWNER } from '../support/run';
import { mountsBelow, scratchEach } from '../support/run-scratch';
import { statusOf } from '../support/run-server';
import { creat, eventually, processesOf } from './helpers';

const BIN = join(__dirname, '../../bin/famfs');

/** `famfs mount --foreground` as a shell on a terminal would start it: in a process group of its own. */
class Foreground {
  stdout = '';
  stderr = '';
  readonly #end: Promise<number | NodeJS.Signals | null>;

  private constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.#end = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
  }

  static async start(...args: string[]): Promise<Foreground> {
    const child = spawn(BIN, ['mount', '--foreground', ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FAMFS_SYSTEM_UUID: OWNER },
    });
    const started = new Foreground(child);
    await eventually('it says that it is mounted, or ends', () => {
      return started.stdout.includes('is mounted on') || child.exitCode !== null;
    });
    return started;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** What the terminal does at Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-(this.child.pid as number), signal);
  }

  ended(): Promise<number | NodeJS.Signals | null> {
    return this.#end;
  }
}

describe('famfs mount --foreground', () => {
  const scratch = scratchEach();
  let device: string;
  let mount: string;
  let started: Foreground;

  beforeEach(async () => {
    device = await scratch.makeDevice();
    mount = scratch.directory('mnt');
    started = await Foreground.start('--log-level', 'debug', device, mount);
    await creat(join(mount, 'file'), 1000);
  });

  afterEach(async () => {
    if (started.isRunning) started.child.kill('SIGTERM');
    await started.ended();
  });

  const expectClean = async () => {
    expect(await started.ended()).toBe(0);
    expect(mountsBelow(scratch.root)).toEqual([]);
    await eventually('no process is left', () => processesOf(device, mount).length === 0);
  };

  test('stays attached, serves, and logs to standard error', () => {
    expect(statSync(join(mount, 'file')).size).toBe(1000);
    expect(existsSync(join(mount, 'nothing'))).toBe(false);
    expect(started.isRunning).toBe(true);
    expect(started.stderr).toMatch(/info .*mounted/);
    expect(started.stderr).toMatch(/debug .*opcode/);
  });

  test('ends with an unmount', async () => {
    await commandOk('umount', [mount]);
    await expectClean();
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('unmounts on %s to it alone', async (signal) => {
    started.child.kill(signal);
    await expectClean();
  });

  test('unmounts on Ctrl-C, which the whole group gets', async () => {
    started.signalGroup('SIGINT');
    await expectClean();
    expect(started.stderr).not.toMatch(/ error /);
  });

  test('fails when it cannot mount', async () => {
    const second = await Foreground.start(device, mount);
    expect(await second.ended()).toBe(1);
    expect(second.stderr).toContain(`${mount}: ${device} is mounted there`);
  });

  test('logs to the file that --log-file names', async () => {
    const second = scratch.directory('second');
    const log = scratch.path('named/server.log');
    const other = await Foreground.start('--log-file', log, device, second);
    expect((await statusOf(second)).logFile).toBe(log);
    await commandOk('umount', [second]);
    expect(await other.ended()).toBe(0);
    expect(readFileSync(log, 'utf8')).toMatch(/info .*mounted/);
    expect(other.stderr).toBe('');
  });
});
