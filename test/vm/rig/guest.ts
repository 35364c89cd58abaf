import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN, endedRun, type Run, succeeded } from '../../support/run';
import { Connection } from './connection';
import type { Kernel } from './kernel';
import { lastWords, startMachine } from './machine';
import { Monitor } from './monitor';

/** What a guest is made of. */
export interface GuestOptions {
  readonly name: string;
  readonly uuid: string;
  readonly kernel: Kernel;
  readonly initramfs: string;
  readonly backing: { readonly path: string; readonly mib: number };
  /** A directory for the guest alone, with a short path: there are sockets in it. */
  readonly directory: string;
}

/** A script that may still run. */
export interface Job {
  readonly done: Promise<Run>;
}

/** Limits for what hangs, never subjects: emulation is slow, and the machine may be busy. */
const BOOT_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 300_000;
const OFF_TIMEOUT_MS = 30_000;

const AGENT = join(__dirname, '../guest/agent.sh');
/** famfs as it was built, under the Node.js that runs the tests. */
const PREAMBLE = `export PATH=${quoted(BIN)}:${quoted(dirname(process.execPath))}:$PATH`;

/** A virtual machine that runs; see Rig. */
export class Guest {
  readonly name: string;
  readonly uuid: string;
  readonly release: string;
  readonly #directory: string;
  readonly #machine: ChildProcess;
  readonly #monitor: Monitor;
  readonly #agent: Connection;
  readonly #waiting = new Map<string, (status: number) => void>();
  /** Settles when QEMU ends; it never rejects. */
  readonly #ended: Promise<unknown>;

  private constructor(options: GuestOptions, machine: ChildProcess, monitor: Monitor, agent: Connection) {
    this.name = options.name;
    this.uuid = options.uuid;
    this.release = options.kernel.release;
    this.#directory = options.directory;
    this.#machine = machine;
    this.#monitor = monitor;
    this.#agent = agent;
    this.#ended = once(machine, 'exit').catch(() => {});
  }

  /** Starts a machine, of which nothing can be asked until it booted. */
  static async start(options: GuestOptions): Promise<Guest> {
    const { directory } = options;
    const exchange = join(directory, 'exchange');
    mkdirSync(exchange, { recursive: true });
    copyFileSync(AGENT, join(exchange, 'agent.sh'));
    const sockets = mkdtempSync(join(directory, 's'));
    const at = { agent: join(sockets, 'agent'), monitor: join(sockets, 'monitor') };
    let hear = (_line: string) => {};
    const agent = await Connection.listen(at.agent, (line) => hear(line));
    const monitor = await Monitor.listen(at.monitor);
    const settings = [`famfs.host=${options.name}`, `famfs.uuid=${options.uuid}`];
    const machine = startMachine({ ...options, ...at, exchange, settings });
    const guest = new Guest(options, machine, monitor, agent);
    hear = (line) => guest.#heard(line);
    return guest;
  }

  /** Waits until its agent answers. Throws, with its console, when it does not. */
  async booted(): Promise<void> {
    await this.#status('boot', BOOT_TIMEOUT_MS, 'boot');
  }

  /** Whether QEMU runs; a paused guest does. */
  get alive(): boolean {
    return this.#machine.exitCode === null && this.#machine.signalCode === null;
  }

  /** What the guest's kernel said on its console since it booted. */
  get console(): string {
    return readFileSync(join(this.#directory, 'console'), 'utf8');
  }

  /**
   * Starts a bash script as root; it ends at the first command that fails (set -e, pipefail). On its PATH is famfs as
   * it was built, and everything of the host. `seconds` limits what hangs.
   */
  start(script: string, { seconds = RUN_TIMEOUT_MS / 1000 }: { readonly seconds?: number } = {}): Job {
    const done = this.#run(['bash', script], script, seconds * 1000);
    done.catch(() => {}); // whoever waits for it gets to know
    return { done };
  }

  /** Runs a script to its end, whatever its exit status. */
  run(script: string, options?: { readonly seconds?: number }): Promise<Run> {
    return this.start(script, options).done;
  }

  /** Runs a script; fails, with what it said, unless it ends with status 0. */
  async ok(script: string, options?: { readonly seconds?: number }): Promise<Run> {
    return this.#succeeded(await this.run(script, options));
  }

  /** Runs famfs; with --json, json() checks what it printed against the schema of the verb. */
  famfs(...args: readonly string[]): Promise<Run> {
    const words = [join(BIN, 'famfs'), ...args];
    return this.#run(words, words.map(quoted).join(' '), RUN_TIMEOUT_MS);
  }

  /** Runs famfs; fails, with what it said, unless it ends with status 0. */
  async famfsOk(...args: readonly string[]): Promise<Run> {
    return this.#succeeded(await this.famfs(...args));
  }

  /** Stops the processor of the machine between two instructions, until resume(). */
  pause(): Promise<void> {
    return this.#monitor.execute('stop');
  }

  resume(): Promise<void> {
    return this.#monitor.execute('cont');
  }

  /** Takes the power away: nothing in the guest gets to know. What runs in it fails. */
  async kill(): Promise<void> {
    this.#machine.kill('SIGKILL');
    await this.#end();
  }

  /** Switches the machine off after sync(2), without unmounting. */
  async powerOff(): Promise<void> {
    await this.#agent.send('off');
    await Promise.race([this.#ended, sleep(OFF_TIMEOUT_MS, undefined, { ref: false })]);
    if (this.alive) throw new Error(`${this.name} does not switch off. ${lastWords(this.#directory)}`);
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#ended;
    this.#agent.close();
    this.#monitor.close();
  }

  async #run(args: readonly string[], script: string, timeoutMs: number): Promise<Run> {
    const directory = mkdtempSync(join(this.#directory, 'exchange', 'job-'));
    const said = (file: string) => readFileSync(join(directory, file), 'utf8');
    writeFileSync(join(directory, 'script'), `${PREAMBLE}\n${script}\n`);
    for (const file of ['stdout', 'stderr']) writeFileSync(join(directory, file), '');
    const id = basename(directory);
    const status = this.#status(id, timeoutMs, script);
    await this.#agent.send(`run ${id}`);
    try {
      return endedRun({
        args,
        status: await status,
        signal: null,
        stdout: said('stdout'),
        stderr: said('stderr'),
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}\nIt had said:\n${said('stdout')}${said('stderr')}`);
    }
  }

  #heard(line: string): void {
    const [, id = '', status] = line.split(' ');
    this.#waiting.get(id)?.(Number(status));
    this.#waiting.delete(id);
  }

  /** The status that the agent tells for `id`. Throws if the machine ends, or `timeoutMs` pass, before. */
  async #status(id: string, timeoutMs: number, what: string): Promise<number> {
    const stop = new AbortController();
    const told = new Promise<number>((resolve) => this.#waiting.set(id, resolve));
    const late = sleep(timeoutMs, 'it did not end in time', { signal: stop.signal }).catch(() => '');
    const gone = this.#ended.then(() => 'the machine ended');
    const outcome = await Promise.race([told, late, gone]);
    stop.abort();
    if (typeof outcome === 'number') return outcome;
    throw new Error(`guest ${this.name}: ${outcome}: ${what}\n${lastWords(this.#directory)}`);
  }

  #succeeded(run: Run): Run {
    try {
      return succeeded(run);
    } catch (error) {
      throw new Error(`on guest ${this.name}: ${(error as Error).message}`);
    }
  }
}

/** A word as bash takes it literally. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
