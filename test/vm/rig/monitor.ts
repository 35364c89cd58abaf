import { Connection } from './connection';

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** QEMU's monitor (QMP): commands to the machine itself. Answers come in the order of commands. */
export class Monitor {
  readonly #connection: Connection;
  readonly #waiting: ((message: Message) => void)[];
  readonly #negotiated: Promise<void>;

  private constructor(connection: Connection, waiting: ((message: Message) => void)[]) {
    this.#connection = connection;
    this.#waiting = waiting;
    this.#negotiated = this.#send('qmp_capabilities');
  }

  /** Listens for QEMU at `path`. */
  static async listen(path: string): Promise<Monitor> {
    const waiting: ((message: Message) => void)[] = [];
    const connection = await Connection.listen(path, (line) => {
      const message = JSON.parse(line) as Message;
      // What else comes are the greeting and events.
      if ('return' in message || 'error' in message) waiting.shift()?.(message);
    });
    return new Monitor(connection, waiting);
  }

  /** Runs a command without arguments, such as stop or cont. Throws what QEMU has against it. */
  async execute(command: string): Promise<void> {
    await this.#negotiated;
    await this.#send(command);
  }

  close(): void {
    this.#connection.close();
  }

  async #send(command: string): Promise<void> {
    const answer = new Promise<Message>((resolve) => this.#waiting.push(resolve));
    await this.#connection.send(JSON.stringify({ execute: command }));
    const { error } = await answer;
    if (error) throw new Error(`QEMU refused ${command}: ${error.desc}`);
  }
}
