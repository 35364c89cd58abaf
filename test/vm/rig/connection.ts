import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * A Unix socket that QEMU connects to, on which both sides write lines. The listener is there before QEMU starts, so
 * that nothing is missed.
 */
export class Connection {
  readonly #server: Server;
  readonly #socket: Promise<Socket>;

  private constructor(server: Server, onLine: (line: string) => void) {
    this.#server = server;
    this.#socket = new Promise((resolve) => {
      server.once('connection', (socket) => {
        server.close();
        socket.on('error', () => {}); // QEMU was killed: its end is what tells
        createInterface({ input: socket }).on('line', onLine);
        resolve(socket);
      });
    });
  }

  /** Listens at `path`, of at most 107 bytes; `onLine` gets each line that the other side writes. */
  static listen(path: string, onLine: (line: string) => void): Promise<Connection> {
    const server = createServer();
    const connection = new Connection(server, onLine);
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve(connection));
    });
  }

  /** Writes a line, once QEMU has connected. */
  async send(line: string): Promise<void> {
    (await this.#socket).write(`${line}\n`);
  }

  /** Ends listening, in case nobody came. */
  close(): void {
    this.#server.close();
  }
}
