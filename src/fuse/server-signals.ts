import { FamfsError } from '../errors';

const ENDING = ['SIGTERM', 'SIGINT'] as const;

/** What is done about signals once the server serves. */
export interface SignalActions {
  unmount(signal: NodeJS.Signals): void;
  look(): void;
}

/**
 * The signals of a server, taken from its first moment on: whoever sees the mount, or the state of its server, may send one
 * before it is ready, and what the system does by itself would leave a dead mount behind.
 */
export class ServerSignals {
  #ending: NodeJS.Signals | undefined;
  #lookWanted = false;
  #actions: SignalActions | undefined;
  #endNow: (error: FamfsError) => void = () => {};
  readonly #toldToEnd: Promise<never>;

  constructor(private readonly directory: string) {
    this.#toldToEnd = new Promise((_resolve, reject) => {
      this.#endNow = reject;
    });
    this.#toldToEnd.catch(() => {}); // for when nobody waits for it
    for (const signal of ENDING) process.on(signal, () => this.#end(signal));
    process.on('SIGHUP', () => {
      if (this.#actions) this.#actions.look();
      else this.#lookWanted = true;
    });
  }

  /** Throws FamfsError `interrupted` when the server was told to end before it serves. */
  check(): void {
    if (this.#ending) throw this.#interrupted(this.#ending);
  }

  /** What `work` comes to. Throws as check() does, at once when the server is told to end. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.check();
    const result = await Promise.race([work, this.#toldToEnd]);
    this.check();
    return result;
  }

  /** Has signals acted upon from now on, and what came before. */
  handOver(actions: SignalActions): void {
    this.#actions = actions;
    if (this.#ending) actions.unmount(this.#ending);
    else if (this.#lookWanted) actions.look();
  }

  #end(signal: NodeJS.Signals): void {
    if (this.#actions) {
      this.#actions.unmount(signal);
      return;
    }
    this.#ending ??= signal;
    this.#endNow(this.#interrupted(signal));
  }

  #interrupted(signal: NodeJS.Signals): FamfsError {
    return new FamfsError(
      'interrupted',
      `${this.directory}: not mounted, since the FUSE server got ${signal} before it served`,
      'run it again',
    );
  }
}
