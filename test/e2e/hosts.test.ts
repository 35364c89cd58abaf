import { type ChildProcess, spawn } from 'node:child_process';
import { linkSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  CLIENT,
  command,
  commandOk,
  famfs,
  famfsOk,
  type Run,
  type RunOptions,
  succeeded,
} from '../support/run';
import { scratchEach } from '../support/run-scratch';
import { creat, pattern, writeAt } from './helpers';

const BIN = join(__dirname, '../../bin/famfs');

const failure = (run: Run) => run.json<{ error: { code: string; message: string } }>().error;

describe('a device that is mounted', () => {
  const scratch = scratchEach();

  test.each([
    ['by its name', (device: string) => device],
    [
      'by a symbolic link',
      (device: string) => {
        symlinkSync(device, `${device}.symlink`);
        return `${device}.symlink`;
      },
    ],
    [
      'by a hard link',
      (device: string) => {
        linkSync(device, `${device}.link`);
        return `${device}.link`;
      },
    ],
  ])('may be mounted a second time, %s', async (_how, other) => {
    const { device, mount } = await scratch.mountedDevice();
    const second = await scratch.mounted(other(device));
    await creat(join(mount, 'file'), 10);
    expect(readFileSync(join(second, 'file'))).toEqual(Buffer.alloc(10));
    const refused = await famfs(['mkfs', '--json', '--force', device]);
    expect(failure(refused).code).toBe('device-mounted');
  });

  test('keeps another device off its mount point', async () => {
    const { mount } = await scratch.mountedDevice();
    const run = await famfs(['mount', '--json', await scratch.makeDevice(), mount]);
    expect(run.status).toBe(1);
    expect(failure(run).code).toBe('already-mounted');
  });

  test('may be copied, and the copy mounted beside it by a client', async () => {
    const { device, mount } = await scratch.mountedDevice('4g');
    await creat(join(mount, 'file'), 10);
    const other = scratch.path('copy.img');
    await commandOk('cp', ['--sparse=always', device, other]);
    const second = await scratch.mounted(other, [], { host: CLIENT });
    await creat(join(mount, 'later'), 10);
    expect(readFileSync(join(second, 'file'))).toEqual(Buffer.alloc(10));
    expect((await command('test', ['-e', join(second, 'later')])).status).toBe(1);
  });
});

/** A mount name space of its own stands for another host: it sees the device, and none of the mounts of this one. */
class OtherHost {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  static async start(hidden: string): Promise<OtherHost> {
    const script = `umount '${hidden}' && echo ready && exec sleep infinity`;
    const holder = spawn('unshare', ['--mount', '/bin/sh', '-c', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((resolve, reject) => {
      holder.stdout?.once('data', () => resolve());
      holder.once('exit', (status) => reject(new Error(`unshare ended with status ${status}`)));
    });
    return new OtherHost(holder);
  }

  run(name: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
    const target = ['--mount', '--target', String(this.#holder.pid), '--wdns=/'];
    return command('nsenter', [...target, name, ...args], { host: CLIENT, ...options });
  }

  async end(directory: string): Promise<void> {
    await this.run('umount', [directory]);
    this.#holder.kill('SIGKILL');
  }
}

describe('two hosts with one device', () => {
  const scratch = scratchEach();
  let device: string;
  let owner: string;
  let client: string;
  let other: OtherHost;

  beforeEach(async () => {
    ({ device, mount: owner } = await scratch.mountedDevice('32g'));
    client = scratch.directory('client');
    other = await OtherHost.start(owner);
    const log = scratch.path('client.log');
    const mounted = await other.run(BIN, ['mount', '--json', '--log-file', log, device, client]);
    expect(succeeded(mounted).json()).toMatchObject({ role: 'client', directory: client, device });
  });

  afterEach(() => other.end(client));

  test('the client sees at once what the owner creates', async () => {
    const path = join(client, 'directory/file');
    expect((await other.run('stat', [path])).status).toBe(1);
    await famfsOk(['mkdir', join(owner, 'directory')]);
    await creat(join(owner, 'directory/file'), 12_345);
    const stat = await other.run('stat', ['-c', '%s %a %i', path]);
    expect(stat.stdout).toBe('12345 444 17\n');
    expect((await other.run('ls', ['-A', client])).stdout).toBe('.meta\ndirectory\n');
  });

  test('the client reads what a program of the owner wrote', async () => {
    await creat(join(owner, 'file'), 300_000);
    const sum = async () => (await other.run('sha256sum', [join(client, 'file')])).stdout.split(' ')[0];
    const before = await sum();
    writeAt(join(owner, 'file'), 1000, pattern(200_000));
    const { stdout } = await commandOk('sha256sum', [join(owner, 'file')]);
    expect(await sum()).toBe(stdout.split(' ')[0]);
    expect(await sum()).not.toBe(before);
  });

  test('the owner reads what a client wrote that had opened the file up', async () => {
    await creat(join(owner, 'file'), 5000);
    const path = join(client, 'file');
    const write = `chmod u+w '${path}' && printf written | dd of='${path}' bs=7 seek=100 conv=notrunc`;
    succeeded(await other.run('sh', ['-c', write]));
    expect(readFileSync(join(owner, 'file')).toString('latin1', 700, 708)).toBe('written\0');
  });

  test('only the owner creates', async () => {
    for (const verb of [['mkdir'], ['creat', '-s', '1']]) {
      const run = await other.run(BIN, [...verb, '--json', join(client, 'new')]);
      expect(failure(run).code).toBe('not-owner');
    }
    expect((await other.run('ls', [client])).stdout).toBe('');
  });

  test('ten thousand files that the owner makes show on the client, without a command there', async () => {
    const count = async () =>
      Number((await other.run('sh', ['-c', `find '${client}' -name 'f*' | wc -l`])).stdout);
    const counts = [await count()];
    for (let batch = 0; batch < 10; batch++) {
      const lines = Array.from({ length: 1000 }, (_, i) => `${join(owner, `b${batch}`, `f${i}`)},1\n`);
      await famfsOk(['mkdir', '--no-sync', join(owner, `b${batch}`)]);
      const made = famfsOk(['creat', '--no-sync', '--quiet', '--files-from', '-'], { input: lines.join('') });
      counts.push(await count());
      await made;
      counts.push(await count());
      expect(counts.at(-1)).toBe(1000 * (batch + 1));
    }
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    const path = join(client, 'b9/f999');
    expect((await other.run('stat', ['-c', '%s %a', path])).stdout).toBe('1 444\n');
  }, 120_000);
});
