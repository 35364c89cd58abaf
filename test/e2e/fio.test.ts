import { join } from 'node:path';
import { command, famfsOk } from '../support/run';
import { scratchAll } from '../support/run-scratch';
import { creat } from './helpers';

const SIZE = '256m';

describe('fio verifies with crc32c what it wrote', () => {
  const scratch = scratchAll();
  let device: string;
  let mount: string;
  let files: Readonly<Record<'simple' | 'interleaved', string>>;

  beforeAll(async () => {
    ({ device, mount } = await scratch.mountedDevice('16g'));
    files = { simple: join(mount, 'simple'), interleaved: join(mount, 'interleaved') };
    await creat(files.simple, SIZE);
    await creat(files.interleaved, SIZE, ['-N', '4', '-B', '8', '-C', '2m']);
  });

  const fio = (file: string, options: Readonly<Record<string, string>>) => {
    const usual = {
      name: 'verify',
      filename: file,
      size: SIZE,
      fallocate: 'none',
      verify: 'crc32c',
      verify_fatal: '1',
    };
    const words = Object.entries({ ...usual, ...options }).map(([name, value]) => `--${name}=${value}`);
    return command('fio', words, { cwd: scratch.root, timeout: 240_000 });
  };

  const engines = ['sync', 'mmap'] as const;
  const patterns = ['write', 'randwrite', 'randrw'] as const;
  const cases = engines.flatMap((engine) => patterns.map((rw) => [engine, rw] as const));

  test.each(cases)('%s %s', async (ioengine, rw) => {
    const run = await fio(files.simple, { ioengine, rw, bs: '64k' });
    expect(run.stderr).not.toContain('bad');
    expect(run).toMatchObject({ status: 0 });
  });

  test('sync with odd block sizes on an interleaved file', async () => {
    const odd = { bsrange: '1k-3m', bs_unaligned: '1' };
    const run = await fio(files.interleaved, { ioengine: 'sync', rw: 'write', ...odd });
    expect(run).toMatchObject({ status: 0 });
  });

  test('several jobs at once, each in a part of the file, with O_DIRECT', async () => {
    const jobs = { numjobs: '4', size: '64m', offset_increment: '64m', direct: '1', group_reporting: '1' };
    const run = await fio(files.simple, { ioengine: 'sync', rw: 'randrw', bs: '16k', ...jobs });
    expect(run).toMatchObject({ status: 0 });
  });

  test('read alone finds what was written before the unmount', async () => {
    for (const ioengine of engines) {
      expect(
        await fio(files.interleaved, { ioengine, rw: 'write', bs: '128k', do_verify: '0' }),
      ).toMatchObject({ status: 0 });
      await famfsOk(['umount', mount]);
      await scratch.mounted(device, [], { at: mount });
      expect(await fio(files.interleaved, { ioengine, rw: 'read', bs: '128k' })).toMatchObject({ status: 0 });
    }
  });
});
