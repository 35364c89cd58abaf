import type { ChildProcess } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { FamfsError } from '../errors';
import { cloneFuseDevice, isFuseDeviceGone } from '../native/fuse-device';
import type { WorkerConfig } from './config';
import { EIO } from './errno';
import { answerAllWithEio } from './last-resort';
import type { Logger } from './logger';
import { resendRequests } from './notify';
import { OUT_HEADER_BYTES, UNIQUE_RESEND, writeOutHeader } from './protocol';
import type { SharedState } from './shared-state';
import { ATTENTION } from './worker';
import type { RequestInHand, WorkerPage } from './worker-page';
import { comesToServe, hasStarted, startWorker } from './worker-start';

/** Workers that end before they serve anything, so often in a row, are not replaced any more. */
const MOST_FRUITLESS_ENDS = 5;
/** A worker that does not sit out a pause within this time is stuck, and killed. */
const PAUSE_LIMIT_MS = 2000;
const PAUSE_POLL_MS = 1;
/** One that was killed may be in a system call that does not end soon. */
const KILLED_POLL_MS = 50;
/** How long after a worker could not be started that is tried again. */
const RETRY_MS = 1000;
/** Ends by these come from outside; a request is not blamed for them. */
const OUTSIDE_SIGNALS: ReadonlySet<NodeJS.Signals | null> = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
] as const);

interface Member {
  readonly slot: number;
  readonly page: WorkerPage;
  /** This worker's descriptor of /dev/fuse. Held open here too: the kernel drops what was taken through it when it closes. */
  clone?: number | undefined;
  child?: ChildProcess | undefined;
  /** Whether the log of the server tells that it could not be started. */
  refused: boolean;
  startedAt: number;
  restarts: number;
}

interface End {
  readonly member: Member;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What the status shows of a worker. */
export interface MemberStatus {
  readonly pid: number | undefined;
  readonly restarts: number;
  readonly startedAt: string;
}

/** The worker processes of a mount: started, replaced when they die, and paused so that no request is lost or doubled. */
export class WorkerPool {
  readonly #members: Member[];
  readonly #ends: End[] = [];
  readonly #blamed = new Map<bigint, RequestInHand>();
  readonly unmounted: Promise<void>;
  #unmountedNow: () => void = () => {};
  #mending: Promise<void> | undefined;
  #pauses = 0;
  #fruitlessEnds = 0;
  /** Whether the file system is gone: no worker is replaced, and when none is left all is done. */
  #gone = false;
  #gaveUp = false;

  constructor(
    private readonly fuseFd: number,
    private readonly resend: boolean,
    private readonly config: Omit<WorkerConfig, 'slot'>,
    private readonly shared: SharedState,
    private readonly logger: Logger,
    count: number,
  ) {
    this.unmounted = new Promise((resolve) => {
      this.#unmountedNow = resolve;
    });
    this.#members = shared.workers.slice(0, count).map((page, slot) => ({
      slot,
      page,
      refused: false,
      startedAt: 0,
      restarts: 0,
    }));
  }

  /** Starts all workers and waits until one serves. Throws FamfsError `mount-failed` when none does. */
  async start(): Promise<void> {
    const served = this.#members.map((member) => this.#spawn(member));
    const anyServes = await Promise.any(served.map(isTrue)).catch(() => false);
    if (!anyServes)
      throw new FamfsError('mount-failed', 'no worker came up; the log of the server tells why');
  }

  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  get members(): MemberStatus[] {
    return this.#members.map(({ child, restarts, startedAt }) => ({
      pid: child?.pid,
      restarts,
      startedAt: new Date(startedAt).toISOString(),
    }));
  }

  /** Has workers look at the shared state that know less of the log than others do. */
  wake(): void {
    for (const { child, page } of this.#members) {
      if (page.ready && page.replayed.entries < this.shared.wantedEntries) child?.kill(ATTENTION);
    }
  }

  /** Starts a worker; the promise is true when it serves, false when it ended before, and never rejected. */
  async #spawn(member: Member): Promise<boolean> {
    member.page.reset();
    member.startedAt = Date.now();
    try {
      member.clone ??= cloneFuseDevice(this.fuseFd);
      const child = startWorker({ ...this.config, slot: member.slot }, member.clone, this.shared.fd);
      member.child = child;
      child.on('exit', (status, signal) => this.#ended({ member, status, signal }));
      const serves = comesToServe(child);
      await hasStarted(child);
      child.on('error', (error) => this.logger.error(`worker ${member.slot}: ${error.message}`));
      member.refused = false;
      return await serves;
    } catch (error) {
      this.#notStarted(member, error as Error);
      return false;
    }
  }

  /** The system may be out of processes, descriptors or memory for a while. */
  #notStarted(member: Member, { message }: Error): void {
    member.child = undefined;
    if (!member.refused)
      this.logger.error(`worker ${member.slot} cannot be started (${message}): tried again every second`);
    member.refused = true;
    setTimeout(() => {
      if (!this.#gaveUp && !this.#isGone()) void this.#spawn(member);
    }, RETRY_MS);
  }

  #ended(end: End): void {
    end.member.child = undefined;
    // The kernel says to every worker that the file system is gone.
    if (end.status === 0) this.#gone = true;
    if (this.#gone) {
      this.#endWithoutWorkers();
      return;
    }
    this.#ends.push(end);
    this.#mending ??= this.#mend()
      .catch((error: Error) => this.logger.error(`workers are not replaced: ${error.message}`))
      .finally(() => {
        this.#mending = undefined;
      });
  }

  /** Whether the file system is gone, which nobody tells when there is no worker. */
  #isGone(): boolean {
    this.#gone ||= isFuseDeviceGone(this.fuseFd);
    if (this.#gone) this.#endWithoutWorkers();
    return this.#gone;
  }

  #endWithoutWorkers(): void {
    if (this.#members.every(({ child }) => child === undefined)) this.#unmountedNow();
  }

  /** Replaces workers that ended until none is left to replace. */
  async #mend(): Promise<void> {
    while (this.#ends.length > 0 && !this.#gaveUp) {
      const held = await this.#pauseAll();
      const ends = this.#ends.splice(0);
      for (const end of ends) this.#settle(end);
      if (this.resend && ends.length > 0) this.#resendAll();
      if (held) this.shared.pause = 0;
      if (this.#isGone()) return;
      if (this.#fruitlessEnds >= MOST_FRUITLESS_ENDS) {
        if (!this.#anyServes()) {
          this.#giveUp();
          return;
        }
        this.logger.error('workers that are started end before they serve: those that serve go on without');
        continue;
      }
      for (const { member } of ends) {
        member.restarts++;
        void this.#spawn(member);
      }
    }
  }

  /**
   * Has all live workers finish what they have in hand and take nothing more. A resend concerns every request that was
   * read and not answered: one that a live worker holds would be done twice.
   */
  async #pauseAll(): Promise<boolean> {
    const pause = ++this.#pauses;
    const killed = new Set<ChildProcess>();
    const started = performance.now();
    this.shared.pause = pause;
    for (;;) {
      const busy = this.#members.filter(({ child, page }) => child && page.ready && page.paused !== pause);
      if (busy.length === 0) return true;
      const isLate = performance.now() - started > PAUSE_LIMIT_MS;
      for (const { child, slot } of busy) {
        if (!isLate) child?.kill(ATTENTION);
        else if (child && !killed.has(child)) {
          killed.add(child);
          this.logger.error(`worker ${slot} does not answer: killed`);
          child.kill('SIGKILL');
        }
      }
      await sleep(isLate ? KILLED_POLL_MS : PAUSE_POLL_MS);
    }
  }

  /** Decides what becomes of the request that a dead worker had in hand. */
  #settle({ member, status, signal }: End): void {
    const inHand = member.page.inHand;
    const crashed = !OUTSIDE_SIGNALS.has(signal);
    if (crashed && member.page.served === 0 && !inHand) this.#fruitlessEnds++;
    else if (member.page.served > 0) this.#fruitlessEnds = 0;
    const what = inHand ? `, with opcode ${inHand.opcode} of inode ${inHand.node} in hand` : '';
    this.logger.error(`worker ${member.slot} ended by ${signal ?? `status ${status}`}${what}`);
    if (crashed && inHand) this.#blame(member, inHand);
    if (!this.resend) this.#dropTaken(member);
  }

  /** A request that kills its worker twice is answered EIO, so that it is not sent to a third. */
  #blame(member: Member, inHand: RequestInHand): void {
    const unique = inHand.unique & ~UNIQUE_RESEND;
    if (!this.#blamed.has(unique)) {
      this.#blamed.set(unique, inHand);
      return;
    }
    this.#blamed.delete(unique);
    this.logger.error(
      `opcode ${inHand.opcode} of inode ${inHand.node} killed two workers: answered with EIO`,
    );
    const reply = Buffer.alloc(OUT_HEADER_BYTES);
    writeOutHeader(reply, reply.length, EIO, inHand.unique);
    try {
      if (member.clone !== undefined) writeSync(member.clone, reply);
    } catch {
      // It was answered before the worker died, or its caller is gone.
    }
  }

  /** Without RESEND: closing the descriptor has the kernel fail what was taken through it with ECONNABORTED. */
  #dropTaken(member: Member): void {
    if (member.clone !== undefined) closeSync(member.clone);
    member.clone = undefined;
  }

  #resendAll(): void {
    try {
      resendRequests(this.fuseFd);
    } catch (error) {
      this.logger.error(`resend: ${(error as Error).message}`);
    }
  }

  #anyServes(): boolean {
    return this.#members.some(({ child, page }) => child !== undefined && page.ready);
  }

  #giveUp(): void {
    this.#gaveUp = true;
    this.logger.error(
      `workers ended ${this.#fruitlessEnds} times in a row before they served anything: ` +
        'no more are started, and all requests are answered with EIO until the unmount',
    );
    for (const { child } of this.#members) child?.kill('SIGKILL');
    void answerAllWithEio(this.fuseFd)
      .catch((error: Error) => this.logger.error(`requests are not answered any more: ${error.message}`))
      .then(() => this.#unmountedNow());
  }
}

async function isTrue(promise: Promise<boolean>): Promise<true> {
  if (await promise) return true;
  throw new Error('not served');
}
