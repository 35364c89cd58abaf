import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { famfsOk, OWNER } from '../support/run';
import { namesIn } from '../support/run-files';
import { scratchEach } from '../support/run-scratch';
import { until } from '../support/run-server';

const FAMFS = join(__dirname, '../../bin/famfs');

/** A socket that takes notifications as a service manager does. */
class NotifySocket {
  #said = '';

  private constructor(private readonly listener: ChildProcess) {
    listener.stdout?.on('data', (lines: Buffer) => {
      this.#said += lines.toString();
    });
  }

  get messages(): string[] {
    return this.#said
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  static async listen(address: string): Promise<NotifySocket> {
    const script = [
      'import json, socket, sys',
      'path = sys.argv[1]',
      's = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)',
      "s.bind('\\0' + path[1:] if path.startswith('@') else path)",
      "print(json.dumps('bound'), flush=True)",
      'while True: print(json.dumps(s.recv(65536).decode()), flush=True)',
    ].join('\n');
    const listener = spawn('python3', ['-c', script, address], { stdio: ['ignore', 'pipe', 'inherit'] });
    const socket = new NotifySocket(listener);
    await until('it listens', () => socket.messages.includes('bound'));
    return socket;
  }

  saw(text: string): Promise<void> {
    return until(`${text} came`, () => this.messages.some((message) => message.includes(text)));
  }

  close(): void {
    this.listener.kill('SIGKILL');
  }
}

describe('a service manager', () => {
  const scratch = scratchEach();

  test.each([
    ['a path', () => scratch.path('notify')],
    ['an abstract name', () => `@famfs-test-${process.pid}`],
  ])('is told by %s when the mount answers, how it is, and when it ends', async (_what, addressOf) => {
    const address = addressOf();
    const socket = await NotifySocket.listen(address);
    try {
      const device = await scratch.makeDevice('4g');
      const at = scratch.directory('mnt');
      const server = spawn(FAMFS, ['mount', '--foreground', '--no-sync', device, at], {
        stdio: 'ignore',
        env: { ...process.env, FAMFS_SYSTEM_UUID: OWNER, NOTIFY_SOCKET: address },
      });
      const ended = new Promise((resolve) => server.on('exit', resolve));
      await socket.saw('READY=1\nSTATUS=');
      expect(namesIn(at)).toEqual([]);
      expect(socket.messages.at(-1)).toContain(`${device} on ${at} (owner): 0 files`);
      await famfsOk(['creat', '--no-sync', '-s', '1', join(at, 'x')], { env: { NOTIFY_SOCKET: undefined } });
      namesIn(at);
      await socket.saw('STATUS=');
      await until('the entry is told of', () => /: 1 files, 1 of /.test(socket.messages.at(-1) ?? ''));
      server.kill('SIGTERM');
      expect(await ended).toBe(0);
      await socket.saw('STOPPING=1');
    } finally {
      socket.close();
    }
  });

  test('of who runs famfs mount in the background is not told', async () => {
    const socket = await NotifySocket.listen(scratch.path('notify'));
    try {
      const device = await scratch.makeDevice('4g');
      await scratch.mounted(device, [], { env: { NOTIFY_SOCKET: scratch.path('notify') } });
      expect(socket.messages).toEqual(['bound']);
    } finally {
      socket.close();
    }
  });
});
